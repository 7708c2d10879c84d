"""Rows of call records that Asterisk could not write: for each it logs one line, and the row is gone."""

import os
import re
from collections import Counter
from pathlib import Path

LOST = re.compile(rb"^\[[^\]]*\] ERROR\[\d+\]\S* cdrel_custom/writers\.c: Unable to write (CDR|CEL) to ", re.MULTILINE)
MOST_READ = 4 << 20  # bytes at once; of a log that grew by more, the end


class LostRows:
    """Reads Asterisk's log from where it ends now; one that is rotated meanwhile from its beginning."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._inode, self._read = 0, 0
        if log.exists():
            self._inode, self._read = log.stat().st_ino, log.stat().st_size

    def look(self) -> Counter[str]:
        """How many rows of `cdr` and `cel` were lost since the last look. A log that cannot be read says nothing."""
        try:
            with self._log.open("rb") as log:
                stat = os.fstat(log.fileno())
                begin = self._read if stat.st_ino == self._inode and stat.st_size >= self._read else 0
                begin = max(begin, stat.st_size - MOST_READ)
                log.seek(begin)
                whole = log.read(MOST_READ).rpartition(b"\n")
        except OSError:
            return Counter()
        self._inode, self._read = stat.st_ino, begin + len(whole[0]) + len(whole[1])
        return Counter(name.decode().lower() for name in LOST.findall(whole[0]))
