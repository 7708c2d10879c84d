"""A waiting call and what another queue once offered it."""

import pytest

from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.events import CallArrived, OfferMade
from tests.support.books import book, one_step
from tests.support.floors import START, at

pytestmark = pytest.mark.unit


def test_an_offer_left_over_from_another_queue_is_not_dialled() -> None:
    rules = book(only=one_step("enqueue", queue="nurse"))
    machine = CallMachine(CallArrived(at=START, flow="only", entry="100", version="1"), "c1", rules)
    machine.begin()
    assert machine.handle(OfferMade(at=at(1), queue="frontdesk", phones=("201",))) == []
    assert machine.handle(OfferMade(at=at(2), queue="nurse", phones=("204",))) != []
