"""The README is true: its clinic loads, its steps are the steps there are, its commands exist."""

import json
import re
from datetime import date
from pathlib import Path

import click
import pytest
from prometheus_client import generate_latest

from clinicpbx.adapters.metrics import Metrics
from clinicpbx.cli import main as cli
from clinicpbx.core.callflow.step import STEPS
from clinicpbx.daemon.notifier_metrics import NotifierMetrics
from clinicpbx.daemon.records_metrics import RecordsMetrics
from clinicpbx.rules.compile import rules_from
from clinicpbx.rules.tree import Tree

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
WRITTEN = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md"), ROOT / "systemd" / "install.sh"]
WRITTEN += [
    *(ROOT / "examples").rglob("*.md"),
    *(ROOT / "examples").rglob("clinic.yaml"),
    *(ROOT / "scripts").iterdir(),
]


def test_the_first_clinic_is_a_clinic():
    text, _ = re.findall(r"```yaml\n(.*?)```", README, re.S)
    rules = rules_from("README.md", text, date(2026, 11, 24), "1")
    assert rules.book.entries["+12075550100"] == "main"
    assert len(text.splitlines()) <= 11


def test_the_queues_are_as_they_can_be_written():
    first, queues = (Tree("README.md", part.encode()).value for part in re.findall(r"```yaml\n(.*?)```", README, re.S))
    agents = queues["agents"]
    numbers = {agent["phone"]: {"name": name, "location": "desk"} for name, agent in agents.items()}
    ends = {"overflow": "message", "unstaffed": "message"}
    steps = {
        **queues["flows"]["main"]["steps"],
        "nurse": {"enqueue": {"queue": "nurse", "priority": 9}, "next": ends},
        "message": {"voicemail": {"mailbox": "desk"}, "next": {"done": "bye", "empty": "bye"}},
        "bye": {"hangup": {}},
    }
    whole = {
        **first,
        **queues,
        "languages": {"en": "English", "es": "Español"},
        "hours": {"clinic": {"open": {"mon-fri": "08:00-17:00"}}},
        "phones": {phone: {**first["phones"].get(phone, {}), **rule} for phone, rule in numbers.items()},
        "dids": {"+12075550100": {"name": "Main line", "flow": "main", "fallback": {"mailbox": "desk"}}},
        "prompts": {"frontdesk-call": {"en": "Front desk.", "es": "Recepción."}},
        "flows": {"main": {"start": "bills", "steps": steps}},
    }
    book = rules_from("README.md", json.dumps(whole), date(2026, 11, 24), "1").book
    assert book.agents["ana"].skills == {"billing": 3, "speaks en": 1, "speaks es": 1}
    assert book.queues["nurse"].licences == ("rn",)


def test_the_steps_are_those_there_are():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", README, re.M))
    assert rows == {kind: step.summary for kind, step in STEPS.items()}


@pytest.mark.parametrize("written", WRITTEN, ids=lambda path: path.name)
def test_the_commands_exist(written: Path) -> None:
    context = click.Context(cli.command)
    for line in re.findall(r"(?<!/)\bclinicpbx (?:--home \S+ )?([a-z-]+)(?: ([a-z]+))?", written.read_text()):
        group = cli.command.get_command(context, line[0])
        assert group is not None, line
        if isinstance(group, click.Group):
            assert not line[1] or line[1] in group.commands or line[0] == "report", line  # which takes names


def test_the_metrics_it_names_are_measured() -> None:
    measured = Metrics().text().decode() + generate_latest(RecordsMetrics().registry).decode()
    measured += generate_latest(NotifierMetrics().registry).decode()
    for name in re.findall(r"clinicpbx_[a-z_]+", README):
        assert re.search(rf"^# TYPE {name} ", measured, re.M), name


def test_the_files_it_names_are_there():
    for target in re.findall(r"\]\((docs/[^)]*)\)", README) + re.findall(
        r"`((?:scripts|systemd|examples)/[^` ]+)", README
    ):
        assert (ROOT / target).exists(), target
