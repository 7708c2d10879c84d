"""The clinic's desk phones: registered with their own passwords; what a phone does when a patient's call rings it."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from clinicpbx.demo.morning import ANSWERS_AFTER, NURSE_LAMP, TALK, Patient
from clinicpbx.demo.phones import Event, Phone, Phones, PhoneTrouble
from clinicpbx.demo.voices import spoken
from clinicpbx.paths import Instance

_GREETING = "Harbor Family Clinic, how can I help you?"
_ALL_DAY = 600.0
_HEARS = 60.0

Tell = Callable[[str, str], None]


@dataclass
class Desks:
    """*patients* by number: whose call it is decides what the phone does."""

    instance: Instance
    server: str
    address: str
    patients: Mapping[str, Patient]
    tell: Tell
    phones: dict[str, Phone] = field(default_factory=dict)
    _rung: Counter[str] = field(default_factory=Counter)

    async def register(self, phones: Phones, extension: str) -> None:
        """One phone registers as `phone-EXTENSION`."""
        password = json.loads((self.instance.keys / "phones.json").read_text())[extension]
        register = {"user": f"phone-{extension}", "password": password, "server": self.server, "subscribe_mwi": False}
        port = 5060 + 2 * int(extension[-1])
        self.phones[extension] = await phones.phone(extension, self.address, port, register=register)
        self.tell(f"phone {extension}", "registered")

    async def dial_code(self, extension: str, code: str, meaning: str) -> None:
        """Dial a feature code and hear it out."""
        phone = self.phones[extension]
        call = await phone.call(f"sip:{code}@{self.server}")
        await phone.expect("connected", call=call)
        await phone.expect("disconnected", 15, call=call)
        self.tell(f"phone {extension}", f"dials {code}: {meaning}")

    async def attend(self, extension: str) -> None:
        """Take one ringing call after another until cancelled."""
        phone = self.phones[extension]
        while True:
            with suppress(PhoneTrouble):
                await self._ring(phone, await phone.expect("incoming", _ALL_DAY))

    async def _ring(self, phone: Phone, ringing: Event) -> None:
        call, who = ringing["call"], f"phone {phone.name}"
        patient = self._caller(ringing)
        if patient is None:
            await self._listen(phone, call, who)
            return
        deed = patient.staff[min(self._rung[patient.number], len(patient.staff) - 1)]
        self._rung[patient.number] += 1
        self.tell(who, f"rings: {patient.name}")
        if deed == "ignore":
            await phone.expect("disconnected", 60, call=call)
            self.tell(who, "has rung unheard")
            return
        # no two phones at once: where all ring, one is the first
        if await _ends(phone, call, ANSWERS_AFTER + int(phone.name) % 10 * 0.2):
            self.tell(who, "no longer rings")
            return
        await phone.answer(call=call)
        await phone.expect("connected", 3, call=call)
        self.tell(patient.name, f"talks with phone {phone.name}")
        self.tell(who, f"talks: {patient.name}")
        await phone.play(await asyncio.to_thread(spoken, self._words, _GREETING), call=call)
        if await _ends(phone, call, TALK):
            self.tell(who, "the patient has hung up")
        elif deed.startswith("transfer"):
            await self._transfer(phone, call, deed.split()[1], patient)
        else:
            await phone.hangup(call)
            await phone.expect("disconnected", 5, call=call)
            self.tell(who, "hangs up")

    async def _transfer(self, phone: Phone, call: str, target: str, patient: Patient) -> None:
        await phone.transfer(f"sip:{target}@{self.server}", call)
        self.tell(patient.name, f"is put through to phone {target}")
        await phone.expect("disconnected", 15, call=call)

    async def _listen(self, phone: Phone, call: str, who: str) -> None:
        """No patient: the notice that a colleague has dialled an emergency number."""
        await phone.answer(call=call)
        self.tell(who, "is told of the emergency call")
        if not await _ends(phone, call, TALK):
            await phone.hangup(call)

    async def hear_messages(self, pin: str) -> None:
        """The nurses' phone hears its new message. PhoneTrouble where its lamp does not follow."""
        phone, who = self.phones[NURSE_LAMP], f"phone {NURSE_LAMP}"
        new = await self._lamp(phone)
        self.tell(who, f"lamp on: {new} new")
        call = await phone.call(f"sip:*97@{self.server}")
        await phone.expect("connected", call=call)
        await asyncio.sleep(1)
        await phone.dtmf(pin + "#", call)
        self.tell(who, "dials *97, gives the PIN, listens")
        await phone.expect("mwi", _HEARS, new=new - 1)
        self.tell(who, f"has heard it; lamp: {new - 1} new" if new > 1 else "has heard it; lamp off")
        await phone.hangup(call)

    async def _lamp(self, phone: Phone) -> int:
        """How many new messages the lamp says: more than none, and the last news of it."""
        while (new := (await phone.expect("mwi"))["new"]) == 0:
            pass
        with suppress(PhoneTrouble):
            while True:
                new = (await phone.expect("mwi", 1.0))["new"]
        return int(new)

    @property
    def _words(self) -> Path:
        return self.instance.clear / "tmp"

    def _caller(self, ringing: Event) -> Patient | None:
        return next((found for number, found in self.patients.items() if number in ringing["from"]), None)


async def _ends(phone: Phone, call: str, within: float) -> bool:
    """Whether *call* is over *within* seconds."""
    try:
        await phone.expect("disconnected", within, call=call)
    except PhoneTrouble:
        return False
    return True
