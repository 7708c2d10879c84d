"""A shift's call is cut off by the daemon's end at every step: whoever pressed the key has it, nobody is forgotten."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from clinicpbx.adapters.vault.message import Message
from clinicpbx.core.oncall.commands import MESSAGE, KeepPage
from clinicpbx.core.oncall.page import State
from clinicpbx.core.oncall.rules import HandoverRules
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.core.schedule.oncall import Rota, Shift
from clinicpbx.daemon.reconcile import rebuild
from clinicpbx.errors import ClinicPBXError
from clinicpbx.private import Private
from clinicpbx.rules.flows import HANDOVER, PAGE
from tests.support.books import KIDS, book, one_step
from tests.support.shells import Shell, channel, destroyed, key
from tests.support.tape import T0
from tests.support.virtual_loop import run
from tests.unit.test_reconcile import World, go

pytestmark = pytest.mark.unit
SHIFT = Shift(T0 - timedelta(minutes=1), T0 + timedelta(hours=10), "chen", "egan")
NAME = f"handover-kids-{SHIFT.start:%Y%m%dT%H%M}"
ASKING = {"context": "default", "exten": "s", "app_name": "Stasis", "app_data": f"clinicpbx,page,{NAME}"}
RINGING = {"context": "default", "exten": "s", "app_name": "AppDial2", "app_data": ""}


def rulebook() -> Rulebook:
    made = book(**{PAGE: one_step("page"), HANDOVER: one_step("handover")})
    rota = Rota(KIDS.zone, (), (SHIFT,))
    return replace(
        made, rotas={"kids": rota}, handovers={"kids": HandoverRules()}, trunks=("one",), number="+12075550100"
    )


def answered(attempt: str) -> dict[str, Any]:
    return {"type": "StasisStart", "args": ["page", attempt], "channel": channel(attempt)}


def rung(shell: Shell) -> list[str]:
    """Who was rung, in order."""
    bodies = [body for body in shell.bodies if isinstance(body, Mapping) and "endpoint" in body]
    return [str(body["endpoint"]) for body in bodies]


CHEN, EGAN = "PJSIP/+12075550161@trunk-one", "PJSIP/phone-206"


def row(shell: Shell) -> dict[str, Any]:
    (found,) = shell.pages.rows()
    return found


def test_a_shift_is_begun_answered_and_confirmed(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rulebook())
        shell.pages.look()
        await shell.take()
        assert rung(shell) == [CHEN]
        assert shell.committed_before_sent
        asked = shell.bodies[-1]
        assert (asked["channelId"], asked["timeout"]) == (f"{NAME}.a1", 25)
        assert asked["callerId"] == '"ON CALL" <+12075550100>'
        await shell.take(answered(f"{NAME}.a1"))
        assert row(shell)["state"] == "live"
        await shell.take(key("1", f"{NAME}.a1"))
        assert (row(shell)["state"], row(shell)["who"]) == ("accepted", "chen")
        await shell.take(destroyed(f"{NAME}.a1"))
        assert (rung(shell), shell.pages.standing()) == ([CHEN], ())

    run(story())


@pytest.mark.parametrize("written", [True, False], ids=["written", "lost"])
@pytest.mark.parametrize("steps", range(4))
def test_the_daemon_ends_after_every_step(tmp_path: Path, steps: int, written: bool) -> None:
    """*written*: what came last is on disk; its commands were never sent otherwise."""
    attempt = f"{NAME}.a1"
    story_of = (answered(attempt), key("1", attempt), destroyed(attempt))

    async def story() -> None:
        before = Shell(tmp_path, rulebook())
        before.pages.look()
        if not (steps == 0 and not written):
            await before.take()
        for number, message in enumerate(story_of[:steps]):
            if number == steps - 1 and not written:
                before.dispatcher.take(message)  # the process ends before its turn does
            else:
                await before.take(message)
        before.journal._rows.clear()
        before.journal.close()
        before.pages.stop()
        after = Shell(tmp_path, rulebook())
        rebuild(after.dispatcher, after.journal)
        gone = steps == 3 or (steps == 0 and not written)
        alive = [] if gone else [channel(attempt, dialplan=RINGING if steps == 0 else ASKING)]
        await go(after, World(after, *alive))
        after.pages.look()
        await after.take()
        if steps == 0 and written:
            assert rung(after) == [], "it rings still"
            await after.take(answered(attempt))
        if steps >= 2 and (written or steps == 3):
            assert row(after)["state"] == "accepted", "the key counts"
        else:
            now = f"{NAME}.a{row(after)['rung']}"
            if now not in after.dispatcher.calls:
                await after.take(answered(now))
            await after.take(key("1", now))
        assert (row(after)["state"], row(after)["who"]) == ("accepted", "chen")
        assert EGAN not in rung(before) + rung(after)
        assert after.pages._all.known[NAME].promoted is False

    run(story())


def test_an_answer_that_asterisk_had_and_the_daemon_had_not_is_taken(tmp_path: Path) -> None:
    async def story() -> None:
        before = Shell(tmp_path, rulebook())
        before.pages.look()
        await before.take()
        before.journal.close()
        before.pages.stop()
        after = Shell(tmp_path, rulebook())
        rebuild(after.dispatcher, after.journal)
        await go(after, World(after, channel(f"{NAME}.a1", dialplan=ASKING)))
        assert row(after)["state"] == "live"
        assert not [body for body in after.bodies if body == {"context": "cpbx-rescue", "extension": "s"}]

    run(story())


def test_refusals_of_asterisk_try_the_next_and_silence_of_it_the_same_later(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rulebook())
        shell.status = 0
        shell.pages.look()
        await shell.take()
        assert row(shell)["state"] == "later"
        shell.status = 500
        await shell.take()
        assert rung(shell) == [CHEN]
        shell.pages._all.known[NAME] = replace(shell.pages._all.known[NAME], when=shell.clock())
        shell.pages._due()
        await shell.take()
        assert rung(shell) == [CHEN, CHEN]
        assert row(shell)["state"] == "later", "refused: the next try is later"
        shell.journal.commit()
        facts = shell.journal._db.execute("SELECT body FROM fact WHERE kind = 'page' ORDER BY id").fetchall()
        assert [orjson.loads(body)["event"] for (body,) in facts] == [
            *("begun", "rung", "postponed", "rung", "not answered"),
        ]

    run(story())


def test_a_late_answer_is_hung_up(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rulebook())
        await shell.take(answered("c9.3.a1"))
        assert shell.sent == [("DELETE", "channels/c9.3.a1")]

    run(story())


def test_what_people_say_of_pages(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rulebook())
        wish = KeepPage("c1.3", MESSAGE, "kids", T0, Private("+12075550142"))
        shell.pages.perform(wish, "c1", T0)
        assert shell.pages.number("c1.3") == "+12075550142"
        shell.pages.accept("c1.3", "ana")
        with pytest.raises(ClinicPBXError, match="ana's already"):
            shell.pages.accept("c1.3", "ben")
        shell.pages.close("c1.3", "ana", "seen")
        for unknown in (lambda: shell.pages.close("c1.3", "ana", "x"), lambda: shell.pages.confirm("kids")):
            with pytest.raises(ClinicPBXError, match="oncall pages"):
                unknown()
        shell.pages.look()
        assert shell.pages.confirm("kids") == "chen"
        assert shell.pages._all.known[NAME].state is State.ACCEPTED

    run(story())


def test_who_claims_the_item_in_the_inbox_ends_the_ringing_and_who_closes_it_the_page(tmp_path: Path) -> None:
    async def story() -> None:
        shell = Shell(tmp_path, rulebook())
        shell.pages.perform(KeepPage("c1.3", MESSAGE, "kids", T0, Private("+12075550142")), "c1", T0)
        await shell.take()
        assert row(shell)["state"] == "ringing"
        shell.pages.taken(["c0"], "ana")
        assert row(shell)["state"] == "ringing", "it is about another call"
        shell.pages.taken(["c0", "c1"], "ana")
        await shell.take()
        assert (row(shell)["state"], row(shell)["who"]) == ("accepted", "ana")
        assert shell.sent[-1] == ("DELETE", "channels/c1.3.a1")
        shell.pages.taken(["c1"], "ana", "reached")
        assert shell.pages.rows() == []

    run(story())


def test_what_the_fallback_took_pages_as_well_where_somebody_is_on_call(tmp_path: Path) -> None:
    async def story() -> None:
        message = Message(mailbox="frontdesk", id="m1", call="c7", received=T0, language="en", caller=Private("1"))
        paging = one_step("voicemail", mailbox="frontdesk", page="kids")
        shell = Shell(tmp_path, replace(rulebook(), flows={**rulebook().flows, "main": paging}))
        shell.pages.left_behind(replace(message, mailbox="other"))
        assert shell.pages.rows() == []
        shell.pages.left_behind(message)
        shell.pages.left_behind(message)
        assert (row(shell)["page"], row(shell)["message"]) == ("c7.20300107T150000", "m1")
        shell.pages.close(row(shell)["page"], "ana", "seen")
        shell.pages.rules(replace(shell.pages._all.book, rotas={"kids": Rota(KIDS.zone)}))
        shell.pages.left_behind(message)
        assert shell.pages.rows() == [], "the clinic is open"

    run(story())
