"""Makes the calls of the self-test: one after the other, over a connection to Asterisk of their own."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count

from clinicpbx.adapters.ari.client import AriAddress, Link, Message, open_link
from clinicpbx.adapters.ari.hearing import HEARS, heard
from clinicpbx.core.callflow.rehearsal import CONTEXT, SELFTEST
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.core.selftest.walk import FALLBACK, LONGEST, QUIET, RULES, Finding, Gone, Heard, Ready, TimePassed, Walk
from clinicpbx.core.selftest.way import keys_to_people
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

LOUD = 256  # mean amplitude of what counts as sound, of 32767
MARGIN = timedelta(seconds=20)  # Asterisk itself ends a test call so long after its longest time
_runs = count(1)


def entries_of(book: Rulebook, wanted: Collection[str]) -> list[str]:
    """The entries to test: *wanted*, or all. ClinicPBXError where one is none."""
    if unknown := sorted(set(wanted) - book.entries.keys()):
        raise ClinicPBXError(f"no entry {', '.join(unknown)}", do=f"There are {', '.join(book.entries)}")
    return [entry for entry in book.entries if not wanted or entry in wanted]


async def findings(
    instance: Instance, settings: Settings, book: Rulebook, entries: Collection[str]
) -> AsyncIterator[Finding]:
    """Two calls to each of *entries*, by the rules and by the fallback: what came of each as soon as it is over.

    Errors: NotReachable, NotPermitted.
    """
    app = f"clinicpbx-{SELFTEST}-{os.getpid()}-{next(_runs)}"
    link = await open_link(AriAddress(settings.ari, "clinicpbx", instance.secret("ari"), app, HEARS, ()))
    try:
        for entry in entries:
            for path, keys in ((RULES, keys_to_people(book, book.entries[entry])), (FALLBACK, {})):
                finding = await _TestCall(link, app, Walk(entry, path, datetime.now(UTC), keys)).run()
                if link.lost:
                    raise NotReachable(f"Asterisk is gone: {link.lost}", where=settings.ari)
                yield finding
    finally:
        await link.close()


class _TestCall:
    """A pair of channels: one walks through the clinic, the other one listens and presses keys."""

    def __init__(self, link: Link, app: str, walk: Walk) -> None:
        self._link, self._app, self._walk = link, app, walk
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()

    async def run(self) -> Finding:
        self._link.listen(self._take)
        context = CONTEXT if self._walk.path == RULES else f"{CONTEXT}-{FALLBACK}"
        where = {"endpoint": f"Local/{self._walk.entry}@{context}/n", "app": self._app}
        ids = {"channelId": self._walk.ear, "otherChannelId": self._walk.call}
        await self._ask("POST", "channels/create", body={**where, **ids})
        while not self._walk.over:
            heard = await self._next()
            if isinstance(heard, Ready):
                await self._begin()
            elif key := self._walk.hear(heard):
                await self._ask("POST", f"channels/{self._walk.ear}/dtmf", {"dtmf": key})
        await self._link.request("DELETE", f"channels/{self._walk.ear}")
        return self._walk.finding

    async def _begin(self) -> None:
        """The subscription and the hook are there before anything can be heard."""
        await self._ask("POST", f"applications/{self._app}/subscription", {"eventSource": f"channel:{self._walk.call}"})
        quiet, longest = QUIET // timedelta(milliseconds=1), (LONGEST + MARGIN).seconds
        for name, value in (("TALK_DETECT(set)", f"{quiet},{LOUD}"), ("TIMEOUT(absolute)", str(longest))):
            await self._ask("POST", f"channels/{self._walk.ear}/variable", body={"variable": name, "value": value})
        await self._ask("POST", f"channels/{self._walk.ear}/dial")

    async def _ask(self, method: str, uri: str, query: Mapping[str, str] | None = None, body: object = None) -> None:
        """What Asterisk refuses ends the test: the call is gone, or never was."""
        if not (await self._link.request(method, uri, query, body)).ok:
            self._heard.put_nowait(Gone(datetime.now(UTC)))

    def _take(self, messages: Sequence[Message]) -> None:
        at = datetime.now(UTC)
        for message in messages:
            if (told := heard(message, self._walk.ear, self._walk.call, at)) is not None:
                self._heard.put_nowait(told)

    async def _next(self) -> Heard:
        wait = (self._walk.deadline - datetime.now(UTC)).total_seconds()
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._heard.get(), max(wait, 0))
        return TimePassed(max(self._walk.deadline, datetime.now(UTC)))
