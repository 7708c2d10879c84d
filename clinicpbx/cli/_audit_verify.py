"""The audit log against itself and against its checkpoints; a proof of one row for somebody else."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain as joined
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.audit import leaves, one
from clinicpbx.core.audit.checkpoint import Signed, notes, parse_note
from clinicpbx.core.audit.row import canonical
from clinicpbx.core.audit.tree import inclusion
from clinicpbx.core.audit.verify import Chain, Fault, compare
from clinicpbx.daemon.audit_key import AuditKey
from clinicpbx.daemon.break_glass import glass_fault
from clinicpbx.daemon.checkpoints import follow, kept
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

IN_A_LINE = '{"checkpoint"'


@dataclass(frozen=True, slots=True)
class Verdict:
    """*chain* as far as it is good; faults of whole files have row 0."""

    chain: Chain
    faults: Sequence[Fault]
    checkpoints: int

    @property
    def rows(self) -> int:
        return self.chain.seq


async def verdict(instance: Instance, engine: AsyncEngine, files: Sequence[Path]) -> Verdict:
    """The log of *engine*, with the checkpoints of the instance and those in *files*."""
    signed, faults = _checkpoints(instance, files)
    faults += [Fault(0, fault)] if (fault := glass_fault(instance)) else []
    known = [each.checkpoint for each in signed]
    chain = Chain(each.size for each in known)
    await follow(engine, chain)
    if chain.fault is not None:
        # beyond the first fault nothing can be said
        return Verdict(chain, [*faults, chain.fault], len(known))
    return Verdict(chain, [*faults, *compare(known, chain.roots, chain.seq)], len(known))


def _checkpoints(instance: Instance, files: Sequence[Path]) -> tuple[list[Signed], list[Fault]]:
    """Those that our key signed, and a fault for each file with others."""
    found: list[Signed] = []
    faults: list[Fault] = []
    try:
        here = kept(instance)
        key = AuditKey(instance) if here or files else None
    except ValueError:
        return found, [Fault(0, f"{instance.audit}/checkpoints holds what is no checkpoint")]
    for name, every in joined([("HOME/audit/checkpoints", here)], ((str(file), _of(file)) for file in files)):
        good = [each for each in every if key is not None and key.signed(each)]
        if len(good) != len(every):
            faults.append(Fault(0, f"{name}: {len(every) - len(good)} checkpoints are not signed by this log's key"))
        found += good
    return found, faults


def _of(file: Path) -> list[Signed]:
    try:
        return [parse_note(note) for note in _notes(file.read_text())]
    except ValueError:
        raise ClinicPBXError("holds no checkpoints", where=str(file), do="Give a file of notes") from None


def _notes(text: str) -> Iterator[str]:
    if IN_A_LINE not in text:
        yield from notes(text)
        return
    for line in text.splitlines():
        if IN_A_LINE in line:
            yield json.JSONDecoder().raw_decode(line[line.index(IN_A_LINE) :])[0]["checkpoint"]


async def proof_of(instance: Instance, engine: AsyncEngine, seq: int) -> dict[str, Any]:
    """Row *seq*, the newest checkpoint, and what joins them. ClinicPBXError where no checkpoint has the row."""
    newest = max(kept(instance), key=lambda each: each.checkpoint.size, default=None)
    if newest is None or newest.checkpoint.size < seq:
        raise ClinicPBXError(f"no checkpoint has row {seq} yet", do="Make one: clinicpbx audit checkpoint")
    async with engine.connect() as connection:
        row, hashes = await one(connection, seq), await leaves(connection, newest.checkpoint.size)
    if row is None or len(hashes) != newest.checkpoint.size:
        raise ClinicPBXError("rows are missing", do="See clinicpbx audit verify")
    content = canonical(row.seq, row.at, row.actor, row.action, row.object, row.detail, row.prev_hash)
    return {
        "format": "clinicpbx-audit-proof/1",
        "row": content.decode(),
        "index": seq - 1,
        "size": newest.checkpoint.size,
        "proof": [b64encode(each).decode() for each in inclusion(hashes, seq - 1)],
        "checkpoint": newest.note,
        "key": AuditKey(instance).verifier,
    }
