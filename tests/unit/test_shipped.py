"""An installation from a wheel has all that a checkout has."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clinicpbx.adapters.asterisk.clear import unmount_clear
from clinicpbx.errors import ClinicPBXError
from clinicpbx.shipped import shipped

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
FOLDERS = ("asterisk_conf", "dialplan_templates", "examples", "migrations")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def run(*command: str, **environment: str) -> str:
    """Its output; nothing but these variables and the PATH is in its environment."""
    env = {"PATH": os.environ["PATH"], **environment}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed, made without the network and away from the checkout."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in (*FOLDERS, "clinicpbx"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    local = ("--no-deps", "--no-index")
    run(*PIP, "wheel", *local, "--no-build-isolation", "--wheel-dir", str(source), str(source))
    (wheel,) = source.glob("*.whl")
    run(*PIP, "install", *local, "--no-compile", "--target", str(folder), str(wheel))
    return folder


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.*") if "__pycache__" not in path.parts}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_that_ships_is_installed(installed: Path, folder: str) -> None:
    found = shipped(folder, installed / "clinicpbx" / "shipped.py")
    assert found.is_relative_to(installed)
    assert files(found) == files(ROOT / folder)


def test_it_prepares_and_renders(installed: Path, tmp_path: Path) -> None:
    words = (sys.executable, "-m", "clinicpbx.cli.main", "--home", str(tmp_path / "home"))
    try:
        run(*words, "prepare", "--example", "harbor", PYTHONPATH=str(installed))
        shown = run(*words, "rules", "render", PYTHONPATH=str(installed))
    finally:
        unmount_clear(tmp_path / "home" / "clear")
    assert "[cpbx-from-trunk]" in shown
    place = run(sys.executable, "-c", "import clinicpbx; print(clinicpbx.__file__)", PYTHONPATH=str(installed))
    assert place.startswith(str(installed)), "else this tested the checkout"


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ClinicPBXError, match="nothing/ is missing"):
        shipped("nothing")
    with pytest.raises(ClinicPBXError, match="migrations/ is missing"):
        shipped("migrations", Path("/nowhere/lib/python3/site-packages/clinicpbx/shipped.py"))
