"""A waiting call: what another queue once offered it, and who let it ring."""

import pytest

from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.commands import Note
from clinicpbx.core.events import CallArrived, DialEnded, OfferMade, PlaceTold
from tests.support.books import book, one_step
from tests.support.floors import START, at

pytestmark = pytest.mark.unit


def test_an_offer_left_over_from_another_queue_is_not_dialled() -> None:
    rules = book(only=one_step("enqueue", queue="nurse"))
    machine = CallMachine(CallArrived(at=START, flow="only", entry="100", version="1"), "c1", rules)
    machine.begin()
    assert machine.handle(OfferMade(at=at(1), queue="frontdesk", phones=("201",))) == []
    assert machine.handle(OfferMade(at=at(2), queue="nurse", phones=("204",))) != []


def test_a_place_in_another_queue_says_nothing_of_this_one() -> None:
    rules = book(only=one_step("enqueue", queue="nurse"))
    machine = CallMachine(CallArrived(at=START, flow="only", entry="100", version="1"), "c1", rules)
    machine.begin()
    assert machine.handle(PlaceTold(at=at(1), queue="frontdesk", position=1, staffed=False)) == []
    assert machine.handle(PlaceTold(at=at(2), queue="nurse", position=1, staffed=False)) != []


def test_the_record_is_told_whose_phones_rang_out() -> None:
    rules = book(only=one_step("enqueue", queue="nurse"))
    machine = CallMachine(CallArrived(at=START, flow="only", entry="100", version="1"), "c1", rules)
    machine.begin()
    machine.handle(OfferMade(at=at(1), queue="nurse", phones=("201", "202")))
    done = machine.handle(DialEnded(at=at(21), status="NOANSWER"))
    refused = {"queue": "nurse", "agents": ["201", "202"], "status": "NOANSWER"}
    assert [note.detail for note in done if isinstance(note, Note)] == [refused]
