"""What a test call hears: prompts in order, the key after each, and the one that is wrong by its name."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinicpbx.adapters.ari.hearing import heard
from clinicpbx.core.callflow.flow import Flow
from clinicpbx.core.selftest.due import due
from clinicpbx.core.selftest.walk import (
    FALLBACK,
    RULES,
    Answered,
    Gone,
    Heard,
    PromptBegan,
    PromptsEnded,
    Reached,
    Ready,
    SoundBegan,
    SoundEnded,
    TimePassed,
    Walk,
)
from clinicpbx.core.selftest.way import keys_to_people
from tests.support.books import book, node, one_step
from tests.support.tape import T0

pytestmark = pytest.mark.unit


class Line:
    """A walk, and what happens in it: seconds, and what."""

    def __init__(self, path: str = RULES, **keys: str) -> None:
        self.walk = Walk("+12075550100", path, T0, keys)
        self.pressed: list[str] = []

    def hears(self, *events: tuple[float, type[Heard], object] | tuple[float, type[Heard]]) -> "Line":
        for seconds, kind, *detail in events:
            if key := self.walk.hear(kind(T0 + timedelta(seconds=seconds), *detail)):
                self.pressed.append(key)
        return self

    @property
    def problem(self) -> str:
        assert self.walk.over
        return self.walk.finding.problem


def test_a_walk_that_hears_everything_has_no_problem() -> None:
    line = Line(choose="1", menu="2").hears(
        (0.1, Answered),
        (0.2, PromptBegan, "en/choose"),
        (0.3, SoundBegan),
        (1.2, PromptBegan, "es/choose"),
        (2.2, PromptsEnded, True),
        (2.3, PromptBegan, "en/menu"),
        (4.0, SoundEnded),
        (4.1, PromptsEnded, True),
        (4.2, Reached, "frontdesk"),
        (5.2, SoundBegan),
        (5.8, Gone),
    )
    assert line.pressed == ["1", "2"]
    finding = line.walk.finding
    assert (line.problem, finding.ok, finding.reached) == ("", True, "frontdesk")
    assert finding.prompts == ("en/choose", "es/choose", "en/menu")
    assert (finding.answered, finding.sounded) == (timedelta(seconds=0.1), timedelta(seconds=0.3))
    assert line.hears((9, PromptBegan, "en/late")).walk.finding == finding, "after its end nothing counts"
    assert line.walk.call.startswith("selftest-rules-12075550100-")
    assert not line.walk.ear.startswith(line.walk.call)


def test_a_silent_prompt_between_loud_ones_is_named() -> None:
    line = Line(choose="1").hears(
        (0.1, Answered),
        (0.2, PromptBegan, "en/choose"),
        (0.2, SoundBegan),
        (1.2, PromptBegan, "es/choose"),
        (1.4, SoundEnded),
        (2.2, PromptsEnded, True),
    )
    assert line.problem == "the prompt es/choose is silent"
    assert line.pressed == []


def test_a_prompt_that_is_not_there_takes_no_time_and_is_named() -> None:
    line = Line().hears(
        (0.1, Answered),
        (0.2, PromptBegan, "en/choose"),
        (0.2, SoundBegan),
        (1.2, PromptBegan, "es/choose"),
        (1.2, PromptBegan, "fr/choose"),
    )
    assert line.problem == "the prompt es/choose is silent"


def test_a_prompt_that_asterisk_cannot_play_is_named() -> None:
    line = Line().hears((0.1, Answered), (0.2, PromptBegan, "en/about"), (0.2, PromptsEnded, False))
    assert line.problem == "the prompt en/about cannot be played"


def test_a_prompt_that_our_own_key_cut_short_is_not_called_silent() -> None:
    asked = ((0.1, Answered), (0.2, PromptBegan, "en/menu"), (0.2, SoundBegan), (1.2, PromptsEnded, True))
    again = ((1.3, PromptBegan, "en/menu"), (1.3, PromptsEnded, False), (1.4, Reached, "desk"))
    line = Line(menu="1").hears(*asked, *again, (2.4, SoundBegan), (3, Gone))
    assert (line.problem, line.pressed) == ("", ["1"])


@pytest.mark.parametrize(
    ("events", "problem"),
    [
        ([(10.0, TimePassed)], "not answered within 10 s"),
        ([(9.0, TimePassed), (9.5, Gone)], "the call was refused"),
        ([(0.1, Answered), (8.1, TimePassed)], "nothing was heard within 8 s"),
        ([(0.1, Answered), (1, SoundBegan), (2, Gone)], "the call was cut off"),
        ([(0.1, Answered), (1, SoundBegan), (8.1, TimePassed), (180, TimePassed)], "nobody was reached within 180 s"),
        ([(0.1, Answered), (1, Reached, "")], "the daemon did not take the call; the fallback did"),
        ([(0.1, Answered), (1, Reached, "desk"), (3, Gone)], "the test leg was not heard"),
        ([(0.1, Answered), (0.5, SoundBegan), (1, Reached, "desk"), (3, Gone)], "the test leg was not heard"),
        ([(0.1, Answered), (1, Reached, "desk"), (7, TimePassed)], "the test leg was not heard"),
    ],
)
def test_what_goes_wrong_is_said(events, problem: str) -> None:
    assert Line().hears(*events).problem == problem


def test_the_fallback_is_expected_where_it_is_tested() -> None:
    line = Line(FALLBACK).hears((0.1, Answered), (1, Reached, ""), (2, SoundBegan), (2.6, SoundEnded), (3, Gone))
    assert (line.problem, line.walk.reached) == ("", "fallback")


def test_the_way_leads_to_people_by_the_shortest_keys() -> None:
    assert keys_to_people(book(), "main") == {"choose": "1", "menu": "0"}, "of keys that lead as far, the first"
    steps = {
        "ask": node("language", {"done": "first"}, prompt="choose", keys={"3": "es", "1": "en"}),
        "first": node("menu", {"1": "about", "2": "second", "timeout": "desk"}, prompt="first", keys=("1", "2")),
        "second": node("menu", {"9": "desk", "8": "message"}, prompt="second", keys=("8", "9")),
        "about": node("play", {"done": "bye"}, prompt="about"),
        "desk": node("enqueue", queue="frontdesk"),
        "message": node("voicemail", mailbox="frontdesk"),
        "bye": node("hangup"),
    }
    assert keys_to_people(book(deep=Flow("ask", steps)), "deep") == {
        **keys_to_people(book(), "main"),
        "choose": "3",
        "first": "2",
        "second": "9",
    }


def test_without_people_the_way_leads_to_a_message() -> None:
    steps = {
        "menu": node("menu", {"1": "bye", "5": "message"}, prompt="night", keys=("1", "5")),
        "message": node("voicemail", mailbox="frontdesk"),
        "bye": node("hangup"),
    }
    assert keys_to_people(book(night=Flow("menu", steps)), "night")["night"] == "5"
    assert "hello" not in keys_to_people(book(said=one_step("play", prompt="hello")), "said")


def test_it_is_due_once_at_each_time_of_day_by_the_clinics_own_clock() -> None:
    times = (time(3, 30, tzinfo=ZoneInfo("America/New_York")), time(12, 0, tzinfo=UTC))
    half_past = datetime(2030, 1, 7, 8, 30, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert due(times, half_past - second, half_past)
    assert not due(times, half_past, half_past + second)
    assert not due(times, half_past - 2 * second, half_past - second)
    assert due(times, half_past.replace(hour=11, minute=59), half_past.replace(hour=12, minute=1))
    assert not due((), half_past - second, half_past)


def test_a_time_that_was_slept_through_is_made_up_for_within_an_hour() -> None:
    times, at = (time(23, 50, tzinfo=UTC),), datetime(2030, 1, 7, 23, 50, tzinfo=UTC)
    assert due(times, at - timedelta(hours=9), at + timedelta(minutes=20)), "past midnight it is yesterday's"
    assert not due(times, at - timedelta(hours=9), at + timedelta(hours=2))


EAR, CALL = "listen-1", "selftest-1"


def of(channel: str, kind: str, **more) -> dict:
    return {"type": kind, "channel": {"id": channel, "state": more.pop("state", "Up")}, **more}


def playing(kind: str, uri: str, state: str = "playing", target: str = CALL) -> dict:
    return {"type": kind, "playback": {"media_uri": uri, "state": state, "target_uri": f"channel:{target}"}}


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (of(EAR, "StasisStart"), Ready(T0)),
        (of(EAR, "ChannelStateChange"), Answered(T0)),
        (of(EAR, "ChannelStateChange", state="Ringing"), None),
        (of(CALL, "ChannelStateChange"), None),
        (of(EAR, "ChannelTalkingStarted"), SoundBegan(T0)),
        (of(EAR, "ChannelTalkingFinished"), SoundEnded(T0)),
        (of(EAR, "ChannelDestroyed"), Gone(T0)),
        (of(CALL, "ChannelDestroyed"), None),
        (playing("PlaybackStarted", "sound:/home/x/prompts/en/main-menu"), PromptBegan(T0, "en/main-menu")),
        (playing("PlaybackStarted", "sound:digits/5"), PromptBegan(T0, "digits/5")),
        (playing("PlaybackStarted", "sound:digits/5", target="another"), None),
        (playing("PlaybackFinished", "sound:x", "done"), PromptsEnded(T0, True)),
        (playing("PlaybackFinished", "sound:x", "failed"), PromptsEnded(T0, False)),
        (of(CALL, "ChannelUserevent", eventname="CPBXReached", userevent={"Step": "desk"}), Reached(T0, "desk")),
        (of(CALL, "ChannelUserevent", eventname="CPBXAccepted", userevent={}), None),
    ],
)
def test_asterisks_words_for_a_test_call(message: dict, told: Heard | None) -> None:
    assert heard(message, EAR, CALL, T0) == told
