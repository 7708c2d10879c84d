"""Contacts of one need are one item, whatever order their rows come in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from clinicpbx.core.callflow.step import STEPS
from clinicpbx.core.inbox.category import Category, with_general
from clinicpbx.core.inbox.changes import Actor, Call, Claim, Close, Note, Refusal, Release, Reopen, changed
from clinicpbx.core.inbox.contact import Contact, contact_of
from clinicpbx.core.inbox.item import Item
from clinicpbx.core.inbox.merge import Merge, merged
from clinicpbx.core.records.call_record import Interaction, QueueEntry
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.private import Private

pytestmark = pytest.mark.unit
T0 = datetime(2026, 11, 24, 15, tzinfo=UTC)
CATEGORIES = with_general(
    {
        "refill": Category("refill", "Refill", timedelta(hours=8), queue="nurse", mailboxes=("refills",), priority=2),
        "billing": Category("billing", "Billing", timedelta(hours=2), queues=("billing",), outcomes=("paid",)),
    }
)
BOOK = Rulebook("1", {}, categories=CATEGORIES)
NUMBER, OTHER, THIRD = "+12125550147", "+12125550148", "+12125550149"
ANA, BEN, SUE = Actor("ana"), Actor("ben"), Actor("sue", supervisor=True)


def minutes(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


def contact(call: str, kind: str, minute: float, number: str = NUMBER, category: str = "", **more: object) -> Contact:
    record = Interaction(
        call,
        "outbound" if kind == "called" else "inbound",
        "outbound" if kind == "called" else kind,  # type: ignore[arg-type]
        minutes(minute) - timedelta(minutes=1),
        minutes(minute),
        Private(number),
        category=category,
        **more,  # type: ignore[arg-type]
    )
    found = contact_of(record, number, BOOK)
    assert found is not None
    return found


def after(*contacts: Contact, items: tuple[Item, ...] = ()) -> list[Item]:
    return list(merged(BOOK, items, {}, contacts).items.values())


VOICEMAIL = contact("v", "voicemail", 0, mailbox="frontdesk", message="m1")
ABANDONED = contact("a", "abandoned", 1)
PROMISED = contact("p", "callback", 2, callback="promised")
ANSWERED = contact("w", "answered", 5)


def test_a_message_an_abandoned_call_and_a_call_back_are_one_item() -> None:
    (item,) = after(VOICEMAIL, ABANDONED, PROMISED)
    assert [one.kind for one in item.contacts] == ["voicemail", "abandoned", "callback"]
    assert (item.open, item.waiting, item.opened, item.touched) == (True, True, minutes(0), minutes(2))


def test_every_order_of_open_needs_gives_one_item() -> None:
    for order in permutations((VOICEMAIL, ABANDONED, PROMISED)):
        merge = Merge(BOOK)
        for one in order:
            merge.take(one)
        (item,) = merge.items.values()
        assert {one.call for one in item.contacts} == {"v", "a", "p"}


def test_whoever_is_answered_later_needs_no_follow_up() -> None:
    (item,) = after(ABANDONED, PROMISED, ANSWERED)
    assert (item.open, item.outcome, item.closed) == (False, "answered", minutes(5))


def test_a_message_is_still_to_be_heard() -> None:
    (item,) = after(VOICEMAIL, ABANDONED, ANSWERED)
    assert item.open
    assert {one.call: one.settled for one in item.contacts} == {"v": False, "a": True, "w": True}


def test_what_comes_after_the_answer_is_a_new_item() -> None:
    old, new = after(ABANDONED, ANSWERED, contact("b", "abandoned", 9))
    assert (old.open, new.open, new.id) == (False, True, -1)


def test_an_abandoned_call_whose_rows_come_after_those_of_the_answer_closes_at_once() -> None:
    (item,) = merged(BOOK, (), {NUMBER: minutes(5)}, [ABANDONED]).items.values()
    assert (item.open, item.outcome, item.closed) == (False, "answered", minutes(5))


def given(one: Contact, number: str) -> Contact:
    """The contact of a caller who keys that *number* to be called at."""
    return replace(one, given=Private(number))


def test_the_number_that_the_patient_keyed_is_called_and_both_lead_to_the_item() -> None:
    typed = given(VOICEMAIL, OTHER)
    (item,) = after(typed, contact("a", "abandoned", 1), contact("b", "abandoned", 2, OTHER))
    assert (item.number.value, item.numbers, len(item.contacts)) == (OTHER, {NUMBER, OTHER}, 3)
    (item,) = after(contact("b", "abandoned", -1, OTHER), typed)
    assert item.number.value == OTHER


def test_the_number_that_was_keyed_last_is_called_also_where_its_rows_come_late() -> None:
    first, last = given(VOICEMAIL, OTHER), given(contact("v2", "voicemail", 3, mailbox="frontdesk"), THIRD)
    for order in ((first, last), (VOICEMAIL, first, last), (first, last, first), (ABANDONED, first, last, first)):
        merge = Merge(BOOK)
        for one in order:
            merge.take(one)
        (item,) = merge.items.values()
        assert item.number.value == THIRD
    merge = Merge(BOOK)
    merge.take(VOICEMAIL)
    merge.take(first)
    assert [item.number.value for item in merge.items.values()] == [OTHER]


def test_unknown_numbers_are_items_of_their_own() -> None:
    assert len(after(contact("x", "abandoned", 0, ""), contact("y", "abandoned", 1, ""))) == 2


def test_two_needs_are_two_items_and_what_names_none_joins_the_latest() -> None:
    refill = contact("r", "voicemail", 0, mailbox="refills", message="m")
    billing = contact("b", "abandoned", 1, category="billing")
    one, two = after(refill, billing, contact("a", "abandoned", 2))
    assert (one.category, two.category, [c.call for c in two.contacts]) == ("refill", "billing", ["b", "a"])
    answered = contact("w", "answered", 3, category="refill")
    assert answered in after(refill, billing, answered)[0].contacts


def test_a_named_need_names_the_item_and_brings_its_due_time_forward() -> None:
    (item,) = after(ABANDONED, contact("b", "abandoned", 2, category="billing"))
    assert (item.category, item.due) == ("billing", minutes(2) + timedelta(hours=2))
    (item,) = after(ABANDONED, contact("r", "voicemail", 2, mailbox="refills", message="m"))
    assert (item.category, item.queue, item.priority) == ("refill", "nurse", 2)
    assert item.due == minutes(1) + timedelta(hours=4), "never later than the first contact asked for"


def test_who_gives_up_at_once_opens_nothing_but_counts_where_something_is_open() -> None:
    short = contact_of(
        Interaction("s", "inbound", "abandoned", minutes(0), minutes(0.05), Private(NUMBER)), NUMBER, BOOK
    )
    assert short is not None
    assert after(short) == []
    assert len(after(ABANDONED, replace(short, at=minutes(2)))[0].contacts) == 2


@pytest.mark.parametrize("outcome", ["interrupted", "failed"])
def test_a_call_that_we_lost_is_followed_up(outcome: str) -> None:
    (item,) = after(contact("i", outcome, 0))
    assert (item.open, item.category) == (True, "abandoned")


@pytest.mark.parametrize("kind", ["answered", "informed", "called"])
def test_what_needs_nobody_opens_nothing(kind: str) -> None:
    assert after(contact("n", kind, 0)) == []


def test_calls_inside_and_to_the_emergency_number_are_no_contacts() -> None:
    for kind in ("internal", "emergency"):
        record = Interaction("c", kind, kind, T0, T0, Private("201"))  # type: ignore[arg-type]
        assert contact_of(record, "", BOOK) is None
    assert contact_of(Interaction("c", "outbound", "outbound", T0, T0, Private("201")), "", BOOK) is None


def test_the_queue_says_what_is_wanted() -> None:
    waited = QueueEntry("billing", minutes(0), minutes(1), "abandoned")
    (item,) = after(contact("q", "abandoned", 1, queues=(waited,)))
    assert (item.category, item.queue) == ("billing", "billing")


def test_taken_again_nothing_changes() -> None:
    contacts = (VOICEMAIL, ABANDONED, PROMISED, ANSWERED)
    once = tuple(after(*contacts))
    again = merged(BOOK, once, {}, contacts)
    assert tuple(again.items.values()) == once
    assert again.happened == []


def test_a_call_back_that_reached_the_patient_closes_and_one_that_did_not_stays() -> None:
    once = tuple(after(ABANDONED, PROMISED))
    done = contact("p", "callback", 2, callback="done", tries=2, called_back=minutes(20))
    (item,) = after(done, items=once)
    assert (item.outcome, item.closed, item.contacts[1].tries) == ("called-back", minutes(20), 2)
    (item,) = after(contact("p", "callback", 2, callback="unreached", tries=3), items=once)
    assert (item.open, item.contacts[1].state) == (True, "unreached")
    assert after(done) == [], "nothing is left to do when the record is first seen"


def test_a_record_that_was_wrong_at_first_is_put_right() -> None:
    once = tuple(after(ABANDONED))
    (item,) = after(replace(ANSWERED, call="a", at=minutes(1), talked_at=minutes(1)), items=once)
    assert (item.open, item.outcome) == (False, "answered")
    (item,) = after(replace(VOICEMAIL, call="a", at=minutes(1)), items=(item,))
    assert (item.open, item.outcome, item.owner) == (True, "", "")


def test_a_call_that_was_part_of_another_is_withdrawn() -> None:
    merge = merged(BOOK, after(ABANDONED), {}, ())
    merge.withdraw("a", minutes(3))
    merge.withdraw("a", minutes(3))
    merge.withdraw("other", minutes(3))
    (item,) = merge.items.values()
    assert (item.open, item.outcome) == (False, "joined")
    assert len(merge.happened) == 2


def test_an_attempt_that_somebody_noted_becomes_the_call_on_record() -> None:
    (item,) = after(ABANDONED)
    noted = Contact("item-0-1", "tried", minutes(3), item.number, settled=True)
    (item,) = after(contact("o", "called", 4), items=(replace(item, contacts=(*item.contacts, noted)),))
    assert [(one.call, one.incoming) for one in item.contacts] == [("a", True), ("o", False)]
    (item,) = after(contact("late", "called", 40), items=(replace(item, contacts=(*item.contacts, noted)),))
    assert [one.kind for one in item.contacts if not one.incoming] == ["called", "tried", "called"]


def test_one_that_a_person_opened_again_stays_open_when_the_patient_is_answered() -> None:
    (item,) = after(ABANDONED, ANSWERED)
    again = changed(item, Reopen(), ANA, minutes(30), BOOK)
    assert isinstance(again, Item)
    assert again.due == minutes(30) + timedelta(hours=4)
    assert after(contact("w2", "answered", 40), items=(again,))[0].open
    assert not after(contact("a2", "abandoned", 50), contact("w3", "answered", 60), items=(again,))[0].open


def item(**more: object) -> Item:
    return replace(after(VOICEMAIL)[0], **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "change", "by", "refused"),
    [
        (item(), Claim(), ANA, ""),
        (item(owner="ana"), Claim(), BEN, "is claimed by ana"),
        (item(), Release(), ANA, "is nobody's"),
        (item(owner="ana"), Release(), ANA, ""),
        (item(owner="ana"), Release(), BEN, "the owner or a supervisor"),
        (item(owner="ana"), Release(), SUE, ""),
        (item(), Note(" "), ANA, "needs words"),
        (item(owner="ben"), Note("asked for Monday"), ANA, ""),
        (item(owner="ana"), Call(), BEN, "is claimed by ana"),
        (item(), Call(), BEN, ""),
        (item(), Close("reached"), ANA, ""),
        (item(), Close("whatever"), ANA, "is no outcome of message: reached"),
        (item(category="billing"), Close("reached"), ANA, "is no outcome of billing: paid"),
        (item(category="gone"), Close("reached"), ANA, ""),
        (item(owner="ana"), Close("reached"), BEN, "is claimed by ana"),
        (item(closed=T0, outcome="done"), Close("reached"), ANA, "is closed: done"),
        (item(closed=T0, outcome="done"), Claim(), ANA, "is closed: done"),
        (item(), Reopen(), ANA, "is open"),
        (item(closed=T0, category="gone"), Reopen(), ANA, ""),
    ],
)
def test_what_people_may_do(held: Item, change: object, by: Actor, refused: str) -> None:
    found = changed(held, change, by, minutes(9), BOOK)  # type: ignore[arg-type]
    assert (refused in found.why) if isinstance(found, Refusal) else refused == ""


def test_closing_names_an_owner_and_settles_its_contacts() -> None:
    done = changed(item(), Close("reached"), ANA, minutes(9), BOOK)
    assert isinstance(done, Item)
    assert (done.owner, done.outcome, done.closed, done.waiting) == ("ana", "reached", minutes(9), False)
    with pytest.raises(TypeError):
        changed(item(), "nonsense", ANA, T0, BOOK)  # type: ignore[arg-type]


def test_the_request_step_names_the_category() -> None:
    left = STEPS["request"](category="refill").enter(None, T0)
    assert (left.outcome, left.do[0].kind, left.remember) == ("done", "request", {"category": "refill"})


def test_who_accepted_the_page_about_a_message_has_its_item() -> None:
    [item] = after(VOICEMAIL, contact("v", "voicemail", 0, mailbox="frontdesk", message="m1", paged="chen"))
    assert (item.owner, item.open) == ("chen", True)


def test_what_came_of_a_page_closes_the_item_once() -> None:
    closed = contact("v", "voicemail", 0, mailbox="frontdesk", message="m1", paged="chen", page_outcome="advised")
    [item] = after(VOICEMAIL, closed)
    assert (item.owner, item.outcome, item.waiting) == ("chen", "advised", False)
    opened = changed(item, Reopen(), SUE, minutes(60), BOOK)
    assert isinstance(opened, Item)
    [again] = after(closed, items=(opened,))
    assert again.open, "what a person opened again stays open"


def test_a_page_takes_nothing_from_who_has_it_and_leaves_other_needs_open() -> None:
    [item] = after(VOICEMAIL, contact("x", "voicemail", 3, mailbox="frontdesk", message="m2"))
    claimed = changed(item, Claim(), ANA, minutes(4), BOOK)
    assert isinstance(claimed, Item)
    paged = contact("v", "voicemail", 0, mailbox="frontdesk", message="m1", paged="chen", page_outcome="advised")
    [both] = after(paged, items=(claimed,))
    assert (both.owner, both.open) == ("ana", True)
