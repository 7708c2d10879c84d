"""`rules new` and `rules import-csv`: the first rules, and people out of a table."""

from pathlib import Path

import rich_click as click

from clinicpbx.cli.output import say, show
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.rules.templates import KNOWN


@click.command("new")
@click.option("--template", type=click.Choice(KNOWN), required=True, help="The speciality.")
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Folder; default: the instance's rules.")
@click.option("--name", default="My Clinic", show_default=True, help="The clinic's name.")
@click.option("--number", default="+12075550100", show_default=True, help="Its main number, in full.")
@click.option("--carrier", default="sip.example.org", show_default=True, help="Host of the carrier's trunk.")
@click.option("--timezone", default="America/New_York", show_default=True, help="IANA time zone.")
@click.option("--languages", default="en,es,fr", show_default=True, help="Of en, es, fr; the first is the default.")
@click.pass_obj
def new(
    instance: Instance,
    template: str,
    folder: Path | None,
    name: str,
    number: str,
    carrier: str,
    timezone: str,
    languages: str,
) -> None:
    """Write first rules that work as they are: a speciality's flows, three phones, scenarios. Nothing is overwritten.

    \b
    Examples:
      clinicpbx rules new --template paediatrics --name "Bay Kids" --number +12075550142 --to rules
    """
    from datetime import UTC, datetime

    from clinicpbx.rules.beginning import NAMES, Start, files
    from clinicpbx.rules.compile import read_rules

    chosen = tuple(languages.split(","))
    if wrong := [code for code in chosen if code not in NAMES]:
        raise click.BadParameter(f"the templates do not speak {wrong[0]!r}; choose of {', '.join(NAMES)}")
    folder = folder or instance.rules
    written = files(Start(template, name, number, carrier, timezone, chosen))
    if there := [name for name in written if (folder / name).exists()]:
        raise ClinicPBXError(f"{', '.join(there)} exists", where=str(folder), do="Name another folder with --to")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in written.items():
        (folder / file).write_text(text)
    try:
        read_rules(folder / "clinic.yaml", datetime.now(UTC).date())
    except ClinicPBXError:
        for file in written:
            (folder / file).unlink()
        raise
    for file in written:
        say(str(folder / file))
    say("Next: put in your address, phones and people; clinicpbx rules check, rules test, rules map; then rules apply")


@click.command("import-csv")
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--to", "target", type=click.Path(path_type=Path), help="Write this YAML file; default: print it.")
@click.option("--force", is_flag=True, help="Overwrite it.")
def import_csv(table: Path, target: Path | None, force: bool) -> None:
    """Turn a TABLE of phones and agents into a rules file to include.

    Columns: extension, name, location, mailbox, lamps, allow, secure; agent, agent_name, queues, skills, languages,
    licences (several separated by blanks). Only extension and name are required. The first row names the columns;
    commas or semicolons separate.

    \b
    Examples:
      clinicpbx rules import-csv people.csv
      clinicpbx rules import-csv people.csv --to rules/people.yaml
    """
    from clinicpbx.rules.people_table import read_table, to_yaml

    people = read_table(str(table), table.read_bytes())
    text = to_yaml(people)
    if target is None:
        click.echo(text, nl=False)
        return
    if target.exists() and not force:
        raise ClinicPBXError("exists", where=str(target), do="Overwrite it with --force")
    target.write_text(text)
    rows = [{"extension": one.extension, **one.phone, "agent": one.agent} for one in people]
    show("Imported", ["extension", "name", "location", "mailbox", "agent"], rows, as_json=False)
    say(f"{len(people)} phones in {target}; include it in clinic.yaml and run clinicpbx rules check")
