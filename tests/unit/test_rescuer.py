"""Whom the rescuer moves, and that it needs nothing but Python."""

import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from clinicpbx.daemon import rescuer
from clinicpbx.daemon.metrics_file import left_by_others
from clinicpbx.daemon.rescuer import Ari, address_of, heartbeat_age, rescue, stranded

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]


def channel(name: str, app: str = "Stasis", arguments: str = "clinicpbx,enter,main,1") -> dict[str, Any]:
    return {"id": name, "dialplan": {"app_name": app, "app_data": arguments}}


CHANNELS = [channel("waits"), channel("talks"), channel("dials", "Dial", ""), channel("other", arguments="other,x")]
OURS = ["waits", "talks", "dials", "other", "gone"]


class Fake(Ari):
    def __init__(self, ages: list[float]) -> None:
        self.ages, self.moved = ages, []

    def ask(self, method: str, uri: str, **query: str) -> tuple[int, Any]:
        if uri == "asterisk/variable":
            age = self.ages.pop(0) if len(self.ages) > 1 else self.ages[0]
            return 200, {"value": str(int(NOW - age)) if age < 1e6 else ""}
        if method == "POST":
            self.moved.append((uri, query))
            return 204, None
        known = {"applications/clinicpbx": {"channel_ids": OURS}, "channels": CHANNELS}
        return 200, known.get(uri, [{"channels": ["talks", "peer"]}, {"channels": ["waits"]}])


NOW = 1_900_000_000.0


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescuer.time, "time", lambda: NOW)
    monkeypatch.setattr(rescuer.time, "sleep", lambda seconds: None)


def test_only_those_who_wait_and_talk_to_nobody() -> None:
    bridges = [{"channels": ["talks", "peer"]}, {"channels": ["waits"]}]
    assert stranded(CHANNELS, bridges, OURS) == ["waits"]


@pytest.mark.parametrize("age", [7.0, 1e9])
def test_a_silent_heart_moves_them(age: float) -> None:
    ari = Fake([age])
    assert rescue(ari) == 1
    assert ari.moved == [("channels/waits/continue", {"context": "cpbx-rescue", "extension": "s", "priority": "1"})]


@pytest.mark.parametrize("age", [0.0, 6.0, -3600.0])
def test_a_beating_heart_moves_nobody(age: float) -> None:
    ari = Fake([age])
    assert rescue(ari) == 0
    assert ari.moved == []


def test_it_stops_as_soon_as_the_heart_beats_again() -> None:
    ari = Fake([9.0, 0.0])
    assert rescue(ari) == 0
    assert ari.moved == []


def test_no_heartbeat_at_all_counts_as_old() -> None:
    assert heartbeat_age(Fake([1e9]), NOW) == float("inf")


def test_where_ari_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLINICPBX_BIND", raising=False)
    assert address_of(tmp_path) == "127.0.0.1:8088"
    (tmp_path / "clinicpbx.env").write_text("# x\nCLINICPBX_BIND='127.0.9.1'\nCLINICPBX_ARI_PORT=8089\n")
    assert address_of(tmp_path) == "127.0.9.1:8089"
    monkeypatch.setenv("CLINICPBX_BIND", "127.0.9.2")
    assert address_of(tmp_path) == "127.0.9.2:8089"


def test_it_runs_without_any_package() -> None:
    command = [sys.executable, "-S", "-c", "import clinicpbx.daemon.rescuer, sys; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "clinicpbx" in loaded
    assert loaded - {"clinicpbx"} <= set(sys.stdlib_module_names) | {"__main__", "sitecustomize", "usercustomize"}


def test_asterisk_away_is_no_reason_to_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "rescuer.secret").write_text("x\n")
    rounds = [OSError(), HTTPException(), 1, SystemExit(0)]

    def one(ari: Ari) -> int:
        result = rounds.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(rescuer, "rescue", one)
    with pytest.raises(SystemExit):
        rescuer.main(str(tmp_path))
    assert rounds == []


def test_each_turn_is_seen_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in ("keys", "run"):
        (tmp_path / folder).mkdir()
    (tmp_path / "keys" / "rescuer.secret").write_text("x\n")
    path, seen = tmp_path / "run" / "rescuer.prom", list[bool]()

    def one(ari: Ari) -> int:
        seen.append(path.exists())
        path.unlink(missing_ok=True)
        if len(seen) == 3:
            raise SystemExit(0)
        raise OSError

    monkeypatch.setattr(rescuer, "rescue", one)
    with pytest.raises(SystemExit):
        rescuer.main(str(tmp_path))
    assert seen == [False, True, True]
    path.touch()
    assert b'clinicpbx_silent_seconds{process="rescuer"} ' in left_by_others(path.parent)
