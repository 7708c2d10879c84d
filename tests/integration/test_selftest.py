"""The self-test on the example clinic: it hears what callers hear, names what is wrong, and no phone ever rings."""

import json
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import pytest

from clinicpbx.adapters.vault.store import Vault
from clinicpbx.demo.phones import Phone, Phones
from tests.support.bed import eventually
from tests.support.harbor import MAIN, NURSES, RULES, Harbor
from tests.support.sound import tone

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
async def nobody_left(harbor: Harbor) -> AsyncIterator[None]:
    await harbor.ready()
    harbor.in_force(RULES)
    yield
    await harbor.home_time()


def run(harbor: Harbor, *entries: str) -> dict[tuple[str, str], dict[str, Any]]:
    done = harbor.bed.clinicpbx("selftest", "run", *entries, "--json", check=False, within=300)
    return {(row["entry"], row["path"]): row for row in json.loads(done.stdout)}


def rang(phones: list[Phone]) -> list[str]:
    return [phone.name for phone in phones for event in phone.heard if event["event"] == "incoming"]


def messages(harbor: Harbor) -> int:
    vault = Vault(harbor.instance)
    return sum(len(vault.list(mailbox).messages) for mailbox in vault.mailboxes())


async def test_every_entry_is_walked_heard_and_recorded_and_nobody_is_rung(harbor: Harbor, phones: Phones) -> None:
    staff = await harbor.staff(phones, "ana", "ben", "carla", "dora", "eli")
    manager = await harbor.desk(phones, "206")
    carrier = await harbor.patient(phones, "+12075550190")
    kept = messages(harbor)

    found = run(harbor)
    assert {entry for entry, _ in found} == {MAIN, NURSES, "300", "301", "600", "601", "602", "606"}
    assert [row for row in found.values() if not row["ok"]] == []
    main = found[MAIN, "rules"]
    asked = ["en/choose-language", "es/choose-language", "fr/choose-language", "en/main-menu"]
    assert (main["prompts"], main["reached"]) == (asked, "frontdesk")
    assert main["answered"] < 2000
    assert main["sounded"] < 3000
    assert found[MAIN, "fallback"]["reached"] == "fallback"
    assert found[NURSES, "rules"]["reached"] == "nurse"

    everybody = [*staff.values(), manager, carrier.phone]
    assert rang(everybody) == []
    assert messages(harbor) == kept
    assert not list(harbor.instance.recordings.rglob("*.ulaw"))
    tests = await eventually(lambda: found if len(found := _tests(harbor)) >= 16 else [], 20)
    assert {(row["outcome"], row["talk_ms"], row["mailbox"]) for row in tests} == {("selftest", 0, "")}
    assert not [row for row in tests if row["queue_entry"] or row["offer"]]
    assert [row["ok"] for row in harbor.ask("selftest.rows")] == [True] * 16
    volume = json.loads(harbor.bed.clinicpbx("report", "call_volume", "--json").stdout)
    assert "selftest" not in json.dumps(volume)


def _tests(harbor: Harbor) -> list[dict[str, Any]]:
    return [row for row in harbor.records() if row["kind"] == "selftest"]


async def test_a_missing_prompt_is_named_and_the_status_says_so(harbor: Harbor) -> None:
    prompt = harbor.instance.prompts / "es" / "choose-language.wav"
    kept = prompt.read_bytes()
    prompt.unlink()
    try:
        found = run(harbor, MAIN, "600")
    finally:
        prompt.write_bytes(kept)
    assert found[MAIN, "rules"]["problem"] == "the prompt es/choose-language is silent"
    assert found["600", "rules"]["ok"], "it does not ask for the language"
    status = harbor.bed.clinicpbx("status", check=False)
    assert status.returncode == 1
    assert MAIN in status.stderr
    assert f'clinicpbx_selftest_ok{{entry="{MAIN}"}} 0.0' in _metrics(harbor)
    run(harbor, MAIN)
    assert f'clinicpbx_selftest_ok{{entry="{MAIN}"}} 1.0' in _metrics(harbor)
    assert harbor.bed.clinicpbx("status", check=False).returncode == 0


def _metrics(harbor: Harbor) -> str:
    settings = harbor.bed.settings
    with urllib.request.urlopen(f"http://{settings.bind}:{settings.http_port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


async def test_a_silent_prompt_is_named(harbor: Harbor) -> None:
    prompt = harbor.instance.prompts / "en" / "main-menu.wav"
    kept = prompt.read_bytes()
    tone(prompt, level=0, seconds=2)
    try:
        found = run(harbor, MAIN)
    finally:
        prompt.write_bytes(kept)
    assert found[MAIN, "rules"]["problem"] == "the prompt en/main-menu is silent"
    assert found[MAIN, "rules"]["prompts"][0] == "en/choose-language"
    assert found[MAIN, "fallback"]["ok"]


async def test_a_daemon_that_hangs_is_found_and_no_phone_rings(harbor: Harbor, phones: Phones) -> None:
    staff = await harbor.staff(phones, "ana", "dora")
    daemon = harbor.bed.programs["daemon"]
    daemon.pause()
    try:
        found = run(harbor, NURSES)  # at once: Asterisk still believes in it
        later = run(harbor, NURSES)
    finally:
        daemon.resume()
    assert found[NURSES, "rules"]["problem"] == "nothing was heard within 8 s"
    assert found[NURSES, "fallback"]["ok"], "the fallback needs no daemon"
    assert later[NURSES, "rules"]["problem"] == "the daemon did not take the call; the fallback did"
    assert rang(list(staff.values())) == []


async def test_after_an_apply_the_daemon_tests_by_itself(harbor: Harbor) -> None:
    before = {row["call"] for row in harbor.ask("selftest.rows")}
    done = harbor.bed.clinicpbx("rules", "apply")
    assert "the self-test of 8 entries has begun" in done.stderr

    def anew() -> bool:
        rows = harbor.ask("selftest.rows")
        return len(rows) == 16 and not before & {row["call"] for row in rows}

    await eventually(anew, 120)
    listed = harbor.bed.clinicpbx("selftest", "list", "--json")
    assert all(row["ok"] for row in json.loads(listed.stdout))
