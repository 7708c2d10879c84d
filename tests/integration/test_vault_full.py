"""A full disk: sealing fails cleanly, the recording stays in memory, and goes on once there is room."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinicpbx.adapters.vault.letterbox import AUDIO
from clinicpbx.adapters.vault.sealer import SealingFailed, SealJob
from clinicpbx.adapters.vault.store import Vault, plain_of
from tests.support.marks import assert_nothing_in_clear, tone
from tests.support.vaults import a_message, claim, make_vault, record, sweep

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tmpfs needs root"),
]

SOUND = tone(30)
ROOM = 128 * 1024


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """Its vault has 128 KiB, of which a file takes most."""
    made = make_vault(tmp_path)
    made.instance.vault.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(made.instance.vault)]
    subprocess.run(mount, check=True)
    yield made
    subprocess.run(["umount", str(made.instance.vault)], check=True)


def fill(vault: Vault, leave: int) -> Path:
    ballast = vault.instance.vault / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError:
            pass
    os.truncate(ballast, ballast.stat().st_size - leave)
    return ballast


@pytest.mark.parametrize("leave", [0, 8192, 40960, 90112])
def test_sealing_fails_cleanly_and_goes_on(vault: Vault, leave: int) -> None:
    ballast = fill(vault, leave)
    recording = record(vault, "rec.1.1", SOUND[:ROOM])
    job = SealJob(vault, claim(vault))
    for _ in range(3):
        with pytest.raises(SealingFailed, match="no room"):
            job.finish()
        assert recording.exists()
        assert list(vault.instance.vault.rglob(f"*{AUDIO}")) == []
        assert vault.list("8100").messages == ()
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=1m", str(vault.instance.vault)], check=True)
    job.finish()
    assert plain_of(vault, "8100", "m1") == SOUND[:ROOM]
    assert_nothing_in_clear(vault.instance, SOUND, tmpfs_too=True)


def test_a_daemon_killed_on_a_full_disk_begins_again(vault: Vault) -> None:
    ballast = fill(vault, 40960)
    record(vault, "rec.1.1", SOUND[:ROOM])
    job = SealJob(vault, claim(vault))
    with pytest.raises(SealingFailed):
        job.finish()
    job.close()
    assert len(sweep(vault).left) == 1
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=1m", str(vault.instance.vault)], check=True)
    sweep(vault)
    assert plain_of(vault, "8100", "m1") == SOUND[:ROOM]
    assert vault.message("8100", "m1").number == a_message().number


def test_on_a_full_disk_a_message_is_heard_and_a_hold_that_does_not_fit_harms_nothing(vault: Vault) -> None:
    record(vault, "rec.1.1", SOUND[:20000])
    SealJob(vault, claim(vault)).finish()
    fill(vault, 0)
    with pytest.raises(OSError, match="No space"):
        vault.hold("8100", "m1", "a case", vault.message("8100", "m1").received)
    assert vault.held("8100") == {}
    assert len(plain_of(vault, "8100", "m1")) == 20000
    vault.mark_heard("8100", "m1")
    assert vault.counts("8100") == (0, 1)
    vault.delete("8100", "m1")
    assert vault.counts("8100") == (0, 0)
