"""The estimated wait: from how long calls last, and from how soon callers give up."""

from datetime import timedelta

import pytest

from clinicpbx.core.acd.pace import Pace

pytestmark = pytest.mark.unit
MINUTE = timedelta(minutes=1)


def paced(talk: timedelta = 3 * MINUTE, calls: int = 10) -> Pace:
    pace = Pace()
    for _ in range(calls):
        pace.saw(talk)
    return pace


def test_nothing_is_told_before_enough_is_known_or_while_nobody_serves() -> None:
    assert paced(calls=2).estimate(1, 3) is None
    assert paced().estimate(1, 0) is None


def test_without_losses_everybody_ahead_takes_an_agent_for_a_call() -> None:
    assert paced().estimate(4, 2) == 6 * MINUTE


def test_callers_who_give_up_shorten_the_wait_of_those_behind_them() -> None:
    pace = paced()
    for _ in range(20):
        pace.waited(5 * MINUTE, gave_up=True)
    # the line of 4 shrinks by two calls in three minutes, and by one caller in five minutes of waiting: exactly the
    # sum of 1 / (2/3 + i/5) minutes over i = 0 … 3, which is 4.12
    told = pace.estimate(4, 2)
    assert told is not None
    assert 3.6 * MINUTE < told < 4.2 * MINUTE


def test_who_was_served_counts_as_waiting_without_giving_up() -> None:
    pace, patient = paced(), paced()
    for _ in range(20):
        pace.waited(MINUTE, gave_up=True)
        patient.waited(MINUTE, gave_up=False)
    assert patient.estimate(5, 1) == 15 * MINUTE
    assert pace.estimate(5, 1) < patient.estimate(5, 1)


def test_a_clock_that_was_set_back_does_no_harm() -> None:
    pace = paced()
    pace.waited(-MINUTE, gave_up=True)
    assert pace.estimate(4, 2) == 6 * MINUTE
