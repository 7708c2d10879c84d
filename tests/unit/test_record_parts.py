"""Calls made by hand, where a part of the record hangs on one condition that no recorded call turns on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clinicpbx.core.inbox.attempt import INTERRUPTED, NOT_PICKED_UP, Attempt
from clinicpbx.core.inbox.contact import contact_of
from clinicpbx.core.records.assemble import Group, assemble_all
from clinicpbx.core.records.call_record import Interaction, Offer, QueueEntry
from clinicpbx.core.records.legs import Leg
from clinicpbx.core.records.parties import Parties, length_of, worked
from clinicpbx.core.records.rows import CelRow, Fact
from clinicpbx.core.rulebook import Rulebook
from tests.support.record_tables import read_table

pytestmark = pytest.mark.unit
TABLES = Path(__file__).parents[1] / "scenario" / "records"
T0 = datetime(2026, 11, 24, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def group(name: str) -> Group:
    return read_table(TABLES / f"{name}.txt").group()


def assembled(rows: Group, facts: Sequence[Fact]) -> list[Interaction]:
    return assemble_all(Group(rows.cdr, rows.cel, facts, rows.lost))


def said(second: float, kind: str, **body: Any) -> Fact:
    return Fact("c.1", T0 + second * SECOND, kind, body)


def test_a_queue_that_an_agent_asked_in_vain_is_none_that_the_patient_waited_in() -> None:
    rows = group("consultation_with_a_queue")
    asking = next(fact.call for fact in rows.facts if fact.kind == "consults")
    (asked,) = assembled(rows, rows.facts)
    assert [stay.queue for stay in asked.queues] == ["frontdesk", "nurse"]
    facts = [
        fact._replace(kind="abandoned", body={}) if (fact.call, fact.kind) == (asking, "answered") else fact
        for fact in rows.facts
    ]
    (in_vain,) = assembled(rows, facts)
    assert [stay.queue for stay in in_vain.queues] == ["frontdesk"]
    assert [offer.agent for offer in in_vain.offers] == ["201"]


def test_who_is_sent_on_blindly_after_a_queue_was_asked_in_vain_is_not_in_that_queue() -> None:
    rows = group("joined_to_a_queue_and_hung_up_while_it_rings")
    (left,) = [row for row in rows.cel if row.kind == "ATTENDEDTRANSFER"]
    extra = {"extension": "203", "transferee_channel_uniqueid": left.extra["transferee_channel_uniqueid"]}
    blind = left._replace(kind="BLINDTRANSFER", extra=extra)
    cel = [blind if row is left else row for row in rows.cel]
    records = {record.kind: record for record in assemble_all(Group(rows.cdr, cel, rows.facts))}
    assert [stay.queue for stay in records["inbound"].queues] == ["desk"]


def test_who_is_taken_out_of_a_queue_while_the_daemon_is_away_was_answered_in_it() -> None:
    rows = group("joined_to_a_queue_that_answers")
    (told,) = assembled(rows, rows.facts)
    heard = [fact for fact in rows.facts if fact.body.get("agent") != "204"]
    (away,) = assembled(rows, [fact for fact in heard if (fact.kind, fact.call) != ("queued", told.call)])
    assert [(stay.queue, stay.agent) for stay in away.queues] == [("nurse", "204")]
    (stay,) = away.queues
    assert (stay.entered, stay.talk) == (told.queues[-1].entered, told.queues[-1].talk)


@pytest.mark.parametrize(("after", "outcome"), [("first", "answered"), ("last", "voicemail")])
def test_who_left_a_message_and_was_talked_with_afterwards_was_answered(after: str, outcome: str) -> None:
    rows = group("transferred_three_times")
    (call,) = {fact.call for fact in rows.facts if fact.kind == "arrived"}
    exits = [row.at for row in rows.cel if row.kind == "BRIDGE_EXIT" and row.uniqueid == call]
    at = (exits[0] if after == "first" else exits[-1]) + timedelta(milliseconds=100)
    message = Fact(call, at, "message", {"mailbox": "desk", "message": "m1"})
    (record,) = assembled(rows, sorted([*rows.facts, message], key=lambda fact: fact.at))
    assert (record.outcome, record.message) == (outcome, "m1")


@pytest.mark.parametrize(
    ("first", "result"), [([said(0, "arrived", entry="201")], INTERRUPTED), ([], NOT_PICKED_UP)], ids=["came", "not"]
)
def test_an_attempt_without_an_end_was_interrupted_if_the_phone_was_picked_up(first: list[Fact], result: str) -> None:
    made = said(1, "item", attempt="item-7-20261124T080000000000")
    (record,) = assemble_all(Group([], [], [*first, made, said(2, "ended", outcome="internal")]))
    assert record.attempts == (Attempt("item-7-20261124T080000000000", T0 + SECOND, result),)


@pytest.mark.parametrize(("rang", "queue"), [(-5, ""), (-0.5, ""), (0, "desk"), (3, "desk"), (3.5, "")])
def test_a_phone_rings_for_a_queue_from_its_offer_on_for_a_moment(rang: float, queue: str) -> None:
    legs = [
        Leg("c.1", "c.1", "PJSIP/trunk-line-00000001", "100", "cpbx-from-trunk", "", T0),
        Leg("c.2", "c.1", "PJSIP/phone-201-00000002", "s", "", "", T0 + (9 + rang) * SECOND, dialled=True),
    ]
    offers = [Offer("desk", "201", T0 + 9 * SECOND, "noanswer")]
    _, phone = Parties("c.1", (), offers, "", (), T0 + 60 * SECOND).of(legs, [])
    assert (phone.role, phone.party, phone.queue) == ("agent", "201", queue)


@pytest.mark.parametrize(
    ("name", "source", "told"),
    [
        ("answered_from_queue", "", ""),
        ("answered_from_queue", "other side", "agent"),
        ("answered_from_queue", "dialplan/builtin", "system"),
        ("transfer_to_the_outside", "other side", "other"),
        ("phone_of_the_agent_dies_in_talk", "", "system"),
        ("transferred_to_a_busy_phone", "", "system"),
    ],
)
def test_who_ended_a_talk_is_read_from_either_side_and_else_not_known(name: str, source: str, told: str) -> None:
    rows = group(name)
    (call,) = assembled(rows, rows.facts)
    other = call.legs[-1].channel

    def ended(row: CelRow) -> CelRow:
        mine = row.uniqueid == call.call
        said = "" if mine and source == "other side" else other if source == "other side" else source
        return row._replace(extra={**row.extra, "hangupsource": said}) if row.kind == "HANGUP" else row

    (record,) = assemble_all(Group(rows.cdr, [ended(row) for row in rows.cel], rows.facts))
    assert record.hangup == told


@pytest.mark.parametrize("context", ["cpbx-arrive", "cpbx-fallback"])
def test_our_number_is_as_the_rules_write_it_however_the_carrier_does(context: str) -> None:
    rows = group("transferred_three_times")

    def spelled(row: CelRow) -> CelRow:
        if row.kind == "CHAN_START" and row.context == "cpbx-from-trunk" and row.exten != "s":
            return row._replace(exten=row.exten.removeprefix("+1"))
        return row._replace(context=context) if row.context == "cpbx-arrive" else row

    for facts in (rows.facts, []):
        (record,) = assemble_all(Group(rows.cdr, [spelled(row) for row in rows.cel], facts))
        assert record.did == "+12075550100"


def test_without_the_rows_of_channels_our_number_is_that_of_the_first_arrival() -> None:
    rows = group("transfer_to_a_queue")
    (record,) = assemble_all(Group([], [], rows.facts))
    assert record.did == "+12075550100"


@pytest.mark.parametrize(
    ("events", "paged"),
    [
        ([("accepted", "chen", ""), ("closed", "desk", "advised")], ("chen", "advised")),
        ([("declined", "chen", ""), ("closed", "desk", "advised")], ("desk", "advised")),
        ([("declined", "chen", "")], ("", "")),
    ],
)
def test_who_accepted_a_page_is_named_before_who_closed_it(
    events: list[tuple[str, str, str]], paged: tuple[str, str]
) -> None:
    facts = [said(n, "page", event=event, who=who, result=result) for n, (event, who, result) in enumerate(events)]
    (record,) = assemble_all(Group([], [], [*facts, said(9, "ended", outcome="voicemail")]))
    assert (record.paged, record.page_outcome) == paged


def test_who_on_call_was_rung_by_another_trunk_is_named_and_nobody_dialled_later() -> None:
    rows = group("nobody_on_call_answers")
    rung = [row for row in rows.cel if row.channel.startswith("PJSIP/trunk-mobiles")]

    def later(row: CelRow, seconds: int, n: int) -> CelRow:
        name = row.channel.replace("mobiles", f"t{n}")
        return row._replace(uniqueid=f"{row.uniqueid}{n}", channel=name, at=row.at + seconds * SECOND)

    told = [fact._replace(at=fact.at + 20 * SECOND) if fact.kind == "dial_ended" else fact for fact in rows.facts]
    cel = [*rows.cel, *(later(row, 8, 1) for row in rung), *(later(row, 30, 2) for row in rung)]
    (record,) = assembled(Group(rows.cdr, cel, told), [fact for fact in told if fact.body.get("target") != "egan"])
    assert [(leg.role, leg.party) for leg in record.legs[1:]] == [
        ("oncall", "chen"),
        ("oncall", "chen"),
        ("outside", ""),
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("transferred_to_a_busy_phone", "interrupted"),
        ("transferred_to_the_outside_and_hung_up_there", "abandoned"),
        ("joined_to_a_queue_and_hung_up_while_it_rings", "abandoned"),
        ("joined_to_a_queue_that_nobody_is_left_in", "interrupted"),
        ("phone_of_the_agent_dies_in_talk", "interrupted"),
        ("phone_of_the_patient_dies_in_talk", "interrupted"),
        ("hung_up_in_the_moment_of_the_answer", "short"),
        ("transferred_three_times", "answered"),
    ],
)
def test_whoever_got_lost_on_the_way_waits_for_somebody(name: str, kind: str) -> None:
    rows = group(name)
    (record,) = assembled(rows, rows.facts)
    contact = contact_of(record, "+12075550141", Rulebook("1", {}))
    assert contact is not None
    assert contact.kind == kind
    assert contact.settled is (kind in ("short", "answered"))


def test_work_told_before_a_stay_began_was_another_calls() -> None:
    stay = QueueEntry("desk", T0 + 20 * SECOND, T0 + 30 * SECOND, "answered", "201")
    before, later = (said(at, "wrapped_up", queue="desk", phone="201", ms=ms) for at, ms in ((10, 1000), (60, 2000)))
    assert [each.wrap for each in worked([stay], [], [before])] == [timedelta()]
    assert [each.wrap for each in worked([stay], [], [before, later])] == [2 * SECOND]


def test_work_of_no_sensible_length_is_cut() -> None:
    assert length_of(said(0, "wrapped_up", ms=10**18)) == timedelta(milliseconds=10**9)
    assert length_of(said(0, "wrapped_up", ms=-1)) == timedelta()


def test_that_another_caller_of_the_group_was_sent_on_is_not_this_ones_transfer() -> None:
    rows = group("two_callers_joined")
    (joined,) = [row for row in rows.cel if row.kind == "ATTENDEDTRANSFER"]
    moved = joined.extra["transferee_channel_uniqueid"]
    extra = {"extension": "203", "transferee_channel_uniqueid": moved}
    blind = joined._replace(kind="BLINDTRANSFER", at=joined.at - SECOND, extra=extra)
    cel = [each for row in rows.cel for each in ([blind, row] if row is joined else [row])]
    told = {record.call: record.transfers for record in assemble_all(Group(rows.cdr, cel, rows.facts))}
    kinds = {call: [transfer.kind for transfer in transfers] for call, transfers in told.items()}
    other = joined.extra["transfer_target_channel_uniqueid"]
    assert kinds == {moved: ["blind", "attended"], other: ["attended"]}
