"""Agents for a load: against published values, a simulation, and what must hold for every load."""

import heapq
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinicpbx.core.staffing.erlang import Expected, Load, Target, expected, needed, rostered, waits

pytestmark = pytest.mark.unit

LOADS = st.builds(Load, st.floats(0.1, 3000), st.floats(5, 1200), st.none() | st.floats(5, 3600))


@pytest.mark.parametrize(
    ("load", "agents", "share"), [(1, 1, 1.0), (1, 2, 1 / 3), (2, 3, 4 / 9), (10, 12, 0.4494), (0, 3, 0.0), (5, 3, 1.0)]
)
def test_erlang_c_has_its_known_values(load: float, agents: int, share: float) -> None:
    assert waits(load, agents) == pytest.approx(share, abs=5e-5)


def test_two_agents_for_one_erlang_by_hand() -> None:
    found = expected(Load(60, 60), 2, 0)
    assert found.in_time == pytest.approx(2 / 3)
    assert found.wait == pytest.approx(1 / 3 * 60)
    assert found.occupancy == pytest.approx(0.5)


def test_without_calls_nobody_waits_and_nobody_is_needed() -> None:
    assert expected(Load(0, 180), 0, 20) == Expected(0, 1.0, 0.0, 0.0, 0.0)
    assert needed(Load(0, 180), Target()).agents == 0


def test_too_few_agents_for_callers_who_never_give_up_are_overrun() -> None:
    assert expected(Load(200, 180), 10, 20) == Expected(10, 0.0, math.inf, 0.0, 1.0)


@pytest.mark.parametrize("patience", [None, 60.0])
def test_nobody_at_the_phones_answers_nobody(patience: float | None) -> None:
    found = expected(Load(20, 180, patience), 0, 20)
    assert found.in_time == 0.0
    assert found.abandoned == (0.0 if patience is None else pytest.approx(1.0))


def simulated(load: Load, agents: int, seconds: float, calls: int = 60_000) -> tuple[float, float, float]:
    """The shares in time and given up, and the mean wait, of callers taken in the order in which they came."""
    random, at, free = Random(7), 0.0, [0.0] * agents
    in_time = gone = waited = 0.0
    for _ in range(calls):
        at += random.expovariate(load.calls / 3600)
        wait, patience = max(0.0, free[0] - at), random.expovariate(1 / (load.patience or math.inf))
        waited += min(wait, patience)
        if wait > patience:
            gone += 1
            continue
        heapq.heapreplace(free, at + wait + random.expovariate(1 / load.handle))
        in_time += wait <= seconds
    return in_time / calls, gone / calls, waited / calls


@pytest.mark.parametrize("agents", [8, 10, 12])
def test_erlang_a_is_what_a_simulation_shows(agents: int) -> None:
    load = Load(200, 180, 120)
    found = expected(load, agents, 20)
    in_time, gone, waited = simulated(load, agents, 20)
    assert found.in_time == pytest.approx(in_time, abs=0.015)
    assert found.abandoned == pytest.approx(gone, abs=0.015)
    assert found.wait == pytest.approx(waited, rel=0.08)


def test_callers_of_endless_patience_are_erlang_c() -> None:
    patient, endless = (expected(Load(200, 180, p), 13, 20) for p in (None, 1e9))
    assert endless.in_time == pytest.approx(patient.in_time, abs=1e-6)
    assert endless.wait == pytest.approx(patient.wait, rel=1e-5)


@given(LOADS, st.integers(1, 400), st.floats(0, 600))
@settings(max_examples=150)
def test_one_agent_more_never_does_harm(load: Load, agents: int, seconds: float) -> None:
    fewer, more = (expected(load, n, seconds) for n in (agents, agents + 1))
    for found in (fewer, more):
        assert -1e-9 <= found.in_time <= 1 + 1e-9
        assert 0 <= found.abandoned <= 1
        assert 0 <= found.occupancy <= 1
    assert more.in_time >= fewer.in_time - 1e-9
    assert more.wait <= fewer.wait + 1e-6
    assert more.abandoned <= fewer.abandoned + 1e-9


@given(LOADS, st.floats(0.05, 0.99), st.floats(1, 300), st.floats(0.5, 0.95))
@settings(max_examples=60)
def test_the_least_number_that_holds_the_target_is_found(load: Load, share: float, seconds: float, busy: float) -> None:
    target = Target(share, seconds, busy)
    found = needed(load, target)
    assert found.in_time >= share
    assert found.occupancy <= busy
    fewer = expected(load, found.agents - 1, seconds)
    assert fewer.in_time < share or fewer.occupancy > busy


def test_breaks_and_illness_ask_for_more_on_the_roster() -> None:
    assert [rostered(7, share) for share in (0.0, 0.3, 0.5)] == [7, 10, 14]
