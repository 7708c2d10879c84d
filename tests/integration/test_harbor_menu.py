"""What patients hear of Harbor Family Clinic's menus, in English and Spanish, open, at lunch and closed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from clinicpbx.demo.phones import Phones
from tests.support.harbor import LANGUAGES, MAIN, NURSES, RULES, Harbor, Record

pytestmark = pytest.mark.integration
ASKED = ["en/choose-language", "en/main-menu"]


@pytest.fixture(autouse=True)
async def nobody_left(harbor: Harbor) -> AsyncIterator[None]:
    await harbor.ready()
    yield
    await harbor.home_time()


class Visit:
    """A call that chooses *keys*, and what came of it."""

    def __init__(self, harbor: Harbor, phones: Phones, number: str, *keys: str, line: str = MAIN) -> None:
        self.harbor, self.phones, self.number, self.keys, self.line = harbor, phones, number, keys, line
        self.heard: list[str] = []
        self.record: Record = {}
        self.agent = ""

    def queued(self) -> list[tuple[str, str]]:
        return [(row["queue"], row["outcome"]) for row in self.record["queue_entry"]]

    async def play(self, *, until: str = "") -> "Visit":
        """Call, choose, and hang up after some talk, or a moment after step *until* began."""
        patient = await self.harbor.patient(self.phones, self.number)
        await patient.call(self.line)
        await patient.choose(*self.keys)
        if until:
            await patient.at(until)
            await asyncio.sleep(1.4)
        else:
            self.agent = await patient.talks()
        self.record = await patient.leave()
        self.heard = patient.heard()
        return self


async def test_each_key_of_the_main_menu_leads_where_it_says(harbor: Harbor, phones: Phones) -> None:
    version = harbor.in_force(RULES)
    chosen = {"1": ("1", "1"), "2": ("1", "2"), "0": ("1", "0"), "none": (), "9": ("1", "9"), "es": ("2", "1")}
    who = {name: Visit(harbor, phones, f"+120755511{n:02}", *keys) for n, (name, keys) in enumerate(chosen.items())}
    who["message"] = Visit(harbor, phones, "+12075551120", "1", "3")
    who["about"] = Visit(harbor, phones, "+12075551121", "1", "4")
    who["mensaje"] = Visit(harbor, phones, "+12075551122", "2", "3")
    who["nurses"] = Visit(harbor, phones, "+12075551123", line=NURSES)
    who["infirmière"] = Visit(harbor, phones, "+12075551124", "3", line=NURSES)
    steps = {"message": "refills-message", "mensaje": "refills-message", "about": "about"}

    async with harbor.at_work(phones, "ana", "ben", "carla", "dora", "eli"):
        await asyncio.gather(*(visit.play(until=steps.get(name, "")) for name, visit in who.items()))

    at_desk = {"1": ("en", "1"), "0": ("en", "0"), "none": ("en", ""), "9": ("en", ""), "es": ("es", "1")}
    for name, (language, key) in at_desk.items():
        visit = who[name]
        assert visit.agent in ("ana", "ben", "carla"), name
        assert visit.heard == [*asked(name, language), f"voice/{visit.agent}"]
        assert visit.queued() == [("frontdesk", "answered")]
        assert visit.record["menu_path"] == ([f"main-menu:{key}"] if key else [])
    silent = [f"{language}/choose-language" for language in LANGUAGES]
    for name, line, heard in (("2", MAIN, ASKED), ("nurses", NURSES, silent), ("infirmière", NURSES, ASKED[:1])):
        visit = who[name]
        assert visit.agent in ("dora", "eli")
        assert visit.heard == [*heard, f"voice/{visit.agent}"]
        assert visit.queued() == [("nurse", "answered")]
        assert visit.record["did"] == line
    assert {name for name, visit in who.items() if visit.record["language"] == "fr"} == {"infirmière"}
    assert who["message"].heard == [*ASKED, "en/refills-greeting"]
    assert who["mensaje"].heard == [*asked("mensaje", "es"), "es/refills-greeting"]
    assert who["about"].heard == [*ASKED, "en/about-us", "en/main-menu"]
    spanish = {name for name, visit in who.items() if visit.record["language"] == "es"}
    assert spanish == {"es", "mensaje"}
    assert {visit.record["version"] for visit in who.values()} == {version}
    talked = {visit.number: visit for visit in who.values() if visit.agent}
    assert {visit.record["outcome"] for visit in talked.values()} == {"answered"}
    assert all(500 < visit.record["talk_ms"] < 10_000 for visit in talked.values())
    assert {visit.record["agent"] for visit in talked.values()} <= {"201", "202", "203", "204", "205"}
    # they hung up before they had said anything
    assert {who["message"].record["outcome"], who["mensaje"].record["outcome"]} == {"abandoned"}


def asked(name: str, language: str) -> list[str]:
    """What is heard up to the main menu: whoever says nothing hears the question in every language."""
    question = [f"{each}/choose-language" for each in (LANGUAGES if name == "none" else LANGUAGES[:1])]
    return [*question, f"{language}/main-menu"]


async def test_out_of_hours_each_key_reaches_who_it_names(harbor: Harbor, phones: Phones) -> None:
    version = harbor.in_force(RULES, "closed")
    on_call = await harbor.desk(phones, "206", auto_answer={"after": 0.1})
    speaking = asyncio.create_task(harbor.speaks(on_call, "manager"))
    chosen = {"1": ("1", "1"), "0": ("1", "0"), "none": ("1",), "9": ("1", "9"), "es": ("2", "1")}
    who = {name: Visit(harbor, phones, f"+120755512{n:02}", *keys) for n, (name, keys) in enumerate(chosen.items())}
    who["nurses"] = Visit(harbor, phones, "+12075551210", "1", line=NURSES)
    steps = {"1": "nurse-message", "es": "nurse-message", "nurses": "message", "0": "on-call"}
    await asyncio.gather(*(v.play(until=steps.get(name, "frontdesk-message")) for name, v in who.items()))
    speaking.cancel()

    closed, left = ["en/choose-language", "en/closed-menu"], ["en/voicemail-greeting"]
    assert who["1"].heard == who["none"].heard == who["9"].heard == [*closed, *left]
    assert who["0"].heard == [*closed, "voice/manager"]
    assert who["es"].heard == ["en/choose-language", "es/closed-menu", "es/voicemail-greeting"]
    assert who["nurses"].heard == ["en/choose-language", "en/closed", *left]
    assert who["0"].record["outcome"] == "answered"
    assert who["0"].record["agent"] == "206"
    assert who["0"].record["menu_path"] == ["closed-menu:0"]
    assert {visit.record["outcome"] for name, visit in who.items() if name != "0"} == {"abandoned"}
    assert {visit.record["version"] for visit in who.values()} == {version}

    # nobody is there to be on call
    await on_call.do("unregister")
    await on_call.expect("unregistered")
    alone = await Visit(harbor, phones, "+12075551220", "1", "0").play(until="nurse-message")
    assert alone.heard == [*closed, *left]


async def test_at_lunch_a_message_a_nurse_or_the_person_on_call(harbor: Harbor, phones: Phones) -> None:
    harbor.in_force(RULES, "lunch")
    on_call = await harbor.desk(phones, "206", auto_answer={"after": 0.1})
    chosen = {"1": ("1", "1"), "none": ("1",), "9": ("1", "9"), "es": ("2", "1"), "2": ("1", "2"), "0": ("1", "0")}
    who = {name: Visit(harbor, phones, f"+120755513{n:02}", *keys) for n, (name, keys) in enumerate(chosen.items())}
    steps = dict.fromkeys(("1", "none", "9", "es"), "frontdesk-message") | {"0": "on-call"}
    async with harbor.at_work(phones, "dora"):
        speaking = asyncio.create_task(harbor.speaks(on_call, "manager"))
        await asyncio.gather(*(visit.play(until=steps.get(name, "")) for name, visit in who.items()))
        speaking.cancel()
    asked = ["en/choose-language", "en/at-lunch"]
    assert who["1"].heard == who["none"].heard == who["9"].heard == [*asked, "en/voicemail-greeting"]
    assert who["es"].heard == ["en/choose-language", "es/at-lunch", "es/voicemail-greeting"]
    assert who["2"].heard == [*asked, "voice/dora"]
    assert who["0"].heard == [*asked, "voice/manager"]
    assert (who["1"].record["language"], who["es"].record["language"]) == ("en", "es")
    assert {name for name, visit in who.items() if visit.record["outcome"] == "answered"} == {"2", "0"}


async def test_one_key_answers_one_menu(harbor: Harbor, phones: Phones) -> None:
    """Asterisk sends each key twice; the second must not answer the menu that the first led to."""
    harbor.in_force(RULES)
    patient = await harbor.patient(phones, "+12075551400")
    await patient.call()
    await patient.choose("1")
    await patient.at("menu", within=5)
    await asyncio.sleep(1.4)
    assert harbor.call_of(patient.number)["step"] == "menu"
    assert (await patient.leave())["menu_path"] == []
