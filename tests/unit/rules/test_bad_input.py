"""Hostile and broken files are refused with a place, quickly, and in little memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
MEGABYTES = 200
CHILD = """
import json, re, sys
from datetime import date
from pathlib import Path
from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import read_rules
told = []
for name in sys.argv[1:]:
    try:
        read_rules(Path(name), date(2026, 11, 24))
        told.append([])
    except RulesRefused as refused:
        told.append([[m.line, m.problem] for m in refused.mistakes[:400]])
# of this program alone: ru_maxrss begins with what the test's own process had when it forked
most = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(json.dumps([told, int(most[1]) / 1024]))
"""
BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
FILES: dict[str, tuple[bytes, int, str]] = {
    "ten megabytes": (b"# " + b"x" * 10_000_000, 1, "larger than 2 MB"),
    "anchor bomb": (BOMB.encode(), 1, "anchors and aliases"),
    "twenty thousand keys": ("".join(f"k{n}: 1\n" for n in range(20_000)).encode(), 1, "there is no 'k0' here"),
    "the same key again": (b"clinic: {name: A}\n" * 3_000, 2, "'clinic' is written twice; first in line 1"),
    "deep lists": (b"clinic: " + b"[" * 100_000, 1, "nested too deeply"),
    "deep maps": (b"\n".join(b" " * n + b"a:" for n in range(60)), 32, "nested too deeply"),
    "bottomless maps": (b"\n".join(b" " * n + b"a:" for n in range(900)), 1, "nested too deeply"),
    "nul": (HARBOR.replace("Harbor Family", "Harbor\0Family", 1).encode(), 2, "the character U+0000"),
    "utf-16": (HARBOR.encode("utf-16"), 1, "not UTF-8"),
    "latin-1": (HARBOR.replace("\n", "\n# é\n", 1).encode("latin-1", "replace"), 2, "not UTF-8"),
    "one line of a megabyte": (b"clinic: {name: " + b"x" * 1_000_000 + b"}", 1, "longer than 80 characters"),
}


def test_each_is_refused_with_its_place_in_little_memory(tmp_path: Path) -> None:
    paths = []
    for name, (raw, _, _) in FILES.items():
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_bytes(raw)
    done = subprocess.run([sys.executable, "-c", CHILD, *map(str, paths)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-800:]
    told, memory = json.loads(done.stdout)
    for (name, (_, line, problem)), found in zip(FILES.items(), told, strict=True):
        assert any(at == line and problem in what for at, what in found), (name, found[:3])
    assert memory < MEGABYTES
