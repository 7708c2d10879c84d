"""A morning at Harbor Family Clinic: real SIP patients and phones on this instance."""

import asyncio
import json
import re
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli.output import say
from clinicpbx.paths import Instance
from clinicpbx.settings import read_settings


@click.command("demo")
@click.option("--once", is_flag=True, help="Stop everything after the morning.")
@pass_instance
def command(instance: Instance, once: bool) -> None:
    """Start the instance's processes, play the morning, then keep running until Ctrl-C.

    \b
    Examples:
      clinicpbx --home ./instance demo --once
    """
    from clinicpbx.daemon.apply import apply

    settings = read_settings(instance)
    open_today(instance.clinic)
    say(f"rules: version {apply(instance, settings, 'the demonstration').version}")
    try:
        sys.exit(asyncio.run(_morning(instance, once)))
    except KeyboardInterrupt:
        say("stopped")


async def _morning(instance: Instance, once: bool) -> int:
    from clinicpbx.demo.cast import Cast
    from clinicpbx.demo.processes import Processes
    from clinicpbx.demo.tally import tally

    started = datetime.now(UTC)
    settings = read_settings(instance)
    began = time.monotonic()

    def tell(who: str, what: str) -> None:
        click.echo(f"{time.monotonic() - began:6.1f} s  {who:<26} {what}")

    async with Processes(instance, settings):
        tell("clinic", "Asterisk, daemon, listener and rescuer run")
        cast = Cast(instance, settings, tell)
        await cast.play()
        tell("clinic", f"{cast.calls} patients called")
        result = await tally(instance, settings, cast.calls, started)
        if not once:
            click.echo(json.dumps(asdict(result)))
            say(
                f"It goes on running. Register a softphone at {cast.server}: user phone-206, password in "
                f"{instance.keys / 'phones.json'}; dial 300 (front desk), 301 (nurses), *45, *97. Ctrl-C ends it."
            )
            await asyncio.Event().wait()
    click.echo(json.dumps(asdict(result)))
    return 1 if result.callers_lost or result.unreconciled else 0


def open_today(clinic: Path) -> None:
    """Write an exception into the rules: open around the clock from yesterday to tomorrow, for the demonstration."""
    today = datetime.now(UTC).date()
    reason = "open for the demonstration"
    first, last = today - timedelta(days=1), today + timedelta(days=1)
    line = f"      - {{from: {first}, to: {last}, open: 00:00-24:00, reason: {reason}}}\n"
    text = re.sub(rf"^.*{reason}.*\n", "", clinic.read_text(), flags=re.MULTILINE)
    clinic.write_text(text.replace("    exceptions:\n", f"    exceptions:\n{line}", 1))
