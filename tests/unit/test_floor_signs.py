"""What agents and supervisors decide is kept, shown on lamps, and told to the dialplan's fallback."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode, QueueMode
from clinicpbx.core.acd.results import AgentStateChanged, Result
from clinicpbx.core.rulebook import AgentRules, PhoneRules
from clinicpbx.daemon.floor_signs import FloorSigns
from clinicpbx.daemon.journal import Journal
from clinicpbx.daemon.journal_key import journal_sealing
from tests.support.floors import START, agent, at, queue, rules

pytestmark = pytest.mark.unit
FAY = AgentRules("fay", "", {"desk-1": 0}, number="4502")
BOOK = rules(queue("desk-1"), agent("ana", "201", **{"desk-1": 0}), FAY)
BOOK = replace(BOOK, phones={name: PhoneRules(name) for name in ("201", "204", "205")})


class House:
    def __init__(self, folder: Path) -> None:
        self.floor = Floor(BOOK, START)
        self.journal = Journal(folder / "journal.db", journal_sealing(folder / "keys"), Metrics())
        self.shown: dict[str, str] = {}
        self.signs = FloorSigns(self.journal, self.request, lambda: BOOK, self.floor)

    def request(self, method: str, uri: str, query: Mapping[str, str] | None, body: object) -> None:
        if method == "PUT":
            assert query is not None
            self.shown[uri.removeprefix("deviceStates/Stasis%3A")] = query["deviceState"]
        else:
            assert isinstance(body, Mapping)
            self.shown[body["variable"]] = body["value"]

    def follows(self, results: list[Result]) -> dict[str, str]:
        """What is shown anew."""
        self.shown = {}
        for result in results:
            if isinstance(result, AgentStateChanged):
                self.signs.keep(result)
            if isinstance(result, QueueMode):
                self.signs.keep_mode(result)
        return self.shown


def test_everything_is_shown_after_a_connect(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.signs.show_all()
    lamps = {f"{what}-{place}": "NOT_INUSE" for what in ("login", "pause") for place in ("201", "204", "205", "4502")}
    facts = {"CPBX_SHUT_deskX1": "0", "CPBX_DESKS_deskX1": "0"}
    assert house.shown == {**lamps, "mode-desk-1": "NOT_INUSE", **facts}


def test_a_desks_lamps_follow_its_agent_and_the_fallback_rings_it(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.signs.show_all()
    assert house.follows(house.floor.take_desk("fay", "204", at(0))[1]) == {
        "login-204": "INUSE", "login-4502": "INUSE", "CPBX_DESKS_deskX1": "PJSIP/phone-204",
    }  # fmt: skip
    assert house.follows(house.floor.pause("fay", at(1))) == {"pause-204": "INUSE", "pause-4502": "INUSE"}
    assert house.follows(house.floor.take_desk("fay", "205", at(2))[1]) == {
        "login-204": "NOT_INUSE", "pause-204": "NOT_INUSE", "login-205": "INUSE", "pause-4502": "NOT_INUSE",
        "CPBX_DESKS_deskX1": "PJSIP/phone-205",
    }  # fmt: skip
    moved = house.follows(house.floor.take_desk("fay", "201", at(3))[1])
    assert moved["CPBX_DESKS_deskX1"] == "0", "the rules say already that it is rung"
    assert house.follows(house.floor.log_out("fay", at(4))) == {"login-201": "NOT_INUSE", "login-4502": "NOT_INUSE"}
    house.journal.commit()
    assert {state.name: state.desk for state in house.journal.agents()} == {"fay": ""}


@pytest.mark.parametrize("mode", [Mode.FULL, Mode.CLOSED])
def test_a_mode_is_shown_until_it_ends(tmp_path: Path, mode: Mode) -> None:
    house, end = House(tmp_path), at(60)
    house.signs.show_all()
    decided = house.floor.decide(QueueMode("desk-1", mode, at(0), end, "maria"), at(0))
    assert house.follows(decided) == {"mode-desk-1": "INUSE", "CPBX_SHUT_deskX1": str(int(end.timestamp()))}
    assert house.follows(house.floor.deadline_reached(end)) == {"mode-desk-1": "NOT_INUSE", "CPBX_SHUT_deskX1": "0"}
