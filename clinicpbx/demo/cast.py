"""The morning's patients and agents: real SIP phones that do what the table says."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.demo.morning import AGENT_PHONES, ANSWERS_AFTER, MORNING, TALK, Patient
from clinicpbx.demo.phones import Phone, Phones, PhoneTrouble
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

CARRIER = "127.0.0.2"
DESKS = "127.0.0.3"
LONGEST = 90.0  # seconds a patient stays

Tell = Callable[[str, str], None]


@dataclass
class Cast:
    """*tell*(who, what) is called for each thing that happens."""

    instance: Instance
    settings: Settings
    tell: Tell
    calls: int = 0
    emergency_heard: bool = False
    _talking: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def server(self) -> str:
        return f"{self.settings.sip_bind or self.settings.bind}:{self.settings.sip_port}"

    async def play(self) -> None:
        """The whole morning. PhoneTrouble where a phone cannot register or log in."""
        async with AsyncExitStack() as stack:
            phones = await stack.enter_async_context(Phones(self.instance.log / "demo.log"))
            carrier = await phones.phone("carrier", CARRIER, 5060, auto_answer={"after": 0.5, "code": 200})
            desks = [await self._desk(phones, extension) for extension in AGENT_PHONES]
            for agent in await asyncio.to_thread(ask_daemon, self.instance, {"do": "agents"}):
                await asyncio.to_thread(ask_daemon, self.instance, {"do": "agent.logout", "agent": agent["agent"]})
            for desk in desks:
                await self._log_in(desk)
            await self._emergency(desks[0], carrier)
            patients = [
                (await phones.phone(f"patient-{number}", CARRIER, 5070 + 2 * number), patient)
                for number, patient in enumerate(MORNING)
            ]
            async with asyncio.TaskGroup() as group:
                answering = [group.create_task(self._answer(desk)) for desk in desks]
                await asyncio.gather(*(self._patient(*pair) for pair in patients))
                for task in answering:
                    task.cancel()

    async def _desk(self, phones: Phones, extension: str) -> Phone:
        password = json.loads((self.instance.keys / "phones.json").read_text())[extension]
        user = f"phone-{extension}"
        register = {"user": user, "password": password, "server": self.server, "subscribe_mwi": False}
        phone = await phones.phone(extension, DESKS, 5060 + 2 * int(extension[-1]), register=register)
        self.tell(f"phone {extension}", "registered")
        return phone

    async def _log_in(self, desk: Phone) -> None:
        await desk.call(f"sip:*45@{self.server}")
        await desk.expect("connected")
        await desk.expect("disconnected", 15)
        self.tell(f"phone {desk.name}", "dialled *45: logged in")

    async def _emergency(self, desk: Phone, carrier: Phone) -> None:
        call = await desk.call(f"sip:933@{self.server}")
        await desk.expect("connected", 10)
        self.emergency_heard = bool(await carrier.expect("incoming", 5))
        self.tell(f"phone {desk.name}", "dialled 933: the carrier answers")
        await asyncio.sleep(1)
        await desk.hangup(call)
        await desk.expect("disconnected", 5)

    async def _answer(self, desk: Phone) -> None:
        while True:
            with suppress(PhoneTrouble):
                await desk.expect("incoming", 120)
                await asyncio.sleep(ANSWERS_AFTER)
                await desk.answer()
                await desk.expect("connected", 5)
                self.tell(f"phone {desk.name}", "answers a patient")
                await asyncio.sleep(TALK)
                await desk.hangup()
                await desk.expect("disconnected", 5)
                self.tell(f"phone {desk.name}", "hangs up")

    async def _patient(self, phone: Phone, patient: Patient) -> None:
        await asyncio.sleep(patient.at)
        self.calls += 1
        await phone.call(f"sip:{patient.line}@{self.server}", sender=f"<sip:{patient.number}@{CARRIER}>")
        await phone.expect("connected", 10)
        self.tell(patient.name, "is in")
        act = asyncio.create_task(self._act(phone, patient))
        with suppress(PhoneTrouble):
            await phone.expect("disconnected", patient.leaves or LONGEST)
        act.cancel()
        with suppress(PhoneTrouble):
            await phone.hangup()
        self.tell(patient.name, "has ended")

    async def _act(self, phone: Phone, patient: Patient) -> None:
        began = asyncio.get_running_loop().time()
        deeds: list[tuple[float, str]] = [*patient.keys, *([(patient.speaks_at, "speak")] if patient.says else [])]
        for at, deed in sorted(deeds):
            await asyncio.sleep(max(0.0, began + at - asyncio.get_running_loop().time()))
            if deed == "speak":
                await phone.play(await asyncio.to_thread(self._voice, patient))
            else:
                await phone.dtmf(deed)

    def _voice(self, patient: Patient) -> Path:
        """The patient's words; in the tmpfs, as all that patients say."""
        path = self.instance.clear / "tmp" / f"demo-{patient.name.replace(' ', '-')}.wav"
        spoken = subprocess.run(
            ["espeak-ng", "-v", patient.voice, "--stdout"], input=patient.says.encode(), capture_output=True, check=True
        )
        sox = ["sox", "-q", "-t", "wav", "-", "-r", "8000", "-c", "1", "-b", "16", str(path)]
        subprocess.run(sox, input=spoken.stdout, capture_output=True, check=True)
        return path
