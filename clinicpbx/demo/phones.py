"""Real SIP phones for the demonstration and the tests: softphone.py's processes, spoken to from asyncio."""

import asyncio
import json
import sys
from collections import deque
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

Event = dict[str, Any]
_A_PROCESS = 2  # phones: pjsua2 is built for four calls at once, and a phone that transfers has two
_SOON = 10.0


class PhoneTrouble(Exception):
    """A phone refused a command, or what was expected of it did not come in time."""


class Phone:
    """One phone. Every wait is bounded; events wait in order until somebody expects them."""

    def __init__(self, process: "_Process", name: str, address: str, port: int) -> None:
        self._process, self.name, self.address, self.port = process, name, address, port
        self.heard: deque[Event] = deque(maxlen=1000)
        self._news = asyncio.Event()

    def hear(self, event: Event) -> None:
        """Called for every event of this phone."""
        self.heard.append(event)
        self._news.set()

    async def expect(self, kind: str, within: float = _SOON, **fields: Any) -> Event:
        """The next event of *kind* whose fields are *fields*, and no earlier one again. Seconds; PhoneTrouble."""
        try:
            async with asyncio.timeout(within):
                while True:
                    for event in self.heard:
                        if event["event"] == kind and all(event.get(k) == v for k, v in fields.items()):
                            self.heard.remove(event)
                            return event
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            seen = [event["event"] for event in self.heard]
            raise PhoneTrouble(f"{self.name}: no {kind} {fields or ''} in {within} s; it heard {seen}") from None

    async def silent(self, kind: str, seconds: float) -> None:
        """PhoneTrouble where an event of *kind* comes within *seconds*."""
        try:
            await self.expect(kind, seconds)
        except PhoneTrouble:
            return
        raise PhoneTrouble(f"{self.name}: {kind} came")

    async def do(self, command: str, **fields: Any) -> Event:
        """Any command of softphone.py; its answer."""
        return await self._process.ask({"do": command, "phone": self.name, **fields})

    async def call(self, to: str, *, sender: str = "", headers: dict[str, str] | None = None) -> str:
        """Call the SIP URI *to*; *sender* is a whole From. The name of the call."""
        return str((await self.do("call", to=to, headers=headers or {}, **{"from": sender}))["call"])

    async def answer(self, code: int = 200, call: str = "") -> None:
        await self.do("answer", code=code, call=call)

    async def redirect(self, to: str) -> None:
        """Answer with 302: whoever calls is to call the SIP URI *to* instead."""
        await self.do("answer", code=302, headers={"Contact": f"<{to}>"})

    async def hangup(self, call: str = "") -> None:
        await self.do("hangup", call=call)

    async def dtmf(self, digits: str, call: str = "") -> None:
        """Press *digits* (RFC 4733), each about a tenth of a second."""
        await self.do("dtmf", digits=digits, call=call)

    async def play(self, file: Path, *, loop: bool = False, call: str = "") -> None:
        await self.do("play", file=str(file), loop=loop, call=call)

    async def record(self, file: Path, call: str = "") -> None:
        """What the phone hears from now on goes to *file*; it is complete when `recorded` is heard, after the call."""
        await self.do("record", file=str(file), call=call)

    async def transfer(self, to: str, call: str = "") -> None:
        await self.do("transfer", to=to, call=call)

    async def attended(self, call: str, other: str) -> None:
        """Join the far end of *call* to that of *other*."""
        await self.do("attended", call=call, other=other)

    async def auto_answer(self, *, after: float = 0, code: int = 200, off: bool = False) -> None:
        await self.do("auto_answer", how=None if off else {"after": after, "code": code})


class Phones:
    """All phones of a demonstration or a test, over as many processes as they need."""

    def __init__(self, log: Path | None = None) -> None:
        self._log = log
        self._processes: list[_Process] = []

    async def __aenter__(self) -> "Phones":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.stop()

    async def phone(
        self,
        name: str,
        address: str,
        port: int = 5060,
        *,
        register: dict[str, Any] | None = None,
        auto_answer: dict[str, Any] | None = None,
        raw: bool = False,
        secure: bool = False,
        registered_within: float = _SOON,
    ) -> Phone:
        """A phone on *address*; *secure*: TLS and SRTP, or no call. With *register*
        {user, password, server, subscribe_mwi, expires} it is registered."""
        if not self._processes or len(self._processes[-1].phones) >= _A_PROCESS:
            log = self._log and self._log.with_suffix(f".{len(self._processes)}.log")
            self._processes.append(await _Process.start(log))
        process = self._processes[-1]
        phone = process.phones[name] = Phone(process, name, address, port)
        wish = {"do": "phone", "name": name, "address": address, "port": port, "raw": raw, "secure": secure}
        await process.ask({**wish, "register": register, "auto_answer": auto_answer})
        if register:
            await phone.expect("registered", registered_within)
        return phone

    def kill(self) -> None:
        """The power of all of them fails: nobody says goodbye."""
        for process in self._processes:
            process.kill()

    async def stop(self) -> None:
        """End every process; calls are hung up."""
        await asyncio.gather(*(process.stop() for process in self._processes))
        self._processes.clear()


class _Process:
    """One softphone process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.phones: dict[str, Phone] = {}
        self._waiting: dict[int, asyncio.Future[Event]] = {}
        self._ids = count(1)
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, log: Path | None) -> "_Process":
        command = [sys.executable, "-m", "clinicpbx.demo.softphone", *([str(log)] if log else [])]
        pipe = asyncio.subprocess.PIPE
        null = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=null)
        return cls(process)

    async def ask(self, wish: Event) -> Event:
        """Send a command and wait for its answer. PhoneTrouble where it was refused."""
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({**wish, "id": number}).encode() + b"\n")
        try:
            async with asyncio.timeout(_SOON):
                event: Event = await answer
        except TimeoutError:
            raise PhoneTrouble(f"the softphone process does not answer {wish['do']}") from None
        finally:
            self._waiting.pop(number, None)
        if event["event"] == "error":
            raise PhoneTrouble(f"{wish.get('phone', wish.get('name'))}: {wish['do']}: {event['problem']}")
        return event

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            event: Event = json.loads(line)
            waiting = self._waiting.get(event.get("id") or 0)
            if waiting is not None and not waiting.done():
                waiting.set_result(event)
            elif event.get("phone") in self.phones:
                self.phones[event["phone"]].hear(event)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result({"event": "error", "problem": "the softphone process has ended"})

    def kill(self) -> None:
        self._process.kill()

    async def stop(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(3):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader
