"""A real Asterisk takes the golden files as they are: every context, extension, hint and endpoint, and no complaint."""

import re
from collections.abc import Iterator

import pytest

from clinicpbx.adapters.asterisk.install import RELOADS
from clinicpbx.rules.dialplan_parse import Context, parse_dialplan
from tests.support.bed import Bed
from tests.support.golden import GOLDEN

pytestmark = pytest.mark.integration
FILES = {path.name: path.read_text() for path in GOLDEN.iterdir()}


@pytest.fixture(scope="module")
def complaints(bed: Bed) -> Iterator[list[str]]:
    """The golden files are loaded; what Asterisk complained of meanwhile. Afterwards the files before are back."""
    before = {path: path.read_text() for path in bed.instance.generated.glob("*.conf")}
    log = bed.instance.asterisk / "log" / "messages"
    known = len(log.read_text())
    load(bed, FILES)
    yield re.findall(r".*(?:WARNING|ERROR)\[.*", log.read_text()[known:])
    for name in FILES:
        (bed.instance.generated / name).unlink()
    load(bed, {path.name: text for path, text in before.items()})


def load(bed: Bed, files: dict[str, str]) -> None:
    for name, text in files.items():
        (bed.instance.generated / name).write_text(text)
    for command in dict.fromkeys(RELOADS.values()):
        bed.rx(command)


def test_nothing_is_complained_of(complaints: list[str]) -> None:
    assert complaints == []


@pytest.mark.usefixtures("complaints")
def test_every_line_of_the_dialplan_is_there(bed: Bed) -> None:
    shown = bed.rx("dialplan show")
    for name, context in parse_dialplan(FILES["extensions.conf"]).items():
        found = re.search(rf"^\[ Context '{name}' created by 'pbx_config' \]\n((?:  .*\n|\n(?=  ))*)", shown, re.M)
        assert found, name
        assert lines(found[1]) == expected(context), name


def lines(shown: str) -> list[str]:
    """What `dialplan show` says of one context: applications in order of extension, includes, hints."""
    exten, told = "", []
    for line in shown.splitlines():
        if found := re.match(r"  '(.+?)' => +(.*)", line):
            exten, line = found[1], found[2]
        if found := re.match(r" *(?:\[\w+\] +)?(\d+|hint)[.:] (.*?) +\[", line):
            told.append(f"{exten} {found[1]} {found[2].partition('(')[0]}")
        elif found := re.match(r"  Include => +'(\S+)'", line):
            told.append(f"include {found[1]}")
    return sorted(told)


def expected(context: Context) -> list[str]:
    priorities: dict[str, int] = {}
    told = [f"include {name}" for name in context.includes]
    told += [f"{exten} hint {device}" for exten, device in context.hints.items()]
    for line in context.lines:
        priorities[line.exten] = priorities.get(line.exten, 0) + 1
        told.append(f"{line.exten} {priorities[line.exten]} {line.app}")
    return sorted(told)


@pytest.mark.usefixtures("complaints")
def test_every_endpoint_with_its_parts_is_there(bed: Bed) -> None:
    sections = re.findall(r"^\[([^]]+)\]\ntype = (\w+)", FILES["pjsip.conf"] + FILES["pjsip_auth.conf"], re.M)
    assert len({name for name, kind in sections if kind == "endpoint"}) == 7
    shown = {
        kind: bed.rx(f"pjsip list {kind}s" if kind != "identify" else "pjsip list identifies")
        for kind in {kind for _, kind in sections}
    }
    assert [(name, kind) for name, kind in sections if not re.search(rf"\b{name}\b", shown[kind])] == []
    places = re.findall(r"^\[(cpbx-[\w-]+)\]", FILES["geolocation.conf"], re.M)
    known = bed.rx("geoloc list locations")
    assert [name for name in places if name not in known] == []


@pytest.mark.usefixtures("complaints")
def test_every_lamp_is_there(bed: Bed) -> None:
    hints = bed.rx("core show hints")
    wanted = parse_dialplan(FILES["extensions.conf"])["cpbx-hints"].hints
    assert len(wanted) == 18
    for exten, device in wanted.items():
        assert re.search(rf"^{re.escape(exten)}@cpbx-hints +: {re.escape(device)} ", hints, re.M), hints
    mailboxes = re.findall(r"^(\w+) => ,", FILES["voicemail.conf"], re.M)
    shown = bed.rx("voicemail show users")
    assert [name for name in mailboxes if not re.search(rf"^cpbx +{name} ", shown, re.M)] == []
