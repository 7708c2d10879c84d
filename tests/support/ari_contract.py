"""What the client relies on, of any ARI: the same checks run against the fake and against Asterisk."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from clinicpbx.adapters.ari.client import AriAddress, open_link
from clinicpbx.core.events import Refusal
from clinicpbx.errors import NotPermitted

HEARS = ("StasisStart", "ApplicationReplaced")


async def refuses_a_wrong_password(ari: AriAddress) -> None:
    with pytest.raises(NotPermitted) as refused:
        await open_link(replace(ari, password="wrong"))
    assert "wrong" not in str(refused.value)


async def answers_in_order(ari: AriAddress) -> None:
    link = await open_link(ari)
    answered: list[int] = []
    asked = [link.request("GET", "channels") for _ in range(50)]
    for number, future in enumerate(asked):
        future.add_done_callback(lambda _, number=number: answered.append(number))
    answers = await asyncio.gather(*asked)
    await asyncio.sleep(0)
    assert answered == list(range(50))
    assert all(answer.ok and answer.body() == [] for answer in answers)
    await link.close()


async def names_what_is_gone(ari: AriAddress) -> None:
    link = await open_link(ari)
    for method, uri in (
        ("DELETE", "channels/nobody"),
        ("POST", "channels/nobody/continue"),
        ("DELETE", "playbacks/nothing"),
        ("GET", "recordings/live/nothing"),
    ):
        assert (await link.request(method, uri)).refusal is Refusal.GONE, uri
    play = await link.request("POST", "channels/nobody/play/p", body={"media": ["sound:hello"], "lang": "en"})
    assert play.refusal is Refusal.GONE
    await link.close()


async def keeps_variables(ari: AriAddress) -> None:
    link = await open_link(ari)
    value = "PJSIP/phone-201&PJSIP/phone-202, 1 2"
    done = await link.request("POST", "asterisk/variable", body={"variable": "CPBX_TEST", "value": value})
    assert (done.status, done.refusal, done.body()) == (204, None, None)
    answer = await link.request("GET", "asterisk/variable", {"variable": "CPBX_TEST"})
    assert answer.body() == {"value": value}
    await link.close()


async def says_what_is_alive(ari: AriAddress) -> None:
    link = await open_link(ari)
    for what in ("channels", "bridges", "endpoints/PJSIP"):
        assert isinstance((await link.request("GET", what)).body(), list)
    await link.close()


async def tells_who_was_replaced(ari: AriAddress) -> None:
    first = await open_link(ari)
    second = await open_link(ari)
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    first.listen(lambda batch: [heard.put_nowait(event) for event in batch])
    async with asyncio.timeout(2):
        assert (await heard.get())["type"] == "ApplicationReplaced"
    await first.close()
    await second.close()


CHECKS: list[Callable[[AriAddress], Awaitable[None]]] = [
    refuses_a_wrong_password,
    answers_in_order,
    names_what_is_gone,
    keeps_variables,
    says_what_is_alive,
    tells_who_was_replaced,
]
