"""An instance with keys in a folder of its own, and recordings as Asterisk writes them."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from clinicpbx.adapters.vault.claim import Claim
from clinicpbx.adapters.vault.durable import create_durably, make_folder
from clinicpbx.adapters.vault.envelope import Header, seal
from clinicpbx.adapters.vault.keyring import make_root_key
from clinicpbx.adapters.vault.letterbox import AUDIO, KINDS, META
from clinicpbx.adapters.vault.message import Message
from clinicpbx.adapters.vault.publickeys import month_of
from clinicpbx.adapters.vault.recover import recover
from clinicpbx.adapters.vault.root import derive
from clinicpbx.adapters.vault.store import Vault
from clinicpbx.adapters.vault.sweep import interrupted, seal_left
from clinicpbx.daemon.audit_trail import waiting
from clinicpbx.daemon.vault_process import make_desk, serve_vault
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from clinicpbx.settings import Settings

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NUMBER = "+15550142387"
CALLER = "+15550199914"


def make_vault(home: Path) -> Vault:
    """A vault with a root key, in *home*."""
    instance = Instance(home)
    make_root_key(instance)
    instance.recordings.mkdir(parents=True)
    vault = Vault(instance)
    vault.keyring.make_ahead(["8100", "8200"], AT)
    return vault


def a_message(id: str = "m1", mailbox: str = "8100", **known: object) -> Message:
    """A message with numbers that must not be seen."""
    fields = {"call": "pbx-1772366400.7", "received": AT, "language": "es"} | known
    return Message(
        mailbox=mailbox,
        id=id,
        number=Private(NUMBER),
        caller=Private(CALLER),
        **fields,  # type: ignore[arg-type]
    )


def record(vault: Vault, name: str, sound: bytes) -> Path:
    """A finished recording, as ARI leaves it."""
    path = vault.instance.recordings / f"{name}.ulaw"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sound)
    return path


def claim(vault: Vault, name: str = "rec.1.1", **known: object) -> Claim:
    return Claim.on(vault.instance, name, a_message(**known))  # type: ignore[arg-type]


@dataclass
class Swept:
    """What a whole sweep did: the daemon's part of it, then the vault process's."""

    sealed: list[Message]
    left: list[ClinicPBXError]
    recovered: list[Message] = field(default_factory=list)
    damaged: list[ClinicPBXError] = field(default_factory=list)


def sweep(vault: Vault, live: Collection[str] = (), checkpoint: Callable[[str], None] = lambda name: None) -> Swept:
    """As the daemon and the vault process do together."""
    sealed = seal_left(vault, live, checkpoint=checkpoint)
    done = Swept(sealed.sealed, sealed.left)
    for mailbox, id in interrupted(vault, live):
        try:
            if (message := recover(vault, mailbox, id, checkpoint=checkpoint)) is not None:
                done.recovered.append(message)
        except ClinicPBXError as error:
            done.damaged.append(error)
    return done


def put(vault: Vault, message: Message, sound: bytes) -> Message:
    """A message that is there, with *sound*."""
    vault.label(message)
    header, dek = vault.header(message.mailbox, message.id, AUDIO, message.received)
    vault.path(message.mailbox, message.id, AUDIO).write_bytes(seal(header, dek, sound))
    return message


def put_suite_1(vault: Vault, message: Message, sound: bytes) -> Message:
    """A message as it was sealed before there were public keys."""
    key_id = f"{message.mailbox}/{month_of(message.received)}"
    path = vault.instance.vault_keys / "epochs" / f"{key_id}.key"
    kek = derive(vault.keyring.root(), "epochs")
    make_folder(path.parent)
    create_durably(path, aes_key_wrap(kek, os.urandom(32)))
    epoch = aes_key_unwrap(kek, path.read_bytes())
    for suffix, content, codec in ((META, message.encode(), "json"), (AUDIO, sound, "ulaw")):
        dek, target = os.urandom(32), vault.path(message.mailbox, message.id, suffix)
        make_folder(target.parent)
        header = Header(
            obj=message.id,
            mailbox=message.mailbox,
            kind=KINDS[suffix],
            codec=codec,
            created=message.received.isoformat(),
            key_id=key_id,
            wrapped_dek=aes_key_wrap(epoch, dek),
            suite=1,
        )
        target.write_bytes(seal(header, dek, content))
    return message


@contextmanager
def vault_running(instance: Instance, settings: Settings | None = None) -> Iterator[None]:
    """The vault process's socket, served from a thread of this process."""
    instance.run.mkdir(parents=True, exist_ok=True)
    ready, loop = threading.Event(), asyncio.new_event_loop()
    ended: asyncio.Event = asyncio.Event()

    async def serve() -> None:
        server = await serve_vault(instance, make_desk(instance, settings or Settings()))
        ready.set()
        await ended.wait()
        server.close()
        await server.wait_closed()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def noted(instance: Instance) -> list[tuple[str, str]]:
    """Action and object of what the vault wrote for the audit log, in order."""
    return [(one.entry.action, one.entry.object) for one in waiting(instance)]


def killed_at(nth: int, work: Callable[[Callable[[str], None]], object]) -> bool:
    """Runs *work* in a process of its own and kills that (SIGKILL) at the *nth* checkpoint, counted from 0.

    False when *work* ended before it got there; an exception in *work* fails.
    """
    child = os.fork()
    if child == 0:
        passed = 0

        def checkpoint(name: str) -> None:
            nonlocal passed
            if passed == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            passed += 1

        try:
            work(checkpoint)
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, f"the work failed before checkpoint {nth}"
    return False
