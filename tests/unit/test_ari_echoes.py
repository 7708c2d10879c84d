"""What Asterisk says twice is heard once, and what a caller presses twice is heard twice."""

import orjson
import pytest

from clinicpbx.adapters.ari.echoes import Echoes

pytestmark = pytest.mark.unit


def heard(*events: dict[str, object]) -> list[object]:
    echoes = Echoes()
    return [event.get("digit", event["type"]) for event in events if not echoes.is_one(orjson.dumps(event), event)]


def key(digit: str, second: float, held: int = 200, channel: str = "clinic-1.0") -> dict[str, object]:
    return {
        "type": "ChannelDtmfReceived",
        "timestamp": f"2026-11-24T03:45:{second:06.3f}+0000",
        "digit": digit,
        "duration_ms": held,
        "channel": {"id": channel},
    }


def test_an_event_to_the_letter_the_same_is_one() -> None:
    finished = {"type": "PlaybackFinished", "playback": {"id": "p.1"}}
    assert heard(finished, finished, {**finished, "playback": {"id": "p.2"}}) == ["PlaybackFinished"] * 2


def test_a_pin_typed_across_the_end_of_a_prompt() -> None:
    told = [("5", 50.927), ("9", 51.167), ("9", 51.186), ("3", 51.407), ("3", 51.431), ("1", 51.646), ("1", 51.676)]
    assert heard(*(key(*one) for one in told)) == ["5", "9", "3", "1"]


def test_the_same_key_pressed_again_counts_again() -> None:
    assert heard(key("5", 1.0, 100), key("5", 1.14, 100), key("5", 1.28, 100)) == ["5", "5", "5"]


def test_the_same_key_of_another_caller_counts() -> None:
    assert heard(key("1", 1.0), key("1", 1.02, channel="clinic-2.0")) == ["1", "1"]
