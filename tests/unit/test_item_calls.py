"""A phone is rung for an item of the inbox: which, when not, and what its being picked up leads to."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clinicpbx.adapters.db.engine import make_engine
from clinicpbx.adapters.db.inbox import change_item
from clinicpbx.adapters.db.inbox_intake import keep_items
from clinicpbx.adapters.db.inbox_lists import Wanted, list_items
from clinicpbx.adapters.db.records import NO_RULES, write_records
from clinicpbx.core.commands import JoinQueue, KeepCallback
from clinicpbx.core.inbox.changes import Actor, Call, Close
from clinicpbx.core.records.call_record import Interaction
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.private import Private
from clinicpbx.rules.flows import CALL_ITEM
from tests.support.books import book, one_step
from tests.support.record_database import make_database
from tests.support.shells import Shell, channel, destroyed
from tests.support.tape import T0

pytestmark = pytest.mark.unit
NUMBER, ANA = "+12125550147", Actor("ana")


@pytest.fixture
async def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, book(**{CALL_ITEM: one_step("call_item")}))


@pytest.fixture
async def engine(shell: Shell) -> AsyncIterator[AsyncEngine]:
    """The inbox with one item."""
    url = f"sqlite:///{shell.instance.database}"
    await make_database(url)
    made = make_engine(url, writes=True)
    record = Interaction("c.1", "inbound", "voicemail", T0, T0, Private(NUMBER), mailbox="desk", message="m1")
    async with made.begin() as connection:
        await write_records(connection, ["c.1"], [record])
        await keep_items(connection, ["c.1"], [record], NO_RULES)
    yield made
    await made.dispose()


async def rings(shell: Shell, engine: AsyncEngine) -> str:
    """The attempt for which phone 201 rings now."""
    (item,) = await list_items(engine, Wanted())
    after = await change_item(engine, item.id, Call(), ANA, shell.clock(), NO_RULES)
    attempt = after.contacts[-1].call
    assert shell.items.ring({"item": item.id, "phone": "201", "attempt": attempt}) == {"phone": "201"}
    return attempt


async def picks_up(shell: Shell, attempt: str) -> None:
    on = channel(attempt, "PJSIP/phone-201-00000001")
    await shell.take({"type": "StasisStart", "args": ["item", attempt], "channel": on})
    while shell.items._asking:
        await shell.take()
    await shell.take()


def told(shell: Shell) -> list[Any]:
    """What Asterisk was told of variables and of where the channel goes."""
    bodies = [body for body in shell.bodies if isinstance(body, dict)]
    return [
        body.get("value") or f"{body['context']} {body['extension']}"
        for body in bodies
        if {"value", "context"} & {*body}
    ]


async def test_the_phone_that_is_picked_up_calls_the_patient(shell: Shell, engine: AsyncEngine) -> None:
    attempt = await rings(shell, engine)
    (asked,) = shell.bodies
    assert (asked["endpoint"], asked["channelId"]) == ("PJSIP/phone-201", attempt)
    assert NUMBER[1:] not in repr(asked), "nothing of the patient before somebody is on the line"
    with pytest.raises(ClinicPBXError, match="is being called already"):
        shell.items.ring({"item": 1, "phone": "202"})
    await picks_up(shell, attempt)
    assert told(shell) == [NUMBER, "cpbx-callback item"]
    with pytest.raises(ClinicPBXError, match="is being called already"):
        shell.items.ring({"item": 1, "phone": "202"})
    await shell.take(destroyed(attempt))
    assert shell.items.ring({"item": 1, "phone": "202"}) == {"phone": "202"}


def promised(shell: Shell, call: str) -> None:
    """A call-back, promised in *call* to the patient of the item."""
    join = JoinQueue("frontdesk", shell.clock(), callback=True)
    wish = KeepCallback(f"{call}.3", Private(NUMBER), "en", "+12075550100", join, "", 3, timedelta(minutes=15))
    shell.callbacks.perform(wish, shell.clock())


def states(shell: Shell) -> list[str]:
    return [row["state"] for row in shell.callbacks.rows()]


async def test_a_promised_call_back_waits_for_the_call_and_is_done_by_it(shell: Shell, engine: AsyncEngine) -> None:
    promised(shell, "c.1")
    attempt = await rings(shell, engine)
    assert states(shell) == ["waiting"]
    await picks_up(shell, attempt)
    assert states(shell) == ["later"]
    caller = channel(attempt, dialplan={"context": "cpbx-callback", "exten": "item"})
    peer = {"id": "p", "name": "PJSIP/trunk-line-00000002"}
    await shell.take({"type": "Dial", "dialstatus": "ANSWER", "caller": caller, "peer": peer})
    assert states(shell) == []
    shell.journal.commit()
    assert [told["outcome"] for told in shell.journal.facts_of("callback_ended")] == ["reached"]


async def test_a_request_that_is_closed_needs_no_call_back_and_one_that_is_claimed_does(shell: Shell) -> None:
    promised(shell, "c.1")
    shell.items.taken(["c.1"], "ana", "")
    assert states(shell) == ["waiting"]
    shell.items.taken(["other"], "ana", "resolved")
    assert states(shell) == ["waiting"]
    shell.items.taken(["c.1"], "ana", "resolved")
    assert states(shell) == []


async def test_who_picks_up_when_the_item_is_closed_calls_nobody(shell: Shell, engine: AsyncEngine) -> None:
    attempt = await rings(shell, engine)
    await change_item(engine, 1, Close("done"), ANA, shell.clock(), NO_RULES)
    await picks_up(shell, attempt)
    assert told(shell) == []
    assert shell.sent[-1][1].startswith(f"channels/{attempt}/play/")


async def test_who_picks_up_after_a_restart_calls_the_patient_all_the_same(
    shell: Shell, engine: AsyncEngine, tmp_path: Path
) -> None:
    attempt = await rings(shell, engine)
    shell.journal.close()
    again = Shell(tmp_path, shell.rules.current())
    await picks_up(again, attempt)
    assert told(again) == [NUMBER, "cpbx-callback item"]


async def test_while_the_inbox_is_asked_whom_to_call_nobody_else_calls(shell: Shell, engine: AsyncEngine) -> None:
    attempt = await rings(shell, engine)
    for _ in range(2):  # said by Asterisk, and found by a look at what is there
        shell.items.picked_up(attempt, "201")
    with pytest.raises(ClinicPBXError, match="is being called already"):
        shell.items.ring({"item": 1, "phone": "202"})
    while shell.items._asking:
        await shell.take()
    await shell.take()
    assert told(shell) == [NUMBER, "cpbx-callback item"], "once"


async def test_who_hangs_up_while_the_inbox_is_asked_calls_nobody(shell: Shell, engine: AsyncEngine) -> None:
    attempt = await rings(shell, engine)
    shell.items.picked_up(attempt, "201")
    await shell.take(destroyed(attempt))
    while shell.items._asking:
        await shell.take()
    assert told(shell) == []
    assert attempt not in shell.dispatcher.calls
    assert shell.items.ring({"item": 1, "phone": "202"}) == {"phone": "202"}


async def test_a_ring_whose_end_nobody_told_holds_the_item_for_a_minute(shell: Shell, engine: AsyncEngine) -> None:
    now = [shell.clock()]
    shell.items._daemon.clock = lambda: now[0]  # type: ignore[method-assign]
    await rings(shell, engine)
    now[0] += timedelta(seconds=59)
    with pytest.raises(ClinicPBXError, match="is being called already"):
        shell.items.ring({"item": 1, "phone": "202"})
    now[0] += timedelta(seconds=2)
    assert shell.items.ring({"item": 1, "phone": "202"}) == {"phone": "202"}


async def test_an_inbox_that_is_away_is_no_request_that_is_not_wanted(shell: Shell, engine: AsyncEngine) -> None:
    attempt = await rings(shell, engine)
    shell.items.desk._url = f"sqlite:///{shell.instance.home}/keys"  # a folder: it cannot be opened
    (shell.instance.home / "keys").mkdir(exist_ok=True)
    await picks_up(shell, attempt)
    shell.journal.commit()
    assert [fact["result"] for fact in shell.journal.facts_of("item") if "result" in fact] == ["could not be dialled"]
    assert any("item-away" in str(body) for body in shell.bodies)


async def test_a_phone_that_is_not_picked_up_can_be_rung_again(shell: Shell, engine: AsyncEngine) -> None:
    await shell.take(destroyed(await rings(shell, engine)))
    assert shell.items.ring({"item": 1, "phone": "201"}) == {"phone": "201"}


async def test_an_attempt_that_comes_too_late_is_noted_as_none(shell: Shell, engine: AsyncEngine) -> None:
    """Between the question whether a phone can be rung and the ring, a colleague began."""
    first, second = await rings(shell, engine), "item-1-20300107T150000000000"
    with pytest.raises(ClinicPBXError, match="is being called already"):
        shell.items.ring({"item": 1, "phone": "202", "attempt": second})
    shell.journal.commit()
    told = [fact for fact in shell.journal.facts_of("item") if fact["attempt"] == second]
    assert told == [{"item": 1, "attempt": second, "result": "desk could not be rung"}]
    assert first != second
    assert len(shell.sent) == 1


async def test_a_phone_that_asterisk_cannot_ring_is_noted(shell: Shell, engine: AsyncEngine) -> None:
    shell.status = 500
    attempt = await rings(shell, engine)
    await shell.take()
    shell.journal.commit()
    item = {"item": 1, "attempt": attempt}
    assert shell.journal.facts_of("item") == [item, {**item, "result": "desk could not be rung"}]
    assert shell.journal.facts_of("ended") == [{"outcome": "internal"}], "or there would be no record"


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"phone": "999"}, "no phone 999"),
        ({"phone": "201", "attempt": "item-2-20300107T150000000000"}, "no attempt at item 1"),
        ({"phone": "201", "attempt": "../../channels"}, "no attempt at item 1"),
    ],
)
async def test_what_cannot_be_rung_is_refused(shell: Shell, wish: dict[str, str], says: str) -> None:
    with pytest.raises(ClinicPBXError, match=says):
        shell.items.ring({"item": 1, **wish})
    shell.connected = False
    with pytest.raises(NotReachable):
        shell.items.ring({"item": 1, "phone": "201"})
    assert shell.sent == []


async def test_the_phone_is_where_the_agent_is(shell: Shell) -> None:
    shell.queues.phone_of = {"ana": "202", "ben": ""}.get  # type: ignore[attr-defined]
    assert shell.items.ring({"item": 1, "agent": "ana"}) == {"phone": "202"}
    with pytest.raises(ClinicPBXError, match="ben is at no phone"):
        shell.items.ring({"item": 1, "agent": "ben"})
