"""The daemon and the vault process as users of their own, on real files: each can do its work, and no more."""

import asyncio
import concurrent.futures.thread  # noqa: F401  (the interpreter may lie where these users cannot read)
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clinicpbx.adapters.asterisk.clear import unmount_clear
from clinicpbx.adapters.asterisk.instance import make_instance
from clinicpbx.adapters.vault.hear import forget
from clinicpbx.adapters.vault.keyring import Keyring, make_root_key
from clinicpbx.adapters.vault.letterbox import Letterbox
from clinicpbx.adapters.vault.root import KeyRefused, Root
from clinicpbx.adapters.vault.sealer import SealJob
from clinicpbx.adapters.vault.store import Vault, plain_of
from clinicpbx.cli.prepare import _own
from clinicpbx.daemon.audit_trail import waiting
from clinicpbx.daemon.control_client import ask
from clinicpbx.daemon.vault_client import PhoneDesk, ask_vault
from clinicpbx.daemon.vault_process import run_vault
from clinicpbx.daemon.verbs import serve_verbs
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from clinicpbx.settings import Settings
from tests.support.marks import tone
from tests.support.vaults import claim

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="becoming other users needs root"),
]

DAEMON, VAULT, STRANGER = 64101, 64102, 64103
BIN = 2
"""A user of this machine whose group of that name, `bin`, gives a role here."""
SOUND = tone(3)
PIN = "270418"


def as_user(uid: int, work: Callable[[], object], **environment: str) -> int:
    """Start *work* in a process of that user, of the instance's group; its pid."""
    child = os.fork()
    if child:
        return child
    try:
        os.setgroups([])
        os.setresgid(DAEMON, DAEMON, DAEMON)
        os.setresuid(uid, uid, uid)
        os.umask(0o077)
        os.environ.update(environment)
        work()
        os._exit(0)
    except BaseException as error:
        print(type(error).__name__, error, flush=True)
        os._exit(1)


def done(uid: int, work: Callable[[], object], **environment: str) -> None:
    _, status = os.waitpid(as_user(uid, work, **environment), 0)
    assert os.waitstatus_to_exitcode(status) == 0, "see what it printed"


@pytest.fixture
def instance() -> Iterator[Instance]:
    """As `prepare --owner … --vault-owner …` leaves it."""
    home = Path(tempfile.mkdtemp(prefix="cpbx-users-"))
    home.chmod(0o755)
    made = Instance(home / "home")
    make_instance(made, Settings(bind="127.0.23.1"))
    make_root_key(made)
    Keyring(made).make_ahead(["8100"], datetime.now(UTC))
    _own(made, DAEMON, VAULT)  # type: ignore[arg-type]
    yield made
    unmount_clear(made.clear)
    shutil.rmtree(home)


@pytest.fixture
def credentials(instance: Instance) -> Path:
    """What systemd gives the vault process alone."""
    folder = instance.home.with_name("credentials")
    folder.mkdir(mode=0o700)
    shutil.copy(instance.keys / "root.key", folder / "root.key")
    for path in (folder, folder / "root.key"):
        os.chown(path, VAULT, DAEMON)
    return folder


def there(path: Path) -> None:
    until = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.05)


def seal(instance: Instance) -> None:
    job = claim(Letterbox(instance), received=datetime.now(UTC))  # type: ignore[arg-type]
    job.source.write_bytes(SOUND)
    SealJob(Letterbox(instance), job).finish()


def refused(what: Callable[[], object]) -> None:
    """PermissionError, or that of a key that cannot be read."""
    try:
        what()
    except (PermissionError, KeyRefused):
        return
    raise AssertionError("it was not refused")


def test_the_daemon_seals_and_counts_and_can_read_neither_key_nor_message(instance: Instance) -> None:
    def work() -> None:
        seal(instance)
        assert Letterbox(instance).counts("8100") == (1, 0)
        refused(lambda: Root(instance).key())
        refused(lambda: list(instance.vault_keys.iterdir()))
        refused(lambda: plain_of(Vault(instance), "8100", "m1"))
        for path in (instance.public_keys / "8100" / "new.pub", instance.public_keys / "any.pub"):
            refused(lambda path=path: path.write_bytes(b""))

    done(DAEMON, work)


def test_the_vault_process_does_its_work_on_what_the_daemon_sealed(instance: Instance, credentials: Path) -> None:
    done(DAEMON, lambda: seal(instance))

    def work() -> None:
        vault = Vault(instance)
        assert plain_of(vault, "8100", "m1") == SOUND
        vault.mark_heard("8100", "m1")
        vault.hold("8100", "m1", "a case", datetime.now(UTC))
        vault.unhold("8100", "m1")
        assert vault.keyring.make_ahead(["8100", "8200"], datetime.now(UTC))
        vault.delete("8100", "m1")
        assert list((instance.message_keys / "8100").iterdir()) == []

    done(VAULT, work, CREDENTIALS_DIRECTORY=str(credentials))
    done(DAEMON, lambda: seal(instance))


def test_they_talk_and_the_daemons_user_gets_nothing_without_a_pin(instance: Instance, credentials: Path) -> None:
    done(DAEMON, lambda: seal(instance))
    vault = as_user(VAULT, lambda: run_vault(instance, Settings()), CREDENTIALS_DIRECTORY=str(credentials))
    try:
        there(instance.vault_socket)
        ask_vault(instance, "voicemail pin", mailbox="8100", pin=PIN)

        def work() -> None:
            desk = PhoneDesk(instance)
            with pytest.raises(ClinicPBXError, match="may not"):
                ask_vault(instance, "voicemail hear", mailbox="8100", message="m1", login="root")
            assert desk.open("c1", "204", "8100", Private(PIN))["answer"] == "right"
            path = Path(desk.fetch("c1", "204", "8100", "m1"))
            assert path.read_bytes() == SOUND
            forget(instance, path)
            assert not path.exists()
            desk.heard("c1", "204", "8100", "m1")
            assert Letterbox(instance).counts("8100") == (0, 1)
            actions = [one.entry.action for one in waiting(instance)]
            assert actions[-3:] == ["refused", "voicemail.open", "voicemail.hear"], actions

        done(DAEMON, work)
    finally:
        os.kill(vault, 15)
        os.waitpid(vault, 0)


def test_the_daemon_does_for_each_user_what_their_group_may_and_for_its_own_and_root_all(instance: Instance) -> None:
    settings = Settings(group_admin="bin", group_agent="cpbx-none", group_supervisor="cpbx-none")
    daemon: Any = SimpleNamespace(queues=None, pages=None, reload_rules=lambda: SimpleNamespace(version="000007"))

    async def serve() -> None:
        instance.run.mkdir(exist_ok=True)
        server = await serve_verbs(daemon, instance, settings)
        await server.wait_closed()

    def reloads(login: str) -> None:
        wish = {"do": "rules.reload", "login": login}
        assert ask(instance.control, "daemon", wish, 5) == {"version": "000007"}

    def refused_it() -> None:
        with pytest.raises(ClinicPBXError, match=f"uid {STRANGER} may not") as refused:
            reloads("root")
        assert refused.value.exit_code == 77

    process = as_user(DAEMON, lambda: asyncio.run(serve()))
    try:
        there(instance.control)
        for uid in (BIN, DAEMON):
            done(uid, lambda: reloads(""))
        reloads("")
        done(STRANGER, refused_it)
        [row] = [one.entry for one in waiting(instance)]
        assert (row.actor, row.action, row.detail) == (f"uid {STRANGER}", "refused", {"command": "rules apply"})
    finally:
        os.kill(process, 15)
        os.waitpid(process, 0)
