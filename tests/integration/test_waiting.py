"""Waiting with real phones: a lost place is given back, a key keeps it, the language finds its agent, few overtake."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import reduce

import pytest

from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import Bed, eventually
from tests.support.clinic_bed import RULES, Clinic, ended, press
from tests.support.sound import tone

pytestmark = pytest.mark.integration
FLOWS = """\
  main:
    steps:
      pick_up: {answer: , then: desk}
      desk:
        enqueue: {queue: desk, limit: 5m, greeting: wait-greeting, comfort: wait-worse}
        next: {overflow: message, unstaffed: message, 9: sorry}
      sorry: {play: about, then: urgent}
      urgent:
        enqueue: {queue: desk, priority: 9}
        next: {overflow: message, unstaffed: message}
      message: {voicemail: {mailbox: desk, confirm_number: false}, next: {done: bye, empty: bye}}
      bye: {hangup: }
  spanish:
    steps:
      language: {language: {prompt: menu, keys: {1: en, 2: es}, patience: 1s}, then: desk}
      desk: {enqueue: desk, next: {overflow: bye, unstaffed: bye}}
      bye: {hangup: }
"""
CHANGES = {
    "languages: {{en: English}}": "languages: {{en: English, es: Español}}",
    "name: Ben, phone: \"202\", queues: [desk]": "name: Ben, phone: \"202\", queues: [desk], languages: [en, es]",
    "queues: {{desk: {{ring: 5s, wrap_up: 0s}}}}": "queues: {{desk: {{ring: 5s, wrap_up: 0s, same_language: 6s}}}}",
    "menu: {{en: Press one}}": "menu: {{en: Press one, es: Dos}}",
    "about: {{en: About us}}": "about: {{en: About us, es: Nosotros}}",
    "mailboxes: {{": '"+12075550101": {{name: Other line, flow: spanish, fallback: {{mailbox: desk}}}}\nmailboxes: {{',
}  # fmt: skip


@pytest.fixture(scope="module")
def house(bed: Bed) -> Iterator[Clinic]:
    rules = reduce(lambda text, change: text.replace(*change), CHANGES.items(), RULES)
    rules = rules.replace('}}\n"+1207', '}}\n  "+1207')
    with ended(bed):
        made = Clinic(bed, rules[: rules.index("  main:\n    steps:")] + FLOWS.replace("{", "{{").replace("}", "}}"))
        for language in ("en", "es"):
            for name in ("wait-greeting", "wait-worse", "about", "menu"):
                path = made.instance.prompts / language / f"{name}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                tone(path, 700, 0.5)
        made.start_daemon()
        yield made


@pytest.fixture(autouse=True)
async def tidy(house: Clinic) -> AsyncIterator[None]:
    await house.ready()
    yield
    await house.empty()
    for name in ("ana", "ben"):
        house.ask("agent.unpause", agent=name)
        house.ask("agent.logout", agent=name)


async def patient(house: Clinic, phones: Phones, number: int) -> Phone:
    return await phones.phone(f"patient-{number}", house.trunk, 5060 + 2 * number)


async def waits(house: Clinic, phone: Phone, line: str = "+12075550100", number: str = "") -> None:
    """*phone* calls, and waits in the queue."""
    there = len(house.ask("callers", queue="desk"))
    sender = f"<sip:{number or phone.name}@{house.trunk}>"
    await phone.call(f"sip:{line}@{house.bed.sip}", sender=sender)
    await phone.expect("connected")
    await eventually(lambda: len(house.ask("callers", queue="desk")) > there, 10)


async def nobody_free(house: Clinic, phones: Phones) -> tuple[Phone, Phone]:
    """Both agents are there, and cannot take calls: as after missed ones."""
    desks = [await house.desk(phones, extension, auto_answer={"after": 0.1}) for extension in ("201", "202")]
    for name in ("ana", "ben"):
        house.ask("agent.login", agent=name)
        house.ask("agent.pause", agent=name, reason="no answer")
    await eventually(lambda: all(row["reachable"] for row in house.ask("agents")))
    return desks[0], desks[1]


def order(house: Clinic) -> list[tuple[int, float]]:
    return [(row["priority"], row["waited"]) for row in house.ask("callers", queue="desk")]


async def urgent(house: Clinic, phone: Phone, many: int) -> None:
    """*phone* presses 9, until it is one of *many* urgent callers before a routine one: a busy machine loses keys."""
    for _ in range(4):
        await press(phone, "9")
        with suppress(AssertionError):
            await eventually(lambda: [priority for priority, _ in order(house)] == [9] * many + [0], 3)
            return
    raise AssertionError(order(house))


async def test_who_was_cut_off_and_calls_again_has_the_place_back(house: Clinic, phones: Phones) -> None:
    await nobody_free(house, phones)
    first, second = await patient(house, phones, 0), await patient(house, phones, 1)
    await waits(house, first, number="+12075550711")
    await asyncio.sleep(1.2)  # the time between them is what is looked at
    await waits(house, second, number="+12075550712")
    await first.hangup()
    await eventually(lambda: len(house.ask("calls")) == 1)  # the call is over, not only out of the queue
    await waits(house, first, number="+12075550711")
    (_, waited), (_, less) = order(house)
    assert waited > less + 1, "the first to have joined is the first again"
    house.ask("agent.unpause", agent="ana")
    await eventually(lambda: house.agent("ana") == "talking", 5)
    await second.hangup()
    await eventually(lambda: not house.ask("callers", queue="desk"))
    assert house.agent("ana") == "talking", "with the one who was cut off"


async def test_nine_makes_it_urgent_and_keeps_the_time(house: Clinic, phones: Phones) -> None:
    await nobody_free(house, phones)
    first, second = await patient(house, phones, 0), await patient(house, phones, 1)
    await waits(house, first, number="+12075550721")
    await waits(house, second, number="+12075550722")
    await press(second, "9")
    await eventually(lambda: [priority for priority, _ in order(house)] == [9, 0], 10)
    assert order(house)[0][1] > 0.5, "the time in line is kept"


async def test_a_spanish_caller_waits_for_who_speaks_it_then_for_anybody(house: Clinic, phones: Phones) -> None:
    await nobody_free(house, phones)
    caller = await patient(house, phones, 0)
    await caller.call(f"sip:+12075550101@{house.bed.sip}", sender=f"<sip:+12075550731@{house.trunk}>")
    await caller.expect("connected")
    await eventually(lambda: house.steps() == ["language"])
    await press(caller, "2")
    await eventually(lambda: house.steps() == ["desk"])
    assert [row["needs"] for row in house.ask("callers", queue="desk")] == ["speaks es"]
    house.ask("agent.unpause", agent="ana")
    await asyncio.sleep(2)  # nothing happens meanwhile
    assert house.agent("ana") == "free", "she does not speak it, and ben will be back"
    await eventually(lambda: house.agent("ana") == "talking", 8)  # after same_language
    await caller.hangup()


async def test_urgent_callers_overtake_a_routine_one_five_times_at_most(house: Clinic, phones: Phones) -> None:
    ana, _ = await nobody_free(house, phones)
    patients = [await patient(house, phones, number) for number in range(8)]
    await waits(house, patients[0], number="+12075550770")
    for number, phone in enumerate(patients[1:], 1):
        await waits(house, phone, number=f"+1207555077{number}")
        await urgent(house, phone, number)
    house.ask("agent.unpause", agent="ana")
    served = []
    for _ in range(6):
        await eventually(lambda: house.agent("ana") == "talking", 10)
        call = next(row["call"] for row in house.ask("agents") if row["agent"] == "ana")
        served.append(call)
        await ana.hangup()
        await eventually(lambda call=call: call not in str(house.ask("agents")), 10)  # type: ignore[misc]
    waiting = [row["priority"] for row in house.ask("callers", queue="desk")]
    assert waiting.count(0) == 0, "five went before, then it was the routine caller's turn"
    assert waiting.count(9) >= 1


async def test_a_full_and_a_closed_queue_by_a_supervisors_word_also_after_a_crash(
    house: Clinic, phones: Phones
) -> None:
    await nobody_free(house, phones)
    first, second, third = [await patient(house, phones, number) for number in range(3)]
    await waits(house, first, number="+12075550781")
    house.bed.clinicpbx("queue", "mode", "desk", "full", "--until", "1h")
    await second.call(f"sip:+12075550100@{house.bed.sip}", sender=f"<sip:+12075550782@{house.trunk}>")
    await eventually(lambda: house.steps() == ["desk", "message"])
    house.bed.programs["daemon"].kill()
    house.start_daemon()
    await house.ready(15)
    await eventually(lambda: house.steps()[:1] == ["desk"])
    (row,) = house.ask("queues")
    assert (row["mode"], bool(row["by"])) == ("full", True)
    began = asyncio.get_running_loop().time()
    house.bed.clinicpbx("queue", "mode", "desk", "closed")
    told = asyncio.get_running_loop().time()
    await eventually(lambda: "desk" not in house.steps(), 5)
    assert asyncio.get_running_loop().time() - told < 1, f"the command took {told - began} s"
    await third.call(f"sip:+12075550100@{house.bed.sip}", sender=f"<sip:+12075550783@{house.trunk}>")
    await eventually(lambda: house.steps().count("message") >= 2)
    assert house.ask("callers", queue="desk") == []
    house.bed.clinicpbx("queue", "mode", "desk", "open")
    await waits(house, await patient(house, phones, 3), number="+12075550784")
