"""The audit log: who did what; verified, exported, signed."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich_click as click
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.cli._database import ask_database
from clinicpbx.cli._instance import pass_instance
from clinicpbx.cli._moment import MOMENT
from clinicpbx.cli.output import say, show, show_json
from clinicpbx.core.audit.row import Row
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import read_settings

COLUMNS = ["seq", "at", "actor", "action", "object", "detail"]
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("audit")
def command() -> None:
    """Who heard, exported, deleted, changed or was refused what. Rows can only be added; each binds the one before.

    \b
    Examples:
      clinicpbx audit list --since 7d --actor ana
      clinicpbx audit verify --checkpoint /mnt/other/clinic.checkpoint
      clinicpbx audit export --proof 4711 > proof.json
    """


def _shown(row: Row) -> dict[str, Any]:
    try:
        detail: Any = json.loads(row.detail)
    except ValueError:
        detail = row.detail  # a row that was changed is shown all the same
    return asdict(row) | {"detail": detail}


def _plain(row: Row) -> dict[str, Any]:
    found = _shown(row)
    detail = found["detail"]
    return found | {"detail": " ".join(f"{key}={value}" for key, value in detail.items())} if detail else found


@command.command("list")
@click.option("--since", type=MOMENT, help="Rows of this time and later.")
@click.option("--actor", default="", help="By this login, or phone:NAME.")
@click.option("--action", default="", help="Of this kind, such as voicemail.export or refused.")
@click.option("--object", "thing", default="", help="About what begins so, such as frontdesk/.")
@click.option("--break-glass", is_flag=True, help="Glass that was broken, and what was done by it.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="The newest so many.")
@as_json
@pass_instance
def list_rows(
    instance: Instance,
    since: datetime | None,
    actor: str,
    action: str,
    thing: str,
    break_glass: bool,
    limit: int,
    as_json: bool,
) -> None:
    """The newest rows first.

    \b
    Examples:
      clinicpbx audit list
      clinicpbx audit list --action refused --since 24h --json
      clinicpbx audit list --break-glass
    """
    from clinicpbx.adapters.db.audit import Search, find
    from clinicpbx.daemon.audit_trail import waiting

    search = Search(since, actor, action, thing, break_glass, limit)

    async def question(engine: AsyncEngine) -> list[Row]:
        async with engine.connect() as connection:
            return await find(connection, search)

    rows = ask_database(instance, question)
    show("Audit log", COLUMNS, [_shown(row) if as_json else _plain(row) for row in rows], as_json)
    if count := len(waiting(instance)):
        say(f"{count} entries wait in {instance.audit} for the listener to bring them in")


@command.command("show")
@click.argument("seq", type=click.IntRange(1))
@as_json
@pass_instance
def show_row(instance: Instance, seq: int, as_json: bool) -> None:
    """Row SEQ with its hashes.

    \b
    Examples:
      clinicpbx audit show 4711
      clinicpbx audit show 4711 --json
    """
    row = ask_database(instance, lambda engine: _row(engine, seq))
    if as_json:
        show_json(_shown(row))
        return
    show(f"Row {seq}", ["field", "value"], [{"field": k, "value": v} for k, v in asdict(row).items()], as_json)


async def _row(engine: AsyncEngine, seq: int) -> Row:
    from clinicpbx.adapters.db.audit import one

    async with engine.connect() as connection:
        found = await one(connection, seq)
    if found is None:
        raise ClinicPBXError(f"the audit log has no row {seq}", do="See clinicpbx audit list")
    return found


@command.command()
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Checkpoints kept elsewhere: notes, or lines of a syslog host.",
)
@as_json
@pass_instance
def verify(instance: Instance, files: tuple[Path, ...], as_json: bool) -> None:
    """Read every row; exit code 1 names the first that was changed, swapped, taken out or put in.

    A tail cut off, an older copy of the database and a log written anew are seen only against checkpoints: those in
    HOME/audit, which whoever is root here can write anew as well, and those of --checkpoint, kept where they cannot.

    \b
    Examples:
      clinicpbx audit verify
      clinicpbx audit verify --checkpoint /mnt/other/clinic.checkpoint --json
    """
    from clinicpbx.cli._audit_verify import verdict

    found = ask_database(instance, lambda engine: verdict(instance, engine, files))
    rows = [{"row": fault.seq or None, "fault": fault.what} for fault in found.faults]
    if as_json:
        show_json({"rows": found.rows, "checkpoints": found.checkpoints, "faults": rows})
    else:
        show("Faults", ["row", "fault"], rows, as_json)
    say(f"{found.rows} rows are as they were written; {found.checkpoints} checkpoints were compared.")
    if not files:
        say("Without --checkpoint nothing shows what somebody who was root here did to all of it.")
    if rows:
        raise SystemExit(1)


@command.command()
@click.option("--proof", type=click.IntRange(1), help="Row SEQ alone, with the proof that it is in the log.")
@pass_instance
def export(instance: Instance, proof: int | None) -> None:
    """All rows as JSON lines, oldest first; or one row with a proof (docs/audit-format.md) for somebody without access.

    \b
    Examples:
      clinicpbx audit export > audit.jsonl
      clinicpbx audit export --proof 4711 > proof.json
    """
    if proof is not None:
        from clinicpbx.cli._audit_verify import proof_of

        show_json(ask_database(instance, lambda engine: proof_of(instance, engine, proof)))
        return

    async def question(engine: AsyncEngine) -> None:
        async for row in _all(engine):
            click.echo(json.dumps(_shown(row)))

    ask_database(instance, question)


async def _all(engine: AsyncEngine) -> AsyncIterator[Row]:
    from clinicpbx.adapters.db.audit import rows_after

    seq = None
    while True:
        async with engine.connect() as connection:
            rows = await rows_after(connection, seq, 5000)
        for row in rows:
            yield Row(*row)
        if not rows:
            return
        seq = rows[-1][0]


@command.command()
@pass_instance
def checkpoint(instance: Instance) -> None:
    """Verify the log, sign how long it is and what is in it, and print that: keep it where nobody here can reach it.

    The listener does so by itself every ten minutes in which something was written, and hands it to
    CLINICPBX_AUDIT_SYSLOG and CLINICPBX_AUDIT_FOLDER.

    \b
    Examples:
      clinicpbx audit checkpoint > /media/usb/clinic.checkpoint
    """
    from clinicpbx.cli._audit_verify import verdict
    from clinicpbx.daemon.audit_key import AuditKey
    from clinicpbx.daemon.checkpoints import hand_over, sign

    found = ask_database(instance, lambda engine: verdict(instance, engine, ()))
    if found.faults:
        raise ClinicPBXError(f"it does not verify: {found.faults[0].what}", do="See clinicpbx audit verify")
    signed = sign(instance, AuditKey(instance), found.chain, datetime.now(UTC))
    click.echo(signed.note, nl=False)
    say(f"{hand_over(read_settings(instance), signed)} anchors have it.")
