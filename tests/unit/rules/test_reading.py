"""Text of any kind: read as written, or refused with a place; never anything else."""

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinicpbx.errors import Mistake, RulesRefused
from clinicpbx.rules.compile import rules_from
from clinicpbx.rules.document import Document
from clinicpbx.rules.parse import parse
from clinicpbx.rules.tree import LARGEST, Tree

pytestmark = pytest.mark.unit
TODAY = date(2026, 11, 24)
GOOD = """
clinic: {name: Test}
languages: {en: English}
sites: {main: {timezone: America/New_York}}
"""


def test_scalars_stay_the_text_that_was_written() -> None:
    tree = Tree(
        "f", b"a: no\nb: 012\nc: +12075550100\nd: 08:30\ne: 2026-11-27\nf: 1e3\n201: x\n911: ~\ng: '~'\nh: on\n"
    )
    written = {"a": "no", "b": "012", "c": "+12075550100", "d": "08:30", "e": "2026-11-27", "f": "1e3", "h": "on"}
    assert tree.value == {**written, "201": "x", "911": None, "g": "~"}


def test_a_folded_text_is_one_line() -> None:
    text = GOOD + "prompts:\n  hello:\n    en: >\n      Good\n      morning.\n"
    assert parse("f", text).document.prompts["hello"]["en"] == "Good morning."


def test_quoted_and_unquoted_keys_mean_the_same() -> None:
    phones = "locations: {d: {elin: %s, address: {street: S, city: C, state: ME, postal_code: 04101, floor: 1}}}\n"
    plain = parse("f", GOOD + phones % "+12075550190" + "phones: {201: {name: 7, location: d}}\n").document
    quoted = parse("f", GOOD + phones % "'+12075550190'" + "phones: {'201': {name: '7', location: d}}\n").document
    assert plain == quoted
    assert plain.locations["d"].address.postal_code == "04101"


@pytest.mark.parametrize(
    ("raw", "line", "part"),
    [
        (b"", 1, "empty"),
        (b"# only words\n", 1, "empty"),
        (b"a: 1\nb: \x00\n", 2, "U+0000"),
        (b"a: 1\nb: \x1b[2J\n", 2, "U+001B"),
        (b"a: 1\n\nb: \xff\n", 3, "UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, "UTF-8"),
        (b"#" * (LARGEST + 1), 1, "larger than 2 MB"),
        (b"a: " + b"[" * 40 + b"]" * 40, 1, "nested too deeply"),
        (b"a: " + b"[" * 100_000, 1, "nested too deeply"),
        (b"? [a]\n: b\n", 1, "a key is a name"),
        (b"%YAML 9.0\n---\na: 1\n", 1, "YAML"),
    ],
)
def test_what_is_no_rules_file_is_refused_with_its_line(raw: bytes, line: int, part: str) -> None:
    with pytest.raises(RulesRefused) as refused:
        parse("clinic.yaml", raw)
    assert any(mistake.line == line and part in mistake.problem for mistake in refused.value.mistakes), refused.value


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert parse("f", b"\xef\xbb\xbf" + GOOD.encode()).document.clinic.name == "Test"


def test_included_files_are_read_as_if_they_stood_here() -> None:
    files = {"queues.yaml": b"queues:\n  desk: {}\n"}
    parsed = parse("rules/clinic.yaml", GOOD + "include: queues.yaml\nqueues: {nurse: {}}\n", files.__getitem__)
    assert list(parsed.document.queues) == ["nurse", "desk"]
    assert str(parsed.places.of(("queues", "desk"))) == "rules/queues.yaml:2"


def test_a_name_in_two_files_is_a_mistake_that_names_both_places() -> None:
    files = {"more.yaml": b"clinic: {name: Other}\nqueues:\n  desk: {}\ninclude: x.yaml\n"}
    with pytest.raises(RulesRefused) as refused:
        parse("clinic.yaml", GOOD + "include: more.yaml\nqueues:\n  desk: {}\n", files.__getitem__)
    told = [f"{mistake.file}:{mistake.line} {mistake.problem}" for mistake in refused.value.mistakes]
    assert told == [
        "more.yaml:1 'name' is written twice; first in clinic.yaml:2",
        "more.yaml:3 'desk' is written twice; first in clinic.yaml:7",
        "more.yaml:4 only the entry file includes others",
    ]


NAMES = """
clinic name languages en sites main timezone UTC flows steps start menu next then timeout invalid 1 0 play
queues desk enqueue queue limit 3m hours open mon-fri 08:00-17:00 dids +12075550100 fallback mailbox phones
201 911 no on ~ & * ! | > - ? : , [ ] { } ' " # % @ ` --- ... << &a *a !!str !!python/name:os é 012 2026-11-27
"""
WORDS = st.sampled_from([*NAMES.split(), "\t", "\n", "\x00", "\x85", "\ud800", "\ufeff"])
SNIPPETS = st.lists(st.tuples(st.sampled_from(["", " ", "  ", "\n", "\n  ", "\n    ", ": ", "- "]), WORDS).map("".join))


def mistakes_in(text: str) -> list[Mistake]:
    """The mistakes it is refused for; anything else it raises is a bug."""
    try:
        rules_from("clinic.yaml", text, TODAY)
    except RulesRefused as refused:
        return refused.mistakes
    return []


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(max_size=200), SNIPPETS.map("".join), SNIPPETS.map(lambda s: GOOD + "".join(s))))
@example("a: &a [*a]")
@example("? ")
@example("a: !!int x")
@example("! :")
@example('a: "\\ud800"')
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    mistakes = mistakes_in(text)
    assert all(mistake.line >= 1 and mistake.column >= 1 and mistake.problem for mistake in mistakes)


PLAIN = st.one_of(
    st.none(), st.sampled_from(["main", "desk", "201", "+12075550100", "20s", "no", "", "08:00-17:00", "9" * 400])
)
SECTIONS = tuple(Document.model_fields)
PARTS = """
main desk 201 911 +12075550100 mon-fri en date 2026-11-27 open holidays country steps next then menu enqueue
dial language keys name queue numbers exceptions
"""
KEYS = st.sampled_from(PARTS.split())
VALUES = st.recursive(
    PLAIN, lambda part: st.one_of(st.lists(part, max_size=3), st.dictionaries(KEYS, part, max_size=4)), max_leaves=12
)


def as_yaml(value: object) -> str:
    """Flow-style YAML of *value*."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"'{key}': {as_yaml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    return "~" if value is None else f"'{value}'"


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(st.sampled_from(SECTIONS), VALUES))
def test_no_shape_raises_anything_but_a_refusal(shape: dict[str, object]) -> None:
    assert mistakes_in(as_yaml(shape))
