"""The demonstration as a new user runs it, and that the README's transcript is what it prints."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinicpbx.adapters.asterisk.clear import unmount_clear
from clinicpbx.paths import Instance
from tests.support.bed import loopback_net

pytestmark = pytest.mark.integration
README = (Path(__file__).parents[2] / "README.md").read_text()
SUMMARY = {
    "calls": 16,
    "answered": 9,
    "abandoned": 2,
    "voicemails": 5,
    "callers_lost": 0,
    "records": 16,
    "unreconciled": 0,
}


NIGHT = {
    "calls": 6,
    "answered": 1,
    "abandoned": 2,
    "voicemails": 3,
    "callers_lost": 0,
    "records": 6,
    "unreconciled": 0,
    "left_open": 4,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An instance of the example on loopback addresses of its own, prepared and not started."""
    home = tmp_path_factory.mktemp("demo")
    with loopback_net() as net:
        (home / "clinicpbx.env").write_text(f"CLINICPBX_BIND=127.0.{net}.1\n")
        assert clinicpbx(home, "prepare", "--example", "harbor").wait(60) == 0
        clinic = Instance(home).clinic
        clinic.write_text(clinic.read_text().replace("host: 127.0.0.2", f"host: 127.0.{net}.2"))
        yield home
    unmount_clear(Instance(home).clear)


def clinicpbx(home: Path, *words: str) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).with_name("clinicpbx")), "--home", str(home), *words]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CLINICPBX_BIND")}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def shape(line: str) -> str:
    """*line* with every number, and where this machine keeps things, made the same."""
    line = re.sub(r"(CLINICPBX_HOME|PATH)=[^ ]*", r"\1=", line)
    return re.sub(r" +", " ", re.sub(r"[\d.]+", "N", line)).strip()


def shapes(text: str) -> set[str]:
    return {shape(line) for line in text.splitlines()}


def test_a_morning_loses_nobody_and_prints_what_the_readme_shows(home: Path) -> None:
    out, err = clinicpbx(home, "demo", "--once").communicate(timeout=240)
    assert json.loads(out.splitlines()[-1]) == SUMMARY, err
    assert "MISSED" not in err
    (transcript,) = re.findall(r"<!-- transcript -->\n```\n(.*?)```", README, re.S)
    told = [line for line in transcript.splitlines() if line.strip(" …") and not line.startswith(("#", "Ready"))]
    assert len(told) > 20
    assert [line for line in told if shape(line) not in shapes(out) | shapes(err)] == []
    assert transcript.splitlines()[-1] == json.dumps(SUMMARY)


def test_a_night_pages_who_is_on_call_and_shows_what_is_left_open(home: Path) -> None:
    out, err = clinicpbx(home, "demo", "--night", "--once").communicate(timeout=240)
    assert json.loads(out.splitlines()[-1]) == NIGHT, err
    assert "MISSED" not in err
    for said in ("talks with the clinician", "accepts the page", "rings unheard: the page of a red flag"):
        assert said in err
    left = out.partition("What the night left open")[2]
    assert [left.count(what) for what in ("page: red_flag", "message")] == [1, 3]


def test_a_signal_ends_all_that_it_started(home: Path) -> None:
    demo = clinicpbx(home, "demo")
    assert demo.stderr is not None
    while "registered" not in demo.stderr.readline():
        assert demo.poll() is None
    children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()
    assert len(children) >= 4
    demo.send_signal(signal.SIGINT)
    _, err = demo.communicate(timeout=60)
    assert (demo.returncode, err.splitlines()[-1]) == (130, "Everything that this started has ended.")
    until = time.monotonic() + 5
    while [child for child in children if Path(f"/proc/{child}").exists()] and time.monotonic() < until:
        time.sleep(0.1)
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []


def test_a_busy_port_is_said_before_anything_starts(home: Path) -> None:
    bind = (home / "clinicpbx.env").read_text().strip().partition("=")[2]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((bind, 5060))
        demo = clinicpbx(home, "demo")
        _, err = demo.communicate(timeout=60)
    assert demo.returncode == 69
    assert f"in use: {bind}:5060 (SIP)" in err.splitlines()[-1]
    assert "CLINICPBX_BIND" in err.splitlines()[-1]
