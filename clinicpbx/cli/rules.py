"""The clinic's rules: check, explain, apply, roll back."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from typing import Any

import rich_click as click

from clinicpbx.cli._instance import named, pass_instance
from clinicpbx.cli._replay import replay
from clinicpbx.cli._rules_start import import_csv, new
from clinicpbx.cli.output import say, show, show_json
from clinicpbx.paths import Instance

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
why = click.option("--why", default="", help="What the change is for; kept in the history.")
test = click.option("--selftest/--no-selftest", "test", default=True, help="Begin a test call to every entry.")
force = click.option("--force", is_flag=True, help="Overwrite generated files that were edited by hand.")


def _versions(instance: Instance) -> list[str]:
    from clinicpbx.adapters.asterisk.versions import versions

    return [each.version for each in versions(instance)]


@click.group("rules")
def command() -> None:
    """What the clinic's telephones do, as YAML: checked, explained, applied to the next call, rolled back.

    \b
    Examples:
      clinicpbx rules check
      clinicpbx rules explain --dial +12075550100 --at "2026-12-24 11:00" --press 1,1
      clinicpbx rules apply --why "Fridays close at 16:00"
      clinicpbx rules rollback
    """


@command.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@as_json
@click.pass_obj
def check(instance: Instance, file: Path | None, as_json: bool) -> None:
    """Find every mistake in FILE (default: the instance's rules); nothing is changed. Exit 65 if there is one.

    \b
    Examples:
      clinicpbx rules check
      clinicpbx rules check draft/clinic.yaml --json
    """
    from clinicpbx.daemon.apply import proved
    from clinicpbx.errors import RulesRefused

    try:
        found, refused = list(proved(instance, file or instance.clinic).warnings), False
    except RulesRefused as mistakes:
        found, refused = mistakes.mistakes, True
    if as_json:
        show_json([asdict(mistake) for mistake in found])
    else:
        for mistake in found:
            click.echo(str(mistake))
        say("refused" if refused else "the rules are good" + (f", {len(found)} warnings" if found else ""))
    sys.exit(65 if refused else 0)


@command.command()
@click.option("--dial", "dialled", required=True, help="The number that is called: DID, extension, feature code.")
@click.option("--from", "caller", default="", help="The caller's number, or the extension of the phone that dials.")
@click.option("--at", default="", help="Local time of the clinic, such as '2026-12-24 11:00'; default: now.")
@click.option("--press", default="", help="Keys, separated by commas, in the order they are asked for.")
@click.option("--queue", type=click.Choice(["answered", "busy", "unstaffed"]), default="answered", help="The queues.")
@click.option("--override", default="", help="An override that is switched on.")
@click.option("--file", type=click.Path(path_type=Path), help="Rules to explain; default: the instance's.")
@as_json
@click.pass_obj
def explain(
    instance: Instance,
    dialled: str,
    caller: str,
    at: str,
    press: str,
    queue: str,
    override: str,
    file: Path | None,
    as_json: bool,
) -> None:
    """Walk a call through the rules as the running system would, and say why it goes where it goes.

    \b
    Examples:
      clinicpbx rules explain --dial +12075550100 --at "2026-12-24 11:00" --press 1,1
      clinicpbx rules explain --dial 911 --from 201
      clinicpbx rules explain --dial 12125551234 --from 201 --json
    """
    from clinicpbx.rules.compile import read_rules
    from clinicpbx.rules.explain import explain, instant
    from clinicpbx.rules.phone_call import phone_call
    from clinicpbx.rules.simulation import Outside

    keys = tuple(filter(None, press.split(",")))
    if wrong := [key for key in keys if key not in tuple("0123456789*#")]:
        raise click.BadParameter(f"{wrong[0]!r} is no key: write 1,2,#", param_hint="--press")
    rules = read_rules(file or instance.clinic, datetime.now(UTC).date(), "draft", prove=False)
    began = instant(rules, at) if at else datetime.now(UTC)
    if abs(began.year - datetime.now(UTC).year) > 1:
        rules = read_rules(
            file or instance.clinic, began.date(), "draft", prove=False
        )  # holidays are known around one day
    if override and override not in rules.book.overrides:
        raise click.BadParameter(f"there are {', '.join(rules.book.overrides) or 'none'}", param_hint="--override")
    agents = frozenset[str]() if queue == "unstaffed" else None
    outside = Outside(caller, keys, agents, busy=queue == "busy", override=override)
    lines = phone_call(rules, dialled, caller, began) or explain(rules.book, dialled, began, outside)
    zone = next(iter(rules.book.hours.values())).zone if rules.book.hours else UTC
    rows = [
        {"time": line.at.astimezone(zone).strftime("%H:%M:%S"), "step": line.step, "what": line.what, "why": line.why,
         "rule": line.where} for line in lines
    ]  # fmt: skip
    show(f"A call to {dialled}", ["time", "step", "what", "why", "rule"], rows, as_json)


@command.command("test")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--with", "further", multiple=True, help="A file beside FILE, as if it were included.")
@click.option("--only", default="", help="Only scenarios whose name contains this.")
@as_json
@click.pass_obj
def run_scenarios(instance: Instance, file: Path | None, further: tuple[str, ...], only: str, as_json: bool) -> None:
    """Run the clinic's scenarios against FILE (default: the instance's rules), by the core that runs live calls.

    Exit 65 if one fails. Rules whose own scenarios fail are not applied.

    \b
    Examples:
      clinicpbx rules test
      clinicpbx rules test examples/harbor/clinic.yaml --with scenarios.yaml
      clinicpbx rules test draft/clinic.yaml --only spanish --json
    """
    from clinicpbx.rules.compile import read_rules
    from clinicpbx.rules.scenarios import run

    rules = read_rules(file or instance.clinic, datetime.now(UTC).date(), "draft", further=further)
    found = run(rules, only)
    rows = [
        {"scenario": ran.name, "ok": not ran.problems, "went": ran.went, "problems": ran.problems,
         "rule": str(rules.places.of(("scenarios", ran.name))),
         "path": [{"step": line.step, "what": line.what, "why": line.why, "rule": line.where} for line in ran.path]}
        for ran in found
    ]  # fmt: skip
    if as_json:
        show_json(rows)
    else:
        show("Scenarios", ["scenario", "ok", "went"], rows, as_json=False)
        for row in rows:
            _say_failed(row)
    failed = sum(not row["ok"] for row in rows)
    say(f"{len(rows)} scenarios, {failed} failed" if rows else "no scenario: write some under scenarios:")
    sys.exit(65 if failed else 0)


def _say_failed(row: Any) -> None:
    if row["ok"]:
        return
    click.echo(f"\n{row['rule']}: {row['scenario']}")
    for problem in row["problems"]:
        click.echo(f"  {problem}")
    for line in row["path"]:
        click.echo(f"    {line['step']:16} {line['what']} ({line['why']}) {line['rule']}".rstrip())


@command.command("map")
@click.option("--did", default="", help="Only this number; default: every number, a page each.")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), default=Path(), help="Folder of the pages; default: here."
)
@click.option("--mermaid", is_flag=True, help="Print Mermaid text instead.")
@click.option("--file", type=click.Path(path_type=Path), help="Rules to draw; default: the instance's.")
@click.pass_obj
def draw_map(instance: Instance, did: str, folder: Path, mermaid: bool, file: Path | None) -> None:
    """Draw what callers of each number go through: one SVG page a number, to look at or to hang on the wall.

    \b
    Examples:
      clinicpbx rules map --to maps
      clinicpbx rules map --did +12075550100 --mermaid
    """
    from clinicpbx.errors import ClinicPBXError
    from clinicpbx.rules import journey
    from clinicpbx.rules.compile import read_rules
    from clinicpbx.rules.journey import drawing
    from clinicpbx.rules.journey import mermaid as text

    today = datetime.now(UTC).date()
    rules = read_rules(file or instance.clinic, today, prove=False)
    if did and did not in rules.document.dids:
        raise ClinicPBXError(f"no number {did!r}", do=f"There are {', '.join(rules.document.dids) or 'none yet'}")
    journeys = [journey.journey(rules, number) for number in ([did] if did else rules.document.dids)]
    if mermaid:
        click.echo("\n".join(map(text.mermaid, journeys)), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for one in journeys:
        page = folder / f"{one.number}.svg"
        page.write_text(drawing.draw(one, f"As the rules are on {today:%d %B %Y}"))
        say(str(page))


@command.command()
def schema() -> None:
    """Print the JSON Schema of rules files, for editors that check and complete while one writes.

    \b
    Example (name it in line 1 of the rules: "# yaml-language-server: $schema=clinic.schema.json"):
      clinicpbx rules schema > clinic.schema.json
    """
    from clinicpbx.rules.schema import json_schema

    show_json(json_schema())


@command.command()
def reference() -> None:
    """Print the reference of the rules: every section, key and step, with values and defaults, as Markdown.

    \b
    Example:
      clinicpbx rules reference > rules-reference.md
    """
    from clinicpbx.rules.reference import reference

    click.echo(reference(), nl=False)


@command.command()
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Write the files here; default: print them.")
@pass_instance
def render(instance: Instance, folder: Path | None) -> None:
    """Render Asterisk's files from the rules; nothing is installed. Phone passwords are left out of what is printed.

    \b
    Examples:
      clinicpbx rules render
      clinicpbx rules render --to /tmp/draft
    """
    from clinicpbx.daemon.apply import checked, rendered

    rules = checked(instance, "draft")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in rendered(instance, rules, "draft").items():
        if folder:
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        elif name != "pjsip_auth.conf":
            click.echo(f"; ==== {name}\n{text}")


@command.command()
@click.option("--against", default="", shell_complete=named(_versions), help="A version; default: the one in force.")
@click.option("--text", is_flag=True, help="The lines of the files instead of their meaning.")
@as_json
@pass_instance
def diff(instance: Instance, against: str, text: bool, as_json: bool) -> None:
    """What applying the rules would change, and for whom. Exit 1 if anything would.

    \b
    Examples:
      clinicpbx rules diff
      clinicpbx rules diff --against 000007 --json
      clinicpbx rules diff --text
    """
    from clinicpbx.adapters.asterisk import versions
    from clinicpbx.daemon.apply import checked, meant

    rules = checked(instance)
    if against:
        versions.folder_of(instance, against)
    against = against or versions.in_force(instance)
    if text:
        lines = list(_lines(instance, against))
        click.echo("".join(lines), nl=False)
        sys.exit(1 if lines else 0)
    found = meant(instance, rules, against)
    if as_json:
        show_json([asdict(sentence) for sentence in found])
    else:
        for sentence in found:
            click.echo(f"{'! ' if sentence.help else '  '}{sentence}")
        say(f"{len(found)} changes" if found else "nothing changes for callers")
    sys.exit(1 if found else 0)


def _lines(instance: Instance, against: str) -> Iterator[str]:
    from clinicpbx.adapters.asterisk import versions

    kept = versions.folder_of(instance, against) / "rules" if against else None
    for path in sorted((*instance.rules.rglob("*.yaml"), *instance.rules.rglob("*.ics"))):
        name = str(path.relative_to(instance.rules))
        old = kept / name if kept else None
        before = old.read_text().splitlines(keepends=True) if old and old.exists() else []
        after = path.read_text().splitlines(keepends=True)
        yield from unified_diff(before, after, f"{against or 'nothing'}/{name}", name)


@command.command()
@why
@force
@test
@pass_instance
def apply(instance: Instance, why: str, force: bool, test: bool) -> str:
    """Bring the rules into force for the next call; calls in progress keep the rules they began with.

    \b
    Example:
      clinicpbx rules apply --why "Fridays close at 16:00"
    """
    from clinicpbx.cli._rules_told import tell_change
    from clinicpbx.daemon.apply import apply
    from clinicpbx.settings import read_settings

    return tell_change(instance, apply(instance, read_settings(instance), why, force), test)


@command.command()
@click.argument("version", required=False, default="", shell_complete=named(_versions))
@force
@test
@pass_instance
def rollback(instance: Instance, version: str, force: bool, test: bool) -> str:
    """Bring VERSION, or the one before, into force again.

    \b
    Examples:
      clinicpbx rules rollback
      clinicpbx rules rollback 000007
    """
    from clinicpbx.cli._rules_told import tell_change
    from clinicpbx.daemon.apply import roll_back
    from clinicpbx.settings import read_settings

    return tell_change(instance, roll_back(instance, read_settings(instance), version, force), test)


@command.command()
@click.argument("version", required=False, default="", shell_complete=named(_versions))
@as_json
@pass_instance
def history(instance: Instance, version: str, as_json: bool) -> None:
    """The versions of the rules: when, who, why, what changed, and which is in force. With VERSION: all it changed.

    \b
    Examples:
      clinicpbx rules history
      clinicpbx rules history 000007 --json
    """
    from clinicpbx.adapters.asterisk import versions

    now = versions.in_force(instance)
    if version:
        versions.folder_of(instance, version)
    rows = [
        {**asdict(each), "in_force": each.version == now, "changed": _first(each.changes)}
        for each in versions.versions(instance)
        if version in ("", each.version)
    ]
    if as_json:
        show_json([{key: row[key] for key in row if key != "changed"} for row in rows])
        return
    show("Versions of the rules", ["version", "at", "who", "why", "changed", "in_force"], rows, as_json=False)
    for line in rows[0]["changes"] if version else ():
        click.echo(f"  {line}")


def _first(changes: Sequence[str]) -> str:
    """The first of *changes*, and how many more there are."""
    more = f" (+{len(changes) - 1})" if len(changes) > 1 else ""
    return f"{changes[0]}{more}" if changes else ""


command.add_command(new)
command.add_command(replay)
command.add_command(import_csv)
