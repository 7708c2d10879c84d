"""Who sent a call on, by Asterisk's own rows."""

from collections.abc import Iterable, Mapping

from clinicpbx.core.records.call_record import Transfer
from clinicpbx.core.records.legs import Leg, extension
from clinicpbx.core.records.rows import CelRow


def transfers(call: str, rows: Iterable[CelRow], legs: Mapping[str, Leg]) -> list[Transfer]:
    """The transfers of *call* among *rows*, in order; those of other callers are left out."""
    found = []
    for row in rows:
        if row.kind not in ("BLINDTRANSFER", "ATTENDEDTRANSFER"):
            continue
        extra = row.extra
        about = {extra.get("transferee_channel_uniqueid", ""), extra.get("transfer_target_channel_uniqueid", "")}
        if call not in about and any(leg.arrived for leg in legs.values() if leg.uniqueid in about):
            continue
        blind = row.kind == "BLINDTRANSFER"
        to = extra.get("extension", "") if blind else extension(extra.get("transfer_target_channel_name", ""))
        found.append(Transfer(row.at, "blind" if blind else "attended", extension(row.channel), to))
    return found
