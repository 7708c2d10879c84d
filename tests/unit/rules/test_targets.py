"""What a queue promises, as a clinic writes it, and whether it was held."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from clinicpbx.core.acd.target import QueueTarget
from clinicpbx.rules.compile import rules_from
from clinicpbx.rules.diff import sentences

pytestmark = pytest.mark.unit
HARBOR = (Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml").read_text()
WRITTEN = "target: {answered: 90%, within: 1m}"
TODAY = date(2026, 11, 24)


def nurse(target: str = WRITTEN) -> str:
    assert WRITTEN in HARBOR
    return HARBOR.replace(WRITTEN, target)


@pytest.mark.parametrize(
    ("written", "promised", "words"),
    [
        (WRITTEN, QueueTarget(90, timedelta(minutes=1)), "90 % within 60 s"),
        ("target: {answered: 99.5%}", QueueTarget(99.5), "99.5 % within 20 s"),
        ("target: {abandoned: 2.5%}", QueueTarget(abandoned=2.5), "at most 2.5 % abandoned"),
        ("target: {answered: 100%, abandoned: 0%}", QueueTarget(100, abandoned=0),
         "100 % within 20 s, at most 0 % abandoned"),
    ],
)  # fmt: skip
def test_every_part_may_be_left_out(written: str, promised: QueueTarget, words: str) -> None:
    book = rules_from("clinic.yaml", nurse(written), TODAY).book
    assert (book.targets["nurse"], str(promised)) == (promised, words)


def test_a_queue_that_promises_nothing_has_no_target() -> None:
    assert rules_from("clinic.yaml", nurse("target: "), TODAY).book.targets.keys() == {"frontdesk"}


def test_a_change_is_told_as_it_is_written() -> None:
    before, after = (
        rules_from("clinic.yaml", text, TODAY).document for text in (nurse(), nurse("target: {answered: 85%}"))
    )
    told = [str(sentence).partition(";")[0] for sentence in sentences(before, after)]
    assert told == [
        "queues.nurse.target.answered: 85% instead of 90%",
        "queues.nurse.target.within: 20s instead of 1m",
    ]


@pytest.mark.parametrize(
    ("target", "answered", "abandoned", "missed"),
    [
        (QueueTarget(80, abandoned=5), 80.0, 5.0, []),  # what is equal is held
        (QueueTarget(80, abandoned=5), 71.2, 5.0, ["8.8 points too few answered in time"]),
        (QueueTarget(80, abandoned=5), 80.0, 5.1, ["0.1 points too many abandoned"]),
        (QueueTarget(80, abandoned=5), 0.0, 100.0,
         ["80.0 points too few answered in time", "95.0 points too many abandoned"]),
        (QueueTarget(abandoned=5), 0.0, 5.0, []),
        (QueueTarget(80), 80.0, 20.0, []),
    ],
)  # fmt: skip
def test_what_was_missed_is_said_with_how_much(
    target: QueueTarget, answered: float, abandoned: float, missed: list[str]
) -> None:
    assert list(target.missed(answered, abandoned)) == missed
