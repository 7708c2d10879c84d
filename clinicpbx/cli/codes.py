"""What phones can dial here: feature codes, phones, queues, mailboxes, emergency numbers."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click

from clinicpbx.cli._instance import pass_instance, rules_known
from clinicpbx.cli.output import show
from clinicpbx.paths import Instance


@click.command("codes")
@click.option(
    "--file", type=click.Path(path_type=Path), help="Rules to read; default: those applied, else the instance's."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def command(instance: Instance, file: Path | None, as_json: bool) -> None:
    """Everything a phone of this clinic can dial, emergency numbers first.

    \b
    Examples:
      clinicpbx codes
      clinicpbx codes --file examples/harbor/clinic.yaml --json
    """
    from clinicpbx.rules.compile import read_rules
    from clinicpbx.rules.dialled import dialled

    rules = read_rules(file, datetime.now(UTC).date()) if file is not None else rules_known(instance)
    document = rules.document
    show("What phones can dial", ["dial", "kind", "what"], [asdict(row) for row in dialled(document)], as_json)
