"""Which channels belong together: Asterisk gives a transferred call's channels more than one linkedid."""

from collections.abc import Iterable

from clinicpbx.core.records.rows import CelRow

Link = tuple[str, str]
NOBODY = ("", "N/A")
"""What Asterisk writes where an attended transfer ended in an application: no channel was its target."""
OTHERS = ("channel2_uniqueid", "transferee_channel_uniqueid", "transfer_target_channel_uniqueid")


def links(row: CelRow) -> set[Link]:
    """The pairs of ids that *row* shows to be one group, smaller id first."""
    named = (row.extra.get(key, "") for key in OTHERS)
    ids = [row.uniqueid, *(other for other in named if other not in NOBODY)]
    return {(min(row.linkedid, other), max(row.linkedid, other)) for other in ids if other != row.linkedid}


def groups(ids: Iterable[str], pairs: Iterable[Link]) -> dict[str, frozenset[str]]:
    """For each id, the group it is in: every id that can be reached over *pairs*."""
    parent: dict[str, str] = {one: one for one in ids}

    def root(one: str) -> str:
        parent.setdefault(one, one)
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for a, b in pairs:
        parent[root(a)] = root(b)
    members: dict[str, set[str]] = {}
    for one in list(parent):
        members.setdefault(root(one), set()).add(one)
    frozen = {top: frozenset(found) for top, found in members.items()}
    return {one: frozen[root(one)] for one in list(parent)}
