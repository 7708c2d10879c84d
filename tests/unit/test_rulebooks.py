"""Which rules a call follows, and that broken ones change nothing."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from clinicpbx.core.rulebook import Rulebook
from clinicpbx.daemon.follow_rules import follow_rules
from clinicpbx.daemon.rulebooks import Rulebooks, read_rulebook
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

pytestmark = pytest.mark.unit

TODAY = date(2030, 1, 7)


def read(path: Path, today: date, version: str) -> Rulebook:
    if path.read_text() == "broken":
        raise ClinicPBXError("broken")
    return Rulebook(version, {})


def put(instance: Instance, version: str, text: str = "fine") -> None:
    folder = instance.versions / version / "rules"
    folder.mkdir(parents=True)
    (folder / "clinic.yaml").write_text(text)
    instance.current.unlink(missing_ok=True)
    instance.current.symlink_to(version)


def test_new_calls_follow_the_version_in_force(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    books = Rulebooks(instance, read)
    put(instance, "000001")
    assert books.load(TODAY).version == "000001"
    assert books.ahead() == ""
    put(instance, "000002")
    assert books.ahead() == "000002"
    assert books.current().version == "000001", "until it is loaded"
    assert books.load(TODAY).version == books.current().version == "000002"
    old = books.version("000001")
    assert old is not None
    assert old.version == "000001"


def test_broken_rules_do_not_take_the_running_ones_away(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    books = Rulebooks(instance, read)
    put(instance, "000001")
    books.load(TODAY)
    put(instance, "000002", "broken")
    with pytest.raises(ClinicPBXError, match="broken"):
        books.load(TODAY)
    assert books.current().version == "000001"


def test_after_a_restart_an_old_version_is_read_again(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    put(instance, "000001")
    put(instance, "000002")
    books = Rulebooks(instance, read)
    books.load(TODAY)
    old = books.version("000001", TODAY)
    assert old is not None
    assert old.version == "000001"
    assert books.version("000003", TODAY) is None


def test_versions_nobody_uses_are_forgotten(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    books = Rulebooks(instance, read)
    for version in ("000001", "000002", "000003"):
        put(instance, version)
        books.load(TODAY)
    books.forget_unused({"000002"})
    assert set(books._books) == {"000002", "000003"}


def test_without_rules_it_says_what_to_do(tmp_path: Path) -> None:
    books = Rulebooks(Instance(tmp_path), read)
    with pytest.raises(ClinicPBXError, match="apply"):
        books.load(TODAY)
    with pytest.raises(ClinicPBXError, match="apply"):
        books.current()


def test_rules_in_force_outlive_a_stricter_release(tmp_path: Path) -> None:
    """What a later release calls a mistake (a mailbox nobody owns, a step nothing leads to) was good when applied."""
    file = tmp_path / "clinic.yaml"
    broken = Path(__file__).parent / "rules" / "broken"
    for name in ("step_unreachable", "hung_up_when_closed", "menu_without_person"):
        file.write_text((broken / f"{name}.yaml").read_text())
        assert read_rulebook(file, date(2026, 11, 24), "000001").version == "000001"
    file.write_text((broken / "step_target.yaml").read_text())
    with pytest.raises(ClinicPBXError, match="no step is named"):
        read_rulebook(file, date(2026, 11, 24), "000001")


async def test_rules_that_nobody_told_of_are_followed_and_broken_ones_tried_once(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    books, tried = Rulebooks(instance, read), list[str]()
    put(instance, "000001")
    books.load(TODAY)

    def reload() -> None:
        tried.append(books.ahead())
        books.load(TODAY)

    following = asyncio.create_task(follow_rules(books, reload, pause=0.01))
    for version in ("000002", "000003", "000004"):
        put(instance, version, "broken" if version == "000003" else "fine")
        await asyncio.sleep(0.2)
    following.cancel()
    assert tried == ["000002", "000003", "000004"]
    assert books.current().version == "000004"
