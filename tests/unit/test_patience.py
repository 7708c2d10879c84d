"""What takes long says so, once it does."""

import threading

import pytest

from clinicpbx.cli._patience import patience

pytestmark = pytest.mark.unit


def test_what_is_quick_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with patience("counting"):
        pass
    assert capsys.readouterr() == ("", "")


def test_what_is_slow_says_so_on_stderr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr("clinicpbx.cli._patience.say", lambda text: (print(text), told.set()))
    with patience("counting", after=0):
        assert told.wait(10)
    assert capsys.readouterr().out == "counting …\n"


def test_the_fault_of_what_is_slow_is_its_own() -> None:
    with pytest.raises(ValueError, match="mine"), patience("counting", after=0):
        raise ValueError("mine")
