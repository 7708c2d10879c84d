"""The morning's people: real SIP phones that do what the table says."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import count

from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.demo.desks import Desks, Tell
from clinicpbx.demo.morning import (
    AFTERWARDS,
    AGENT_PHONES,
    DESK_PHONES,
    EMERGENCY_TEST,
    MORNING,
    NURSE_PHONES,
    PATIENTS,
    Patient,
)
from clinicpbx.demo.phones import Phone, Phones, PhoneTrouble
from clinicpbx.demo.voices import spoken
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

LONGEST = 120.0  # seconds a patient stays
_DESK = "203"  # dials the test of the emergency number


def sip_server(settings: Settings) -> str:
    """Where phones on this machine reach Asterisk."""
    host = settings.sip_bind or settings.bind
    return f"{'127.0.0.1' if host == '0.0.0.0' else host}:{settings.sip_port}"  # noqa: S104


@dataclass
class Cast:
    """The trunk's far end is *carrier*, the phones have the address after it. *tell*(who, what) is called for each
    thing that happens; *missed* names what did not happen as it should."""

    instance: Instance
    settings: Settings
    carrier: IPv4Address
    tell: Tell
    pin: str = field(default="", repr=False)
    patients: Sequence[Patient] = PATIENTS
    calls: int = 0
    missed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = sip_server(self.settings)
        numbers = {patient.number: patient for patient in self.patients}
        self.desks = Desks(
            self.instance, self.server, str(self.carrier + 1), numbers, lambda who, what: self.tell(who, what)
        )
        self._ports = count(5070, 2)

    async def play(self) -> None:
        """The whole morning. PhoneTrouble where a phone cannot register or log in."""
        async with Phones(self.instance.log / "demo.log") as phones:
            carrier = await phones.phone("carrier", str(self.carrier), auto_answer={"after": 0.5, "code": 200})
            for extension in DESK_PHONES:
                await self.desks.register(phones, extension)
            await self._nobody_logged_in()
            await asyncio.gather(*(self.desks.dial_code(one, "*45", "logged in") for one in AGENT_PHONES))
            attending = [asyncio.create_task(self.desks.attend(extension)) for extension in DESK_PHONES]
            with self._must("933 reaches the carrier"):
                await self._emergency(carrier)
            callers = [(await self._phone(phones), patient) for patient in MORNING]
            last = await self._phone(phones)
            calls = {patient: asyncio.create_task(self._patient(phone, patient)) for phone, patient in callers}
            await asyncio.gather(*(call for patient, call in calls.items() if patient.needs_nurse))
            await asyncio.gather(self._afterwards(last), *calls.values())
            for task in attending:
                task.cancel()

    async def _phone(self, phones: Phones) -> Phone:
        port = next(self._ports)
        return await phones.phone(f"patient-{port}", str(self.carrier), port)

    async def _nobody_logged_in(self) -> None:
        """Agents who are still logged in from another time would be logged out by *45."""
        for agent in await asyncio.to_thread(ask_daemon, self.instance, {"do": "agents"}):
            if agent["logged_in"]:
                await asyncio.to_thread(ask_daemon, self.instance, {"do": "agent.logout", "agent": agent["agent"]})

    async def _emergency(self, carrier: Phone) -> None:
        desk = self.desks.phones[_DESK]
        call = await desk.call(f"sip:{EMERGENCY_TEST}@{self.server}")
        await desk.expect("connected", 10, call=call)
        await carrier.expect("incoming", 5)
        self.tell(f"phone {_DESK}", f"dials {EMERGENCY_TEST}: the carrier answers")
        await asyncio.sleep(1)
        await desk.hangup(call)
        await desk.expect("disconnected", 5, call=call)

    async def _afterwards(self, phone: Phone) -> None:
        """The nurses go; their line takes a message, their lamp says so, one of them comes back and hears it."""
        for extension in NURSE_PHONES:
            with self._must(f"phone {extension} logs out"):
                await self.desks.dial_code(extension, "*45", "logged out")
        await self._patient(phone, AFTERWARDS)
        if not self.pin:
            self.tell("clinic", "the nurses' mailbox has a PIN of your own: nobody hears its message here")
            return
        with self._must("the nurses' lamp goes on, and off once the message is heard"):
            await self.desks.hear_messages(self.pin)

    async def _patient(self, phone: Phone, patient: Patient) -> None:
        await asyncio.sleep(patient.at)
        self.calls += 1
        self.tell(patient.name, "calls")
        try:
            call = await phone.call(
                f"sip:{patient.line}@{self.server}", sender=f"<sip:{patient.number}@{self.carrier}>"
            )
            await phone.expect("connected", 10, call=call)
        except PhoneTrouble:
            self.tell(patient.name, "is not let in")
            return
        self.tell(patient.name, "is in")
        act = asyncio.create_task(self._act(phone, call, patient))
        try:
            await phone.expect("disconnected", patient.leaves or LONGEST, call=call)
            self.tell(patient.name, "has been served")
        except PhoneTrouble:
            with suppress(PhoneTrouble):
                await phone.hangup(call)
            self.tell(patient.name, "hung up")
        act.cancel()

    async def _act(self, phone: Phone, call: str, patient: Patient) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        deeds = [*patient.keys, *([(patient.speaks_at, "")] if patient.says else [])]
        for at, keys in sorted(deeds):
            await asyncio.sleep(max(0.0, began + at - clock()))
            with suppress(PhoneTrouble):
                if keys:
                    await phone.dtmf(keys, call)
                    self.tell(patient.name, f"presses {keys}")
                else:
                    folder = self.instance.clear / "tmp"
                    await phone.play(await asyncio.to_thread(spoken, folder, patient.says, patient.language), call=call)
                    self.tell(patient.name, "speaks")

    @contextmanager
    def _must(self, what: str) -> Iterator[None]:
        """What is no patient's call, but has to work: where it does not, it is missed."""
        try:
            yield
        except PhoneTrouble as trouble:
            self.missed.append(what)
            self.tell("clinic", f"MISSED: {what} ({trouble})")
