"""The night's people: patients, and the mobile of the clinician on call, which the carrier plays."""

import asyncio

from clinicpbx.daemon.control_client import ask_daemon
from clinicpbx.demo.cast import Cast
from clinicpbx.demo.morning import DESK_PHONES, TALK, Patient
from clinicpbx.demo.night import EARLY, PAGES, PUT_THROUGH, RED_FLAG
from clinicpbx.demo.phones import Phone, Phones

MOBILE = "the mobile of Dr Chen"
HEARS = 1.5  # seconds that the clinician listens before a key
ACCEPT, OUTCOME, ADVISED = "1", "4", "1"


class NightCast(Cast):
    """*pin* is the clinician's."""

    async def play(self) -> None:
        """The whole night. PhoneTrouble where a phone cannot register."""
        async with Phones(self.instance.log / "demo.log") as phones:
            mobile = await phones.phone("mobile", str(self.carrier))
            for extension in DESK_PHONES:
                await self.desks.register(phones, extension)
            await self._nobody_logged_in()
            await self._nothing_open()
            callers = {patient: await self._phone(phones) for patient in self.patients}
            early = [asyncio.create_task(self._patient(callers[patient], patient)) for patient in EARLY]
            await asyncio.gather(self._patient(callers[PUT_THROUGH], PUT_THROUGH), self._talks(mobile))
            await asyncio.gather(self._patient(callers[PAGES], PAGES), self._accepts(mobile))
            await asyncio.gather(self._patient(callers[RED_FLAG], RED_FLAG), self._sleeps(mobile, RED_FLAG))
            await asyncio.gather(*early)

    async def _nothing_open(self) -> None:
        """Pages of another night would ring the mobile."""
        for page in await asyncio.to_thread(ask_daemon, self.instance, {"do": "oncall.pages"}):
            wish = {"do": "oncall.close", "page": page["page"], "who": "demo", "outcome": "another night"}
            await asyncio.to_thread(ask_daemon, self.instance, wish)

    async def _talks(self, mobile: Phone) -> None:
        """The clinician takes a call with a key, and hangs up after a while."""
        with self._must("who is on call is rung and takes the call"):
            call = await self._picks_up(mobile)
            await self._presses(mobile, call, ACCEPT, "takes the call with a key")
            self.tell(PUT_THROUGH.name, "talks with the clinician")
            await asyncio.sleep(TALK)
            await mobile.hangup(call)
            await mobile.expect("disconnected", call=call)

    async def _accepts(self, mobile: Phone) -> None:
        """The clinician is paged, gives the PIN, accepts, and says what came of it."""
        with self._must("a message pages who is on call, who accepts it"):
            call = await self._picks_up(mobile, 60)
            await self._presses(mobile, call, f"{self.pin}#", "gives the PIN")
            await self._presses(mobile, call, ACCEPT, "accepts the page")
            await self._presses(mobile, call, OUTCOME, "says that it is over")
            await self._presses(mobile, call, ADVISED, "notes the outcome: advised")
            await mobile.expect("disconnected", 20, call=call)

    async def _sleeps(self, mobile: Phone, patient: Patient) -> None:
        """The mobile rings unheard, for the caller and for the page that follows."""
        with self._must("a red flag rings who is on call, and pages them once the caller is gone"):
            for why in (patient.name, "the page of a red flag"):
                rung = await mobile.expect("incoming", 30)
                self.tell(MOBILE, f"rings unheard: {why}")
                if why == patient.name:
                    await mobile.expect("disconnected", 30, call=rung["call"])

    async def _picks_up(self, mobile: Phone, within: float = 30) -> str:
        call = str((await mobile.expect("incoming", within))["call"])
        self.tell(MOBILE, "rings")
        await asyncio.sleep(HEARS)
        await mobile.answer(call=call)
        await mobile.expect("connected", call=call)
        return call

    async def _presses(self, mobile: Phone, call: str, keys: str, meaning: str) -> None:
        await asyncio.sleep(HEARS)
        await mobile.dtmf(keys, call)
        self.tell(MOBILE, meaning)
