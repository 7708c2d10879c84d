"""The ARI client: what the fake and Asterisk share, and what happens when the other side misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from typing import Any

import pytest

from clinicpbx.adapters.ari import client as module
from clinicpbx.adapters.ari.client import Answer, AriAddress, Link, open_link, pauses
from clinicpbx.core.events import Refusal
from clinicpbx.errors import NotReachable
from tests.support.ari_contract import CHECKS, HEARS
from tests.support.fake_ari import PASSWORD, FakeAri

pytestmark = pytest.mark.unit


@pytest.fixture
async def fake() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    fake.address = AriAddress(await fake.start(), "clinicpbx", PASSWORD, hears=HEARS)  # type: ignore[attr-defined]
    yield fake
    await fake.stop()


@pytest.fixture
def ari(fake: FakeAri) -> AriAddress:
    return fake.address  # type: ignore[attr-defined,no-any-return]


async def heard_until_the_end(link: Link) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    await link.ended
    link.listen(heard.extend)
    await asyncio.sleep(0)
    return heard


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_fake_keeps_the_contract(check: Callable[[AriAddress], Awaitable[None]], ari: AriAddress) -> None:
    await check(ari)


async def test_a_filter_that_was_not_taken_is_noticed(fake: FakeAri, ari: AriAddress) -> None:
    fake.keeps_filter = False
    with pytest.raises(NotReachable, match="filter"):
        await open_link(ari)


async def test_nobody_there() -> None:
    with pytest.raises(NotReachable):
        await open_link(AriAddress("127.0.0.1:1", "clinicpbx", "x"))


async def test_a_request_without_an_answer_is_unreachable(
    fake: FakeAri, ari: AriAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await open_link(ari)
    monkeypatch.setattr(module, "REQUEST_TIMEOUT", 0.02)
    monkeypatch.setattr(module, "SWEEP", 0.01)
    fake.deaf = True
    assert (await link.request("GET", "channels")).refusal is Refusal.UNREACHABLE
    await link.close()


async def test_what_is_asked_at_and_after_the_end_is_unreachable(fake: FakeAri, ari: AriAddress) -> None:
    link = await open_link(ari)
    fake.deaf = True
    asked = link.request("GET", "channels")
    link.drop("test")
    assert (await asked).refusal is Refusal.UNREACHABLE
    assert (await link.request("GET", "channels")).refusal is Refusal.UNREACHABLE
    assert link.lost == "test"
    assert await heard_until_the_end(link) == []


async def test_the_server_ends_the_connection(fake: FakeAri, ari: AriAddress) -> None:
    link = await open_link(ari)
    await fake.stop()
    assert await heard_until_the_end(link) == []
    assert link.lost


async def test_a_slow_consumer_loses_the_connection_not_single_events(fake: FakeAri, ari: AriAddress) -> None:
    link = await open_link(ari, most_waiting=10)
    for number in range(11):
        await fake.tell(type="StasisStart", number=number)
    heard = [event["number"] for event in await heard_until_the_end(link)]
    assert heard == list(range(len(heard)))
    assert link.overflowed
    assert link.lost


async def test_garbage_ends_the_connection(fake: FakeAri, ari: AriAddress) -> None:
    link = await open_link(ari)
    assert fake._owner is not None
    await fake._owner.send("{not json")
    assert await heard_until_the_end(link) == []
    assert link.lost == "garbled"


async def test_the_password_is_in_no_uri_and_no_repr(fake: FakeAri, ari: AriAddress) -> None:
    link = await open_link(ari)
    assert PASSWORD not in repr(ari)
    assert all(PASSWORD not in uri for _, uri in fake.asked)
    await link.close()


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (204, None),
        (404, Refusal.GONE),
        (409, Refusal.NOT_OURS),
        (412, Refusal.NOT_OURS),
        (422, Refusal.NOT_OURS),
        (500, Refusal.UNREACHABLE),
        (0, Refusal.UNREACHABLE),
    ],
)
def test_what_a_status_means(status: int, why: Refusal | None) -> None:
    assert Answer(status).refusal is why


def test_pauses_between_attempts_end_at_a_second() -> None:
    assert list(islice(pauses(), 6)) == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
