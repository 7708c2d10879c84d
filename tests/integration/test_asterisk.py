"""A real Asterisk runs an instance: it starts clean, keeps its records, holds clear audio in memory only."""

import re
import stat
from pathlib import Path

import pytest

from clinicpbx.adapters.asterisk.clear import is_tmpfs
from clinicpbx.adapters.asterisk.instance import make_instance
from clinicpbx.adapters.asterisk.verify import check_asterisk, problems
from clinicpbx.errors import NotReachable
from clinicpbx.paths import Instance
from tests.support.bed import Bed, eventually, running_bed

pytestmark = pytest.mark.integration

DIALPLAN = """\
[cpbx-test-records]
exten => spools,1,Answer(,i)
 same => n,Hangup()
"""


def test_asterisk_starts_without_a_warning_of_ours(tmp_path: Path) -> None:
    with running_bed(tmp_path / "bed") as fresh:
        log = (fresh.instance.asterisk / "log" / "messages").read_text()
    assert re.findall(r".*(?:WARNING|ERROR)\[.*", log) == []


def test_every_module_and_record_back_end_is_there(bed: Bed) -> None:
    assert problems(bed.instance, bed.settings) == []
    check_asterisk(bed.instance, bed.settings)


def test_a_missing_module_is_named(bed: Bed) -> None:
    bed.rx("module unload app_milliwatt.so")
    try:
        assert problems(bed.instance, bed.settings) == ["modules not running: app_milliwatt.so"]
    finally:
        bed.rx("module load app_milliwatt.so")


async def test_a_call_is_in_both_spools(bed: Bed) -> None:
    bed.generate(extensions=DIALPLAN)
    bed.rx("channel originate Local/spools@cpbx-test-records application Wait 1")
    rows = await eventually(lambda: [row for row in bed.cdr() if row["dst"] == "spools"])
    assert rows[0]["disposition"] == "ANSWERED"
    assert float(rows[0]["start"]) > 1e9
    call = rows[0]["linkedid"]
    wanted = {"CHAN_START", "ANSWER", "HANGUP", "CHAN_END"}
    await eventually(lambda: wanted <= {row["eventtype"] for row in bed.cel() if row["linkedid"] == call})


def test_clear_audio_is_in_memory_only(bed: Bed) -> None:
    assert is_tmpfs(bed.instance.clear)
    spool = re.search(r"Spool directory:\s+(\S+)", bed.rx("core show settings"))
    assert spool is not None
    assert spool.group(1) == str(bed.instance.clear)


def test_secrets_are_for_the_owner_alone(bed: Bed) -> None:
    keys = bed.instance.keys
    open_ones = {keys / "public", keys / "messages", keys / "verifier.pub"}
    private = [*({*keys.iterdir()} - open_ones), bed.instance.cdr_spool]
    private += [bed.instance.asterisk_etc / f"{name}.conf" for name in ("ari", "manager")]
    assert {oct(stat.S_IMODE(path.stat().st_mode) & 0o077) for path in private} == {"0o0"}
    with_vault = [(keys, 0o750), (keys / "messages", 0o770), (bed.instance.vault, 0o770)]
    assert [stat.S_IMODE(path.stat().st_mode) for path, _ in with_vault] == [mode for _, mode in with_vault]


def test_making_an_instance_again_changes_nothing(bed: Bed) -> None:
    before = {
        p: p.read_text() for p in [*bed.instance.asterisk_etc.glob("*.conf"), *bed.instance.keys.glob("*.secret")]
    }
    assert make_instance(bed.instance, bed.settings) is False
    assert before == {path: path.read_text() for path in before}


def test_an_asterisk_that_is_not_there_is_said_to_be_not_reachable(bed: Bed) -> None:
    with pytest.raises(NotReachable, match="does not answer"):
        problems(Instance(bed.instance.home / "nowhere"), bed.settings)
