"""Files written so that a reader sees the old text or the new one, never a part."""

import os
from pathlib import Path

OWNER = 0o600
GROUP = 0o640


def write_if_changed(path: Path, text: str, mode: int = GROUP) -> bool:
    """Write *text* to *path* with *mode*; False where it was there already. OSError as the system gives it."""
    try:
        if path.read_text() == text:
            return False
    except FileNotFoundError:
        pass
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
    return True
