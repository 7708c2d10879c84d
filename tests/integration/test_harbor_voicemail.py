"""Messages at Harbor Family Clinic: left, kept half-way, heard at a phone, and nowhere in clear."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from clinicpbx.adapters.vault.store import Vault, plain_of
from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import eventually
from tests.support.harbor import MAIN, NURSES, RULES, Harbor, Patient, Record
from tests.support.plaintext import outside, traces

pytestmark = pytest.mark.integration
PIN = "380294"
WHOLE, HALF, SHUT = "+12075553100", "+12075553101", "+12075553102"


@pytest.fixture(scope="module", autouse=True)
def pin(harbor: Harbor) -> None:
    harbor.in_force(RULES)
    harbor.bed.clinicpbx("voicemail", "pin", "nurse", given=PIN + "\n")
    for message in Vault(harbor.instance).list("nurse").messages:  # of other modules' calls
        harbor.bed.clinicpbx("voicemail", "delete", "nurse", message.id, "--yes")


@pytest.fixture(autouse=True)
async def nobody_left(harbor: Harbor) -> AsyncIterator[None]:
    await harbor.ready()
    yield
    await harbor.home_time()


async def leaves_a_message(harbor: Harbor, phones: Phones) -> tuple[Patient, Record]:
    """Speaks, hears the number read back, confirms it, and hears that the message is kept."""
    patient = await harbor.patient(phones, WHOLE)
    await patient.call(NURSES)
    await patient.choose("1")
    await patient.speak(2)
    await patient.phone.dtmf("#")
    await asyncio.sleep(11)  # a tone, eleven digits, a tone, and not yet the end of the clinic's patience
    await patient.phone.dtmf("1")
    return patient, await patient.gone()


async def hangs_up_half_way(harbor: Harbor, phones: Phones, number: str = HALF) -> tuple[Patient, Record]:
    """Chooses Spanish and a nurse, and hangs up while speaking."""
    patient = await harbor.patient(phones, number)
    await patient.call(MAIN)
    await patient.choose("2", "2")
    await patient.speak(2)
    return patient, await patient.leave()


async def code(harbor: Harbor, desk: Phone, dialled: str, sound: str) -> str:
    """Dial *dialled* at a desk and record what is heard; the call."""
    call = await desk.call(f"sip:{dialled}@{harbor.bed.sip}")
    await desk.record(harbor.sounds / sound, call)
    await desk.expect("connected", call=call)
    return call


async def test_messages_are_kept_shown_by_the_lamp_and_heard_with_the_pin(harbor: Harbor, phones: Phones) -> None:
    desk = await harbor.desk(phones, "204", lamp=True)
    await desk.expect("mwi")
    (whole, told), (half, cut) = await asyncio.gather(
        leaves_a_message(harbor, phones), hangs_up_half_way(harbor, phones)
    )
    await desk.expect("mwi", 10, waiting=True, new=2)

    voicemail = ["en/voicemail-greeting", "en/number-is", "en/number-confirm", "en/message-kept"]
    assert whole.heard() == ["en/choose-language", *voicemail]
    assert half.heard() == ["en/choose-language", "es/main-menu", "es/voicemail-greeting"]
    for record in (told, cut):
        assert (record["outcome"], record["mailbox"]) == ("voicemail", "nurse")
    assert (told["language"], cut["language"]) == ("en", "es")
    messages = {message.id: message for message in Vault(harbor.instance).list("nurse").messages}
    assert messages.keys() == {told["message"], cut["message"]}
    kept, part = messages[told["message"]], messages[cut["message"]]
    assert (kept.confirmed, part.confirmed) == (True, False)
    assert kept.number is not None
    assert "".join(filter(str.isdigit, kept.number.value)) == WHOLE[1:]
    assert min(kept.duration.total_seconds(), part.duration.total_seconds()) > 1.5

    await code(harbor, desk, "*97", "hearing.wav")
    await asyncio.sleep(0.5)
    await desk.dtmf("9999#")
    await asyncio.sleep(1)
    await desk.dtmf(PIN + "#")
    heard_at = harbor.instance.clear
    await desk.expect("mwi", 20, new=1)
    await desk.dtmf("#")
    await desk.expect("mwi", 20, new=0, waiting=False)
    await asyncio.sleep(0.5)
    await desk.dtmf("7")
    await desk.expect("recorded", 20)
    heard = harbor.tones.heard(harbor.sounds / "hearing.wav")
    assert heard.count("voice/patient") == 2, heard
    assert [path for path in heard_at.rglob("*") if path.suffix in (".ulaw", ".wav")] == []
    assert len(Vault(harbor.instance).list("nurse").messages) == 1, "7 deletes"


async def test_the_audit_log_says_who_heard_what(harbor: Harbor) -> None:
    def heard() -> list[dict[str, str]]:
        told = harbor.bed.clinicpbx("audit", "list", "--object", "nurse", "--json").stdout
        return [row for row in json.loads(told) if row["actor"] == "phone:204"]

    rows = await eventually(lambda: heard()[4:] and heard(), 10)
    actions = [row["action"].removeprefix("voicemail.") for row in reversed(rows)]
    assert actions == ["pin_refused", "open", "hear", "hear", "delete"]
    assert rows[0]["object"] == rows[1]["object"]
    harbor.bed.clinicpbx("audit", "checkpoint")
    assert json.loads(harbor.bed.clinicpbx("audit", "verify", "--json").stdout)["faults"] == []


async def test_without_the_vault_process_messages_are_taken_and_the_mailbox_says_it_cannot_be_opened(
    harbor: Harbor, phones: Phones
) -> None:
    desk = await harbor.desk(phones, "204", lamp=True)
    before = (await desk.expect("mwi"))["new"]
    harbor.bed.programs["vault"].kill()
    _, record = await hangs_up_half_way(harbor, phones, SHUT)
    assert (record["outcome"], record["mailbox"]) == ("voicemail", "nurse")
    await desk.expect("mwi", 10, waiting=True, new=before + 1)
    await code(harbor, desk, "*97", "away.wav")
    await asyncio.sleep(0.5)
    await desk.dtmf(PIN + "#")
    await desk.expect("recorded", 20)
    assert harbor.tones.heard(harbor.sounds / "away.wav") == ["en/mailbox-away"]
    listed = harbor.bed.clinicpbx("voicemail", "list", check=False)
    assert (listed.returncode, "the vault does not answer" in listed.stderr) == (69, True)
    harbor.bed.run_vault()
    found = [m for m in Vault(harbor.instance).list("nurse").messages if m.id == record["message"]]
    assert len(found) == 1


async def test_a_wrong_pin_opens_nothing(harbor: Harbor, phones: Phones) -> None:
    desk = await harbor.desk(phones, "205")
    await code(harbor, desk, "*97", "wrong.wav")
    for _ in range(3):
        await asyncio.sleep(1)
        await desk.dtmf("9999#")
    await desk.expect("recorded", 20)
    assert harbor.tones.heard(harbor.sounds / "wrong.wav") == []


async def test_a_colleague_leaves_a_message_by_the_mailboxs_number(harbor: Harbor, phones: Phones) -> None:
    nurse = await harbor.desk(phones, "204", lamp=True)
    manager = await harbor.desk(phones, "206")
    await nurse.expect("mwi")
    call = await code(harbor, manager, "601", "colleague.wav")
    await eventually(lambda: list(harbor.instance.recordings.glob("*.ulaw")), 10)
    await manager.play(harbor.sounds / "voice" / "manager.wav", loop=True, call=call)
    await asyncio.sleep(2)
    await manager.dtmf("#")
    await manager.expect("recorded", 20)
    await nurse.expect("mwi", 10, waiting=True)
    assert harbor.tones.heard(harbor.sounds / "colleague.wav") == ["en/voicemail-greeting", "en/message-kept"]
    record = await eventually(lambda: [row for row in harbor.records("206") if row["dialled"] == "601"], 10)
    assert (record[0]["kind"], record[0]["outcome"], record[0]["mailbox"]) == ("internal", "internal", "nurse")


async def test_nothing_of_it_lies_in_clear(harbor: Harbor) -> None:
    instance, vault = harbor.instance, Vault(harbor.instance)
    for message in vault.list("nurse").messages:
        sound = plain_of(vault, "nurse", message.id)
        assert traces(instance, sound[4000:4064]) == []
    assert traces(instance, PIN.encode()) == []
    assert [path for path in traces(instance, b"RIFF") if "prompts/" not in path] == []
    for number in (WHOLE, HALF, SHUT):
        found = traces(instance, number[1:].encode())
        assert [path for path in found if not outside(path)] == []
