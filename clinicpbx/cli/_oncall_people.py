"""`oncall` for people: open pages, accepting and closing them, PINs, covers, shifts confirmed after all."""

from datetime import UTC, datetime

import rich_click as click

from clinicpbx.cli._actor import login_name
from clinicpbx.cli._instance import ask_names, named, pass_instance, rules_in_force
from clinicpbx.cli._vault import secret_line, vault
from clinicpbx.cli.output import say, show
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

PAGES = ["page", "kind", "rota", "state", "since", "when", "who", "rung", "told", "mailbox", "language", "number"]
COVERS = ["cover", "rota", "who", "backup", "from", "until", "by"]
OPEN = ask_names("oncall.pages", "page")


PROVIDERS = named(lambda instance: rules_in_force(instance).book.providers)
ROTAS = named(lambda instance: rules_in_force(instance).book.rotas)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def pages(instance: Instance, as_json: bool) -> None:
    """One row an open page, the oldest first: who is rung, who accepted it; those accepted wait for an outcome.

    \b
    Examples:
      clinicpbx oncall pages --json
    """
    from clinicpbx.daemon.control_client import ask_daemon

    show("Pages", PAGES, ask_daemon(instance, {"do": "oncall.pages"}), as_json)


@click.command()
@click.argument("page", shell_complete=OPEN)
@click.option("--by", "who", default="", help="Who has it; default: the user at this terminal.")
@pass_instance
def accept(instance: Instance, page: str, who: str) -> None:
    """Somebody sees to PAGE: nobody is rung for it any more.

    \b
    Examples:
      clinicpbx oncall accept clinic-1795492433.26.5 --by ana
    """
    from clinicpbx.daemon.control_client import ask_daemon

    who = who or login_name(instance)
    ask_daemon(instance, {"do": "oncall.accept", "page": page, "who": who})
    say(f"{page} is {who}'s.")


@click.command()
@click.argument("page", shell_complete=OPEN)
@click.option("--outcome", required=True, help="What came of it, for the record.")
@click.option("--by", "who", default="", help="Who saw to it; default: the user at this terminal.")
@pass_instance
def close(instance: Instance, page: str, outcome: str, who: str) -> None:
    """PAGE is seen to: it is over, with its outcome.

    \b
    Examples:
      clinicpbx oncall close clinic-1795492433.26.5 --by ana --outcome advised
    """
    from clinicpbx.daemon.control_client import ask_daemon

    if not outcome.strip():
        raise click.UsageError("an outcome is needed")
    ask_daemon(instance, {"do": "oncall.close", "page": page, "who": who or login_name(instance), "outcome": outcome})
    say(f"{page} is closed: {outcome}.")


@click.command()
@click.argument("page", shell_complete=OPEN)
@pass_instance
def number(instance: Instance, page: str) -> None:
    """The patient's number, for whoever sees to PAGE.

    \b
    Examples:
      clinicpbx oncall number clinic-1795492433.26.5
    """
    from clinicpbx.daemon.control_client import ask_daemon

    click.echo(ask_daemon(instance, {"do": "oncall.number", "page": page}))


@click.command()
@click.argument("rota", shell_complete=ROTAS)
@pass_instance
def confirm(instance: Instance, rota: str) -> None:
    """Whoever the shift of ROTA is for is there after all: the backup is only the backup again.

    \b
    Examples:
      clinicpbx oncall confirm physicians
    """
    from clinicpbx.daemon.control_client import ask_daemon

    who = ask_daemon(instance, {"do": "oncall.confirm", "rota": rota})
    say(f"{who} is on call for {rota}.")


@click.command()
@click.argument("provider", shell_complete=PROVIDERS)
@pass_instance
def pin(instance: Instance, provider: str) -> None:
    """Set the PIN by which PROVIDER is known on the phone; asked for at a terminal, else one line of stdin.

    \b
    Examples:
      clinicpbx oncall pin chen < pin.txt
    """
    _known(provider, rules_in_force(instance).book.providers, "provider")
    vault(instance, "oncall pin", provider=provider, pin=secret_line("New PIN", twice=True).strip())
    say(f"The PIN of {provider} is set.")


@click.command()
@click.argument("rota", shell_complete=ROTAS)
@click.option("--who", required=True, help="Who is on call instead (see providers).")
@click.option("--backup", default="", help="Who is the backup meanwhile; default: the rota's.")
@click.option("--from", "begin", default="", help="From then on, local time such as '2026-12-24 17:00'; default: now.")
@click.option("--until", required=True, help="Its end: 2h, 18:00, or '2026-12-24 07:00' (local time of the clinic).")
@pass_instance
def cover(instance: Instance, rota: str, who: str, backup: str, begin: str, until: str) -> None:
    """Somebody else is on call for ROTA until a fixed end; the newest cover wins.

    \b
    Examples:
      clinicpbx oncall cover physicians --who egan --until 07:00
      clinicpbx oncall cover physicians --who egan --from "2026-12-24 17:00" --until "2026-12-25 07:00"
    """
    from clinicpbx.daemon.covers import Covered, covers, keep
    from clinicpbx.daemon.overrides import end_of
    from clinicpbx.rules.explain import instant

    rules, now = rules_in_force(instance), datetime.now(UTC)
    _known(rota, rules.book.rotas, "rota")
    for name in filter(None, (who, backup)):
        _known(name, rules.book.providers, "provider")
    if who == backup:
        raise ClinicPBXError("the same person cannot be the backup")
    start = instant(rules, begin) if begin else now
    end = end_of(until, max(now, start), rules.document.local)
    kept = covers(instance, now)
    made = Covered(
        1 + max((one.number for one in kept), default=0), rota, who, start, end, backup, login_name(instance), now
    )
    keep(instance, [made, *kept])
    _tell(instance)
    say(f"Cover {made.number}: {who} is on call for {rota} until {end.astimezone(rules.document.local):%a %H:%M}.")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def covers(instance: Instance, as_json: bool) -> None:
    """The covers that hold, or will; the newest first.

    \b
    Examples:
      clinicpbx oncall covers --json
    """
    from clinicpbx.daemon.covers import covers as kept

    zone = rules_in_force(instance).document.local
    rows = [
        {
            "cover": one.number,
            "rota": one.rota,
            "who": one.who,
            "backup": one.backup,
            "by": one.by,
            "from": one.start.astimezone(zone),
            "until": one.end.astimezone(zone),
        }
        for one in kept(instance, datetime.now(UTC))
    ]
    show("Covers", COVERS, rows, as_json)


@click.command()
@click.argument("cover", type=int)
@pass_instance
def uncover(instance: Instance, cover: int) -> None:
    """COVER, a number of `oncall covers`, holds no more.

    \b
    Examples:
      clinicpbx oncall uncover 2
    """
    from clinicpbx.daemon.covers import covers, keep

    kept = covers(instance, datetime.now(UTC))
    if cover not in [one.number for one in kept]:
        raise ClinicPBXError(f"no cover {cover}", do="See `clinicpbx oncall covers`")
    keep(instance, [one for one in kept if one.number != cover])
    _tell(instance)
    say(f"Cover {cover} is cancelled.")


def _known(name: str, known: object, what: str) -> None:
    from clinicpbx.rules.places import perhaps

    names = list(known)  # type: ignore[call-overload]
    if name not in names:
        raise ClinicPBXError(
            f"no {what} {name!r}{perhaps(name, names)}", do=f"There are {', '.join(names) or 'none yet'}"
        )


def _tell(instance: Instance) -> None:
    from clinicpbx.daemon.control_client import tell_daemon

    if not tell_daemon(instance, {"do": "oncall.reload"}):
        say("the daemon does not run: it will read it at its start")


COMMANDS = (pages, accept, close, number, confirm, pin, cover, covers, uncover)
