"""No text in any field of the rules makes Asterisk read one line, section, extension or application more."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinicpbx.errors import RulesRefused
from clinicpbx.rules.compile import rules_from
from clinicpbx.rules.dialplan_parse import parse_dialplan
from clinicpbx.rules.quoting import RenderRefused
from clinicpbx.rules.render import DIALPLAN, Place, render
from clinicpbx.rules.tree import Tree
from tests.support.golden import HARBOR, HOME, TEMPLATES, TODAY

pytestmark = pytest.mark.unit
Path = tuple[str | int, ...]
CLINIC = Tree("clinic.yaml", HARBOR.read_bytes()).value
CLINIC["prompts"] = {name: dict.fromkeys(CLINIC["languages"], "A text.") for name in CLINIC["prompts"]}
CLINIC["hours"]["clinic"]["holidays"]["add"] = {"2026-12-31": "The last day"}
CLINIC["sites"]["harbor"]["caller_id"] = "+12075550111"
CLINIC["phones"]["201"]["site"] = "harbor"
CLINIC["outbound"]["routes"] = {"free": {"begins": ["+1800"], "trunks": ["carrier"], "allow": "local"}}
CLINIC["providers"] = {
    "lopez": {
        "name": "Dr. Lopez",
        "mobile": "+12075550190",
        "phone": "206",
        "languages": ["es"],
        "specialities": ["kids"],
    },
    "chen": {"name": "Dr. Chen", "mobile": "+12075550191"},
}
CLINIC["rotas"] = {
    "night": {"shifts": [{"days": "mon-sun", "from": "08:00", "to": "08:00", "who": "lopez", "backup": "chen"}]}
}
CLINIC["overrides"] = {"storm": {"title": "Storm", "hours": "closed", "say": "at-lunch"}}
CLINIC["flows"]["main"]["steps"] |= {
    "on-call": {"alert": {"phones": ["206"], "prompt": "at-lunch"}, "then": "doctor"},
    "doctor": {"on_call": "night", "next": {"nobody": "kids", "unreached": "kids"}},
    "kids": {"refer": "kids", "next": {"unreached": "frontdesk-message"}},
}
LIKELY = """
; , & | = => ( ) [ ] { } ' " ` \\ # $ ! % @ < > ~ ^ * / ? : . - _ + 0 9 a Z é ñ 中 🙂
[cpbx-outbound] exten same include #include #exec #tryinclude ${SHELL(id)} ${CHANNEL} $[1+1] \\; ;-- --;
=>s,1,System(id) n,Dial(PJSIP/911@trunk-carrier) type=endpoint context=cpbx-phones password=x 201 true
"""
WORDS = st.sampled_from([*LIKELY.split(), " ", "\n", "\r", "\r\n", "\t", "\0", "\v", "\f", "\x1b", "\x85", "\u2028"])
SIGNS = WORDS.filter(lambda word: not re.fullmatch(r"[\w.:/*+-]+", word))
HOSTILE = st.one_of(
    st.lists(WORDS, min_size=1, max_size=8).map("".join),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=80),
)


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of every text in *value*."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))
    elif value is not None:
        yield path


def clinic_with(path: Path, text: str) -> dict[str, Any]:
    clinic = deepcopy(CLINIC)
    part: Any = clinic
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = text
    return clinic


def files(clinic: dict[str, Any], escaped: bool = True) -> dict[str, str]:
    """What *clinic* renders to; RulesRefused or RenderRefused."""
    rules = rules_from("clinic.yaml", json.dumps(clinic, ensure_ascii=escaped), TODAY, "000001")
    secrets = dict.fromkeys(rules.document.phones, "secret")
    return render(rules, Place(HOME, "000001", TODAY, secrets), TEMPLATES)


def structure(rendered: dict[str, str]) -> dict[str, list[str]]:
    """What is there, without what it says: of each line its key and its signs; of the dialplan what Asterisk reads."""
    found = {name: [f"{key(line)} {signs(name, line)}" for line in text.split("\n")] for name, text in rendered.items()}
    for context in parse_dialplan(rendered[DIALPLAN]).values():
        applications = [(line.exten, line.label, line.app) for line in context.lines]
        found[f"[{context.name}]"] = [*context.includes, *map(str, context.hints.items()), *map(str, applications)]
    return found


def key(line: str) -> str:
    """The key of a line, or the whole line that is a section or a directive; a comment begins at an unescaped `;`."""
    read = re.sub(r"(?<!\\);.*", "", line).strip()
    return read if read.startswith(("[", "#")) else re.split(r"=>?", read)[0].strip()


def signs(name: str, line: str) -> str:
    """What of a line means something to Asterisk besides the words; in quotes commas and brackets do not."""
    return re.sub(r"[\w .'-]" if name == DIALPLAN else r'[^"\\;<>\[\]$]', "", line)


USUAL = structure(files(CLINIC))
LEAVES = sorted(leaves(CLINIC), key=str)
TEXTS = [
    ("clinic", "name"),
    ("sites", "harbor", "address"),
    ("phones", "201", "name"),
    ("agents", "ana", "name"),
    ("mailboxes", "refills", "title"),
    ("dids", "+12075550100", "name"),
    ("languages", "en"),
    ("prompts", "at-lunch", "en"),
    ("hours", "clinic", "exceptions", 0, "reason"),
    ("hours", "clinic", "holidays", "add", "2026-12-31"),
    *(("locations", "office", "address", part) for part in ("street", "city", "state", "postal_code", "floor", "room")),
]


def check(path: Path, text: str, escaped: bool) -> None:
    try:
        rendered = files(clinic_with(path, text), escaped)
    except (RulesRefused, RenderRefused):
        return
    assert structure(rendered) == USUAL, path
    assert all(character.isprintable() for text in rendered.values() for line in text.split("\n") for character in line)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(TEXTS), HOSTILE, st.booleans())
@example(("phones", "201", "name"), 'A" <911>\\;[x]', True)
@example(("locations", "office", "address", "room"), '1",A1="X', True)
@example(("clinic", "name"), "A,n,System(id)", True)
def test_free_text_is_text(path: Path, text: str, escaped: bool) -> None:
    check(path, text, escaped)


@settings(max_examples=70, deadline=None)
@given(st.sampled_from(LEAVES), SIGNS, HOSTILE, st.booleans())
def test_a_word_with_more_behind_it_is_refused_or_harmless(path: Path, sign: str, text: str, before: bool) -> None:
    part: Any = CLINIC
    for key in path:
        part = part[key]
    check(path, f"{sign}{text}{part}" if before else f"{part}{sign}{text}", True)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: ".".join(map(str, path)))
def test_a_harmless_text_is_taken(path: Path) -> None:
    """Else the properties above would hold for a renderer that refuses everything."""
    assert structure(files(clinic_with(path, "Zoë's 2 rooms"))) == USUAL


def test_the_structure_sees_what_is_added() -> None:
    rendered = files(CLINIC)
    assert "A text." not in json.dumps(rendered)
    for name, more in (
        ("pjsip.conf", "mailboxes = x\n"),
        ("geolocation.conf", "[x]\n"),
        ("voicemail.conf", "x => 1\n"),
    ):
        assert structure({**rendered, name: rendered[name] + more}) != USUAL
    line = " same => n,NoOp(more)\n"
    assert structure({**rendered, DIALPLAN: rendered[DIALPLAN] + line}) != USUAL
