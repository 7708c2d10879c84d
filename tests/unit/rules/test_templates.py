"""Speciality templates: each makes a start that is proved; keys are what the prompts say; the clinic's own wins."""

import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from clinicpbx.cli.main import command
from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import Rules, read_rules
from clinicpbx.rules.scenarios import run
from clinicpbx.rules.templates import KNOWN

pytestmark = pytest.mark.unit
TODAY = date(2026, 11, 24)
HARBOR = Path(__file__).parents[3] / "examples" / "harbor"
SAYS_KEY = re.compile(r"\b(?:press|or|pulse|o|appuyez sur|ou sur) (\d)(?! \d)")


def begun(folder: Path, template: str, *more: str) -> Path:
    done = CliRunner().invoke(command, ["rules", "new", "--template", template, "--to", str(folder), *more])
    assert done.exit_code == 0, done.exception
    return folder / "clinic.yaml"


def adjusted(folder: Path, text: str, template: str = "general") -> Rules:
    """A new clinic that speaks English, with *text* besides."""
    file = begun(folder, template, "--languages", "en")
    (folder / "mine.yaml").write_text(text)
    clinic = file.read_text().replace("include: [", "include: [mine.yaml, ")
    start, end = clinic.index("\nflows:"), clinic.index("\nprompts:")
    file.write_text(clinic[:start] + clinic[end:])
    return read_rules(file, TODAY)


@pytest.mark.parametrize("template", KNOWN)
@pytest.mark.parametrize("languages", ["en,es,fr", "es", "fr,en"])
def test_each_makes_a_start_that_is_proved_and_keeps_its_scenarios(
    template: str, languages: str, tmp_path: Path
) -> None:
    rules = read_rules(begun(tmp_path, template, "--languages", languages), TODAY)
    assert [warning.path for warning in rules.warnings] == ["trunks"]
    assert [(ran.name, ran.problems) for ran in run(rules) if ran.problems] == []
    assert len(run(rules)) == 4


@pytest.mark.parametrize("clinic", [*KNOWN, "harbor"])
def test_the_prompts_say_the_keys_of_their_menus(clinic: str, tmp_path: Path) -> None:
    file = HARBOR / "clinic.yaml" if clinic == "harbor" else begun(tmp_path, clinic)
    rules = read_rules(file, TODAY)
    asked = 0
    for flow in rules.book.flows.values():
        for node in flow.nodes.values():
            if node.kind != "menu":
                continue
            for language, text in rules.document.prompts[node.step.prompt].items():  # type: ignore[attr-defined]
                assert sorted(SAYS_KEY.findall(text.lower())) == sorted(node.step.keys), language  # type: ignore[attr-defined]
                asked += 1
    assert asked >= 6


def test_the_clinics_own_wins_name_by_name(tmp_path: Path) -> None:
    rules = adjusted(
        tmp_path,
        "queues: {nurse: {ring: 33s}}\n"
        'flows: {main: {steps: {on-call: {dial: {number: "+12075550177"}, '
        "next: {noanswer: nurse-message, busy: nurse-message, failed: nurse-message}}}}}\n"
        "prompts: {refills-greeting: {en: Say it after the tone.}}\n",
    )
    assert rules.document.queues["nurse"].ring.total_seconds() == 33
    assert rules.document.queues["nurse"].strategy == "ringall", "what is not written is the template's"
    assert rules.book.flows["main"].nodes["on-call"].kind == "dial"
    greeting = rules.document.prompts["refills-greeting"]
    assert greeting == {"en": "Say it after the tone."}


def test_what_is_written_as_nothing_is_taken_out(tmp_path: Path) -> None:
    file = begun(tmp_path, "general")
    people = tmp_path / "people.yaml"
    people.write_text(people.read_text().replace(", refills]", "]"))
    silence = "timeout: frontdesk, invalid: frontdesk"
    night = "timeout: frontdesk-message, invalid: frontdesk-message"
    menu = (
        f"menu: {{menu: main-menu, next: {{1: red-flag, 2: frontdesk, 3: nurse, 5: about, 0: frontdesk, {silence}}}}}"
    )
    closed = f"closed: {{menu: closed-menu, next: {{1: red-flag, 2: nurse-message, 0: on-call, {night}}}}}"
    (tmp_path / "mine.yaml").write_text(
        f"mailboxes: {{refills: ~}}\nprompts: {{refills-greeting: ~}}\n"
        f"flows: {{main: {{steps: {{refills: ~, {menu}, {closed}}}}}}}\n"
    )
    text = file.read_text().replace("include: [", "include: [mine.yaml, ")
    start = text.index("\nflows:")
    end = text.index("\nprompts:")
    file.write_text(text[:start] + text[end:])
    rules = read_rules(file, TODAY)
    assert "refills" not in rules.document.mailboxes
    assert "refills" not in rules.book.flows["main"].nodes
    assert [warning.path for warning in rules.warnings] == [
        "trunks",
        "prompts.choose-language",
        "prompts.red-flag-alert",
    ]


def test_a_mistake_in_a_template_part_names_the_template(tmp_path: Path) -> None:
    with pytest.raises(RulesRefused) as refused:
        adjusted(tmp_path, "mailboxes: {refills: ~}\n")
    assert any(
        m.file == "template general" and "no mailbox is named 'refills'" in m.problem for m in refused.value.mistakes
    )


def test_an_unknown_template_is_refused_with_those_there_are(tmp_path: Path) -> None:
    file = begun(tmp_path, "general")
    file.write_text(file.read_text().replace("templates: general", "templates: pediatrics"))
    with pytest.raises(RulesRefused, match="no template is named 'pediatrics'; did you mean 'paediatrics'"):
        read_rules(file, TODAY)


def test_nothing_is_overwritten_and_nothing_is_left_of_a_failed_start(tmp_path: Path) -> None:
    file = begun(tmp_path, "general")
    before = file.read_bytes()
    again = CliRunner().invoke(command, ["rules", "new", "--template", "general", "--to", str(tmp_path)])
    assert again.exit_code == 1
    assert file.read_bytes() == before
    bad = ["rules", "new", "--template", "general", "--to", str(tmp_path / "bad"), "--number", "12"]
    assert CliRunner().invoke(command, bad).exit_code != 0
    assert list((tmp_path / "bad").iterdir()) == []


def test_a_phone_that_tells_an_alert_is_not_the_one_the_call_goes_on_to(tmp_path: Path) -> None:
    file = begun(tmp_path, "general", "--languages", "en")
    file.write_text(file.read_text().replace("phones: [201, 202]", "phones: [203, 201]"))
    (warning,) = [one for one in read_rules(file, TODAY).warnings if one.path.startswith("flows")]
    assert warning.problem == "203 is told, and so cannot be rung for nurse, which the call goes on to"
