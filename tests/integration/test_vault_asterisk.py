"""What Asterisk itself writes: recordings of the fallback dialplan reach the vault, lamps show what is there."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clinicpbx.adapters.asterisk.clear import unmount_clear
from clinicpbx.adapters.asterisk.console import rx
from clinicpbx.adapters.asterisk.instance import asterisk_command, asterisk_root, make_instance
from clinicpbx.adapters.asterisk.lamps import set_lamp
from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.adapters.vault.sealer import being_written
from clinicpbx.adapters.vault.store import Vault, plain_of
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings
from tests.support.marks import assert_nothing_in_clear
from tests.support.vaults import sweep

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        os.geteuid() != 0 or not asterisk_root(Settings()), reason="needs root and Asterisk's root file system"
    ),
]

DIALPLAN = """\
[cpbx-try]
exten => talk,1,Answer()
 same => n,Playback(demo-congrats)
exten => leave,1,Answer()
 same => n,Record(${CPBX_HOME}/clear/recording/fallback/8100/${UNIQUEID}.ulaw,0,60,kqx)
 same => n,Hangup()
"""
MAILBOX = "[cpbx]\n8100 => ,Front desk\n"


@dataclass(frozen=True, slots=True)
class Running:
    instance: Instance
    settings: Settings

    def cli(self, command: str) -> str:
        return rx(self.instance, self.settings, command)


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(Instance(tmp_path_factory.mktemp("vault")), Settings(bind="127.0.22.1", systemname="vault"))
    make_instance(running.instance, running.settings)
    make_root_key(running.instance)
    (running.instance.asterisk_etc / "custom.d" / "extensions.conf").write_text(DIALPLAN)
    (running.instance.generated / "voicemail.conf").write_text(MAILBOX)
    process = subprocess.Popen(
        asterisk_command(running.instance, running.settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: "fully booted" in running.cli("core waitfullybooted"), running)
        yield running
    finally:
        process.kill()
        process.wait()
        unmount_clear(running.instance.clear)


def until(true: Callable[[], object], running: Running, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if true():
                return
        except Exception:
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline, running.cli("core show channels")
        time.sleep(0.1)


def recordings(running: Running) -> list[Path]:
    return list((running.instance.recordings / "fallback" / "8100").glob("*.ulaw"))


def test_a_message_left_without_the_daemon_is_sealed_when_it_is_over(asterisk: Running) -> None:
    vault = Vault(asterisk.instance)
    asterisk.cli("channel originate Local/leave@cpbx-try extension talk@cpbx-try")
    until(lambda: recordings(asterisk) and recordings(asterisk)[0].stat().st_size > 0, asterisk)
    [path] = recordings(asterisk)
    assert being_written(path)
    assert sweep(vault).sealed == []
    asterisk.cli("channel request hangup all")
    until(lambda: not being_written(path), asterisk)
    sound = path.read_bytes()
    [message] = sweep(vault).sealed
    assert (message.mailbox, message.call) == ("8100", path.stem)
    assert plain_of(vault, "8100", message.id) == sound
    assert len(set(sound)) > 100, "somebody speaks"
    assert recordings(asterisk) == []
    assert_nothing_in_clear(asterisk.instance, sound[16000:17000], tmpfs_too=True)


def test_asterisk_counts_what_the_lamps_were_set_to(asterisk: Running) -> None:
    def shown() -> str:
        [line] = [row for row in asterisk.cli("voicemail show users for cpbx").splitlines() if "8100" in row]
        return line.split()[-1]

    for new, heard in ((3, 1), (1, 5), (0, 0)):
        set_lamp(asterisk.instance, "8100", new, heard)
        assert shown() == str(new)
