"""What labels said when they were opened, in memory alone: a mailbox is listed again without opening each of them."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from clinicpbx.adapters.vault.letterbox import META
from clinicpbx.adapters.vault.message import Message

MOST = 20_000
"""Of a mailbox; what is beyond is opened each time."""
Stamp = tuple[int, ...]


@dataclass(slots=True)
class Shelf:
    """One mailbox: *keys* are the names of all keys it takes, *stamps* tell each label's file from what replaces it."""

    keys: frozenset[str]
    stamps: dict[str, Stamp]
    opened: dict[str, tuple[Stamp, Message]] = field(default_factory=dict)

    def get(self, id: str) -> Message | None:
        found = self.opened.get(id)
        return found[1] if found is not None else None

    def keep(self, id: str, message: Message) -> None:
        """What the label said that was opened after the shelf was made: one written since has another stamp."""
        if id in self.stamps and len(self.opened) < MOST:
            self.opened[id] = self.stamps[id], message


class Labels:
    """Forgets a label whose file, whose message's own key or whose mailbox's keys are not those it was opened with."""

    def __init__(self) -> None:
        self._shelves: dict[str, Shelf] = {}

    def shelf(self, folder: Path, pairs: frozenset[str], own: Path) -> Shelf:
        """Of the mailbox in *folder*, as its files are now. *pairs*: names of its keys; *own*: its messages' keys."""
        before = self._shelves.get(folder.name)
        readable = {name.removesuffix(".key") for name in (os.listdir(own) if own.is_dir() else ())}
        stamps = {id: stamp for id, stamp in _stamps(folder) if id in readable}
        shelf = self._shelves[folder.name] = Shelf(pairs, stamps)
        if before is not None and before.keys == pairs:
            shelf.opened = {id: one for id, one in before.opened.items() if stamps.get(id) == one[0]}
        return shelf


def _stamps(folder: Path) -> list[tuple[str, Stamp]]:
    """Inode, size and times of each label; the kernel alone sets the time of the last change (stat(2), st_ctim)."""
    found: list[tuple[str, Stamp]] = []
    for entry in os.scandir(folder) if folder.is_dir() else ():
        if entry.name.endswith(META):
            try:
                s = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            found.append((entry.name.removesuffix(META), (s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)))
    return found
