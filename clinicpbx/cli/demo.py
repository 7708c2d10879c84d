"""A morning or a night at Harbor Family Clinic: real SIP patients and phones on this instance."""

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import click

from clinicpbx.cli._figures import print_report
from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli.output import say, show
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, read_settings

LEFT_OPEN = "What the night left open"
NIGHT_REPORTS = ("call_volume",)
MORNING_REPORTS = ("call_volume", "service_level", "abandoned_calls", "agent_activity")


@click.command("demo")
@click.option("--night", is_flag=True, help="Play a night instead of a morning: who is on call is rung and paged.")
@click.option("--once", is_flag=True, help="Stop everything afterwards; the summary is the last line.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary alone; implies --once.")
@pass_instance
def command(instance: Instance, night: bool, once: bool, as_json: bool) -> None:
    """Start the instance's processes, play the morning or the night, then keep running until Ctrl-C.

    Exit code 1 where a patient was lost, a record is missing, or something else did not happen as it should.

    \b
    Examples:
      clinicpbx --home ./instance demo
      clinicpbx --home ./instance demo --night --once
      clinicpbx --home ./instance demo --json
    """
    from clinicpbx.daemon.apply import apply
    from clinicpbx.daemon.control_client import tell_daemon
    from clinicpbx.demo.clinic import carrier, clinicians_pin, morning_breaks, night_falls, nurses_pin, open_today
    from clinicpbx.demo.processes import busy_ports

    settings = read_settings(instance)
    if not instance.clinic.exists():
        raise ClinicPBXError(
            "there is no clinic here", where=str(instance.clinic), do="clinicpbx prepare --example harbor"
        )
    if tell_daemon(instance, {"do": "status"}):
        raise ClinicPBXError(
            "this instance is running already", where=str(instance.home), do="End it first, or name another --home"
        )
    far_end = carrier(instance)
    if busy := busy_ports(settings, str(far_end)):
        raise NotReachable(f"in use: {', '.join(busy)}", do="Stop what uses them, or set CLINICPBX_BIND")
    open_today(instance.clinic, datetime.now(UTC).date())
    (night_falls if night else morning_breaks)(instance)
    say(f"Rules: version {apply(instance, settings, 'the demonstration').version}")
    pin = clinicians_pin(instance) if night else nurses_pin(instance)
    play = _demonstrate(instance, settings, far_end, pin, night, once, as_json)
    sys.exit(asyncio.run(_until_signalled(play)))


async def _until_signalled(demonstration: Coroutine[Any, Any, int]) -> int:
    """The exit code of *demonstration*, or 128 and the number of the signal that ended it."""
    task = asyncio.create_task(demonstration)
    signals: list[int] = []

    def end(number: int) -> None:
        signals.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        say("Everything that this started has ended.")
        return 128 + signals[0]


async def _demonstrate(
    instance: Instance, settings: Settings, far_end: IPv4Address, pin: str, night: bool, once: bool, as_json: bool
) -> int:
    from clinicpbx.demo.board import Board
    from clinicpbx.demo.cast import Cast
    from clinicpbx.demo.left_open import COLUMNS, left_open
    from clinicpbx.demo.morning import PATIENTS
    from clinicpbx.demo.night import NIGHT_PATIENTS
    from clinicpbx.demo.night_cast import NightCast
    from clinicpbx.demo.processes import Processes
    from clinicpbx.demo.screen import Screen
    from clinicpbx.demo.tally import count_records
    from clinicpbx.reports import REPORTS

    started, open_rows = datetime.now(UTC), list[dict[str, Any]]()
    patients, play = (NIGHT_PATIENTS, NightCast) if night else (PATIENTS, Cast)
    say("Starting Asterisk, the vault, the daemon, the listener, the rescuer and the notifier")
    async with Processes(instance, settings):
        async with Screen(instance, Board(patients)) as screen:
            cast = play(instance, settings, far_end, screen.tell, pin, patients)
            await cast.play()
            count = await count_records(instance, settings, patients, cast.calls, started)
            if night:
                open_rows = await asyncio.to_thread(left_open, instance, set(count.calls.values()))
        for missed in (*cast.missed, *count.lost):
            say(f"MISSED: {missed}")
        if not as_json:
            for name in NIGHT_REPORTS if night else MORNING_REPORTS:
                click.echo("" if sys.stdout.isatty() else f"\n{REPORTS[name].title}")
                await asyncio.to_thread(print_report, instance, name, started, datetime.now(UTC))
            if night:
                click.echo("" if sys.stdout.isatty() else f"\n{LEFT_OPEN}")
                show(LEFT_OPEN, COLUMNS, open_rows, as_json=False)
            say("\n" + _what_next(instance, count.calls))
        if not (once or as_json):
            say(_goes_on(instance, cast.server, "" if night else pin))
            await asyncio.Event().wait()
    click.echo(json.dumps({**asdict(count.tally), **({"left_open": len(open_rows)} if night else {})}))
    return 0 if count.complete and not cast.missed else 1


def _what_next(instance: Instance, calls: Mapping[str, str]) -> str:
    """Commands that show what the play left, *calls* by patient among them."""
    from clinicpbx.demo.night import PAGES, RED_FLAG

    told = (
        "is put through to a nurse",
        "receta, da otro número",
        "first phone rings unheard",
        PAGES.name,
        RED_FLAG.name,
    )
    why = [(f"clinicpbx calls why {calls[name]}", f"“{name}”: each step, and why") for name in told if name in calls]
    paged = [calls[PAGES.name]] if PAGES.name in calls else []
    commands = [
        ("clinicpbx calls list", "every call, one record each"),
        *why,
        *((f"clinicpbx oncall timeline {call}", "who was paged, accepted, and what came of it") for call in paged),
        ("clinicpbx voicemail list", "the messages, sealed; `voicemail export` opens one"),
        ('clinicpbx rules explain --dial +12075550100 --at "2026-12-24 13:00" --press 2', "who would answer, and why"),
        ("clinicpbx codes", "what phones can dial here"),
    ]
    width = max(len(command) for command, _ in commands)
    path = shlex.quote(str(Path(sys.executable).parent))
    lines = [f"  {command:<{width}}  # {meaning}" for command, meaning in commands]
    return "\n".join(
        [
            "What to look at next:",
            f"  export CLINICPBX_HOME={shlex.quote(str(instance.home))} PATH={path}:$PATH",
            *lines,
        ]
    )


def _goes_on(instance: Instance, server: str, pin: str) -> str:
    passwords = instance.keys / "phones.json"
    nurses = f"*97 (the nurses' messages, PIN {pin})" if pin else "*97 (messages)"
    return (
        f"\nThe clinic goes on running; Ctrl-C ends it.\n"
        f"Register a softphone at {server}, UDP: user phone-206, its password is under 206 in {passwords}.\n"
        f"Dial 300 (front desk), 301 (nurses), 201 (a phone), 933 (emergency test), *45 (log in), {nurses}.\n"
        f"For phones of your network: CLINICPBX_SIP_BIND=0.0.0.0 scripts/quickstart"
    )
