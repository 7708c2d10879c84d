"""Applied versions of the rules: one folder each, complete before it counts, and a link to the one in force."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from clinicpbx.adapters.asterisk.files import write_if_changed
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance


@dataclass(frozen=True, slots=True)
class Applied:
    """*at*: ISO 8601, UTC. *changes*: what it changed, in sentences."""

    version: str
    at: str
    who: str
    why: str
    changes: Sequence[str] = ()


@contextmanager
def locked(instance: Instance) -> Iterator[None]:
    """One change of the rules at a time. Errors: ClinicPBXError where another is under way."""
    instance.versions.mkdir(parents=True, exist_ok=True)
    with open(instance.versions / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ClinicPBXError("the rules are being changed by another command", do="Wait for it to end") from None
        yield


def versions(instance: Instance) -> list[Applied]:
    """Every complete version that can be read, the oldest first."""
    return [found for folder in sorted(instance.versions.glob("[0-9]*")) if (found := _applied(folder)) is not None]


def _applied(folder: Path) -> Applied | None:
    try:
        return Applied(**json.loads((folder / "meta.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def folder_of(instance: Instance, version: str) -> Path:
    """Where *version* is kept. Errors: ClinicPBXError where it does not exist."""
    if version not in {each.version for each in versions(instance)}:
        raise ClinicPBXError(f"there is no version {version!r}", do="See clinicpbx rules history")
    return instance.versions / version


def in_force(instance: Instance) -> str:
    """The version that versions/current names; "" where there is none."""
    return Path(os.readlink(instance.current)).name if instance.current.is_symlink() else ""


def next_version(instance: Instance) -> str:
    """Its name: six digits, one more than the highest."""
    taken = [int(folder.name) for folder in instance.versions.glob("[0-9]*") if folder.name.isdigit()]
    return f"{max(taken, default=0) + 1:06d}"


def keep(
    instance: Instance, applied: Applied, rendered: Mapping[str, str], beside: Mapping[str, bytes] | None = None
) -> Path:
    """Write the rules as they are, what belongs *beside* them, and the *rendered* files; the folder gets its name when
    it is complete."""
    folder = instance.versions / applied.version
    draft = folder.with_name(f"new-{applied.version}")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(instance.rules, draft / "rules")
    for name, content in (beside or {}).items():
        (draft / "rules" / name).parent.mkdir(exist_ok=True)
        (draft / "rules" / name).write_bytes(content)
    (draft / "rendered").mkdir()
    for name, text in rendered.items():
        write_if_changed(draft / "rendered" / name, text)
    write_if_changed(draft / "meta.json", json.dumps(asdict(applied), indent=2))
    draft.replace(folder)
    return folder


def forget(instance: Instance, version: str) -> None:
    """*version* was never in force: nobody shall go back to it."""
    for folder in (instance.versions / version, instance.versions / f"new-{version}"):
        shutil.rmtree(folder, ignore_errors=True)


def rendered(instance: Instance, version: str) -> dict[str, str]:
    """The rendered files of *version*. Errors: ClinicPBXError where it does not exist."""
    folder = folder_of(instance, version) / "rendered"
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def digest(instance: Instance, version: str) -> str:
    """SHA-256 over the names and contents of all files of *version*, hexadecimal: of sha256sum's lines, by name."""
    folder = folder_of(instance, version)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    lines = (f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
    return sha256("".join(lines).encode()).hexdigest()


def point_at(instance: Instance, version: str) -> None:
    """Make *version* the one in force, at once or not at all; "" takes the link away."""
    if not version:
        return instance.current.unlink(missing_ok=True)
    draft = instance.versions / "current.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(version)
    draft.replace(instance.current)
