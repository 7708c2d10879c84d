"""The proof over the coming 400 days: what it finds is so, and the core's own calls agree with it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.events import CallArrived, DeadlineReached
from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import Rules, rules_from
from clinicpbx.rules.every_minute import asked_hours, windows_of
from clinicpbx.rules.proof import Proof

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
TODAY = date(2026, 11, 24)
LINE = HARBOR[HARBOR.index("  nurse-line:\n") : HARBOR.index("# ---- What we say")]
NEXT = "next: {open: nurse, lunch: nurse, closed: closed, holiday: closed}"


def harbor(instead: str = NEXT, *more: tuple[str, str], prove: bool = False) -> Rules:
    """The example clinic, *instead* what follows the nurse line's hours, and *more* replacements."""
    text = HARBOR.replace(LINE, LINE.replace(NEXT, instead))
    for old, new in more:
        assert old in text
        text = text.replace(old, new)
    return rules_from("clinic.yaml", text, TODAY, "1", prove=prove)


def proof(rules: Rules, name: str = "nurse-line") -> Proof:
    flow = rules.book.flows[name]
    return Proof(flow, windows_of({hours: rules.book.hours[hours] for hours in asked_hours(flow)}, TODAY))


def test_the_example_is_proved_in_each_of_its_situations() -> None:
    rules = harbor(prove=True)
    for flow in ("main", "nurse-line"):
        found = [window[0] for window in proof(rules, flow).windows if len(window) == 1]
        told = [
            (f"{one.at.astimezone(rules.book.hours['clinic'].zone):%a %d %b %H:%M}", one.state("clinic"))
            for one in found
        ]
        assert told == [
            ("Tue 24 Nov 00:00", "closed"),
            ("Tue 24 Nov 08:00", "open"),
            ("Tue 24 Nov 12:00", "lunch"),
            ("Thu 26 Nov 00:00", "holiday"),
        ]


@pytest.mark.parametrize(
    ("state", "when"),
    [
        ("closed", "on Tuesday 2026-11-24 at 00:00 (clinic: closed, "),
        ("lunch", "on Tuesday 2026-11-24 at 12:00 (clinic: lunch, lunch 12:00-13:00)"),
        ("holiday", "on Thursday 2026-11-26 at 00:00 (clinic: holiday, Thanksgiving Day)"),
    ],
)
def test_a_caller_hung_up_on_is_found_with_the_first_instant(state: str, when: str) -> None:
    states = {"open": "nurse", "lunch": "nurse", "closed": "closed", "holiday": "closed"} | {state: "goodbye"}
    instead = "next: {" + ", ".join(f"{key}: {step}" for key, step in states.items()) + "}"
    with pytest.raises(RulesRefused) as refused:
        harbor(instead, prove=True)
    (mistake,) = [each for each in refused.value.mistakes if not each.warning]
    assert mistake.path == "flows.nurse-line.steps.hours"
    assert mistake.problem.startswith(f"a caller is hung up on without a person, a message or a word, {when}")
    assert mistake.problem.endswith(": language → hours → goodbye")

    rules = harbor(instead)
    (found,) = proof(rules).dropped()
    at = found.window[0].at
    assert (found.step, found.steps) == ("hours", steps_of_a_silent_call(rules, at))
    before = at - timedelta(seconds=1)
    assert state == "closed" or steps_of_a_silent_call(rules, before) != found.steps, "a second earlier it was not so"


def steps_of_a_silent_call(rules: Rules, at: datetime) -> tuple[str, ...]:
    """The steps that the core itself takes a caller through who arrives at *at* and says nothing."""
    machine = CallMachine(CallArrived(at=at, flow="nurse-line", entry="+12075550101", version="1"), "c", rules.book)
    commands = machine.begin()
    while not machine.over and machine.kind != "enqueue":
        commands += machine.handle(DeadlineReached(at=at))
    return tuple(str(note.detail["name"]) for note in commands if getattr(note, "kind", "") == "step")


def test_a_menu_without_a_way_to_a_person_out_of_hours_is_found() -> None:
    closed = "0: on-call, timeout: frontdesk-message, invalid: frontdesk-message}\n      on-call"
    with pytest.raises(RulesRefused) as refused:
        harbor(NEXT, (closed, closed.replace("0: on-call", "0: frontdesk-message")), prove=True)
    (mistake,) = [each for each in refused.value.mistakes if not each.warning]
    assert mistake.path == "flows.main.steps.closed"
    assert mistake.problem.startswith("no key of this menu leads to a person, on Tuesday 2026-11-24 at 00:00")


def test_a_step_that_no_call_reaches_is_warned_of() -> None:
    warned = harbor(
        NEXT.replace("holiday: closed", "holiday: holiday"),
        ("    holidays: {country: US, region: ME}\n", ""),
        ("      closed:\n        play: closed\n        then: message\n",
         "      closed:\n        play: closed\n        then: message\n      holiday: {play: closed, then: message}\n"),
        prove=True,
    ).warnings  # fmt: skip
    assert ("flows.nurse-line.steps.holiday", "no call comes here within 400 days") in [
        (w.path, w.problem) for w in warned
    ]


def test_words_or_a_mailbox_settle_a_call_and_a_queue_that_nobody_answers_does_not() -> None:
    settled = harbor(NEXT, ("overflow: message, unstaffed: message", "overflow: closed, unstaffed: message"))
    assert list(proof(settled).dropped()) == []
    lost = harbor(NEXT, ("overflow: message, unstaffed: message", "overflow: goodbye, unstaffed: message"))
    (found,) = proof(lost).dropped()
    assert (found.step, found.steps) == ("nurse", ("language", "hours", "nurse", "goodbye"))
    assert found.window[0].state("clinic") == "open"


def test_words_do_not_settle_what_a_caller_waited_for() -> None:
    put_off = "      closed:\n        play: closed\n        then: message\n"
    rules = harbor(
        NEXT.replace("closed: closed", "closed: message").replace("holiday: closed", "holiday: message"),
        ("overflow: message, unstaffed: message", "overflow: closed, unstaffed: message"),
        (put_off, put_off.replace("then: message", "then: goodbye")),
    )
    (found,) = proof(rules).dropped()
    assert found.steps == ("language", "hours", "nurse", "closed", "goodbye")


def test_a_call_that_crosses_the_closing_time_is_walked() -> None:
    """Open when the call arrived, closed when it is asked again: a way that no single situation has."""
    rules = harbor(
        NEXT.replace("closed: closed", "closed: message"),
        ("overflow: message, unstaffed: message", "overflow: again, unstaffed: again"),
        ("      goodbye:\n        hangup: {}\n\n\n# ----", "      goodbye:\n        hangup: {}\n      again:\n"
         "        check_hours: clinic\n        next: {open: message, lunch: message, closed: goodbye, "
         "holiday: message}\n\n\n# ----"),
    )  # fmt: skip
    (found,) = proof(rules).dropped()
    assert found.steps == ("language", "hours", "nurse", "again", "goodbye")
    assert found.told(rules.book.hours["clinic"].zone) == (
        "on Tuesday 2026-11-24 just before 17:00 (clinic: open, Tuesday 08:00-17:00): language → hours → "
        "nurse (17:00 comes, clinic: closed, Tuesday 17:00 is outside the hours) → again → goodbye"
    )


def test_a_silent_caller_never_goes_round_for_ever() -> None:
    asked = "timeout: frontdesk, invalid: frontdesk}\n      frontdesk"
    (found,) = proof(harbor(NEXT, (asked, asked.replace("timeout: frontdesk", "timeout: menu"))), "main").circles()
    assert found.steps == ("menu", "menu")


def test_an_agentless_queue_is_no_person() -> None:
    flow, windows = proof(harbor(), "main").flow, proof(harbor(), "main").windows
    assert list(Proof(flow, windows).without_person()) == []
    assert "menu" in {found.step for found in Proof(flow, windows, frozenset({"frontdesk", "nurse"})).without_person()}


def test_rules_in_force_are_not_taken_away_by_the_passing_of_time() -> None:
    assert harbor(NEXT.replace("holiday: closed", "holiday: goodbye")).book.flows["nurse-line"]


def test_without_hours_there_is_one_situation_at_any_time() -> None:
    assert list(proof(harbor(), "queue-frontdesk").dropped()) == []
    plain = "flows:\n  plain: {steps: {hello: {answer: , then: bye}, bye: {hangup: {}}}}\n"
    line = proof(harbor(NEXT, ("301: {queue: nurse}", "301: {flow: plain}"), ("flows:\n", plain)), "plain")
    ((situation,),) = line.windows
    assert situation.at == datetime(2026, 11, 24, tzinfo=UTC)
    (found,) = line.dropped()
    assert found.told(None) == "at any time: hello → bye"
