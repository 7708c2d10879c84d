"""Seals a recording into the vault while Asterisk still writes it."""

import asyncio
import contextlib
import errno
import fcntl
import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from clinicpbx.adapters.vault.claim import Claim, drop_claim, write_claim
from clinicpbx.adapters.vault.durable import (
    PRIVATE_FILE,
    Checkpoint,
    locked,
    make_folder,
    pass_by,
    sync_folder,
)
from clinicpbx.adapters.vault.envelope import Damaged, Sealer
from clinicpbx.adapters.vault.keyring import KeyDestroyed
from clinicpbx.adapters.vault.message import Message, duration_of
from clinicpbx.adapters.vault.store import AUDIO, META, PART, NoSuchMessage, Vault, plain_of
from clinicpbx.errors import ClinicPBXError

READ = 64 * 1024
AMENDABLE = ("number", "confirmed", "caller", "language", "call", "truncated")
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class SealingFailed(ClinicPBXError):
    """The recording could not be sealed now; it stays in the tmpfs, and the same job may be asked again."""


class SealJob:
    """One recording on its way into the vault. Blocking: call it from a thread, one call at a time.

    The tmpfs keeps the whole recording until the sealed file is durable under its final name, so after a crash
    a new job simply seals it from its start. `step` seals what is there so far into `<message>.part`, which is
    what survives a loss of power. A failure (SealingFailed, KeyRefused) leaves the job usable.
    """

    def __init__(self, vault: Vault, claim: Claim, *, checkpoint: Checkpoint = pass_by) -> None:
        self.claim = claim
        self._vault = vault
        self._reached = checkpoint
        self._part = vault.path(claim.message.mailbox, claim.message.id, PART)
        self._file: int | None = None
        self._unwritten = b""
        self._read = 0
        self._ended = False
        self._note()
        self._reached("claimed")

    def amend(self, **changes: Any) -> None:
        """What became known of the message before it was finished, such as `number`, `confirmed`."""
        self.claim = replace(self.claim, message=replace(self.claim.message, **changes))
        self._note()

    def step(self) -> int:
        """Seals what was recorded since the last step, durable when it returns; says how many bytes were read."""
        try:
            self._begin()
            before = self._read
            self._seal_new()
            self._write_out()
        except OSError as error:
            raise self._failed(error) from None
        return self._read - before

    def finish(self) -> Message:
        """The recording has ended: seals the rest, gives the sealed file its name, removes what was in clear."""
        try:
            message = self._already_kept() or self._complete()
            self.claim.source.unlink(missing_ok=True)
            self._reached("clear removed")
            drop_claim(self._vault.instance, self.claim.source)
            self._reached("claim removed")
        except OSError as error:
            raise self._failed(error) from None
        return message

    def drop(self) -> None:
        """The recording held nothing: forgets all of it."""
        self.close()
        self._part.unlink(missing_ok=True)
        self._vault.path(self.claim.message.mailbox, self.claim.message.id, META).unlink(missing_ok=True)
        self.claim.source.unlink(missing_ok=True)
        drop_claim(self._vault.instance, self.claim.source)

    def close(self) -> None:
        """Lets go of the files without finishing; a later job may seal the recording."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _note(self) -> None:
        """A full tmpfs must not keep a recording from being sealed: that is what empties it."""
        try:
            write_claim(self._vault.instance, self.claim)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise self._failed(error) from None

    def _begin(self) -> None:
        if self._file is not None:
            return
        mailbox, id = self.claim.message.mailbox, self.claim.message.id
        header, dek = self._vault.header(mailbox, id, PART, self.claim.message.received)
        make_folder(self._part.parent)
        opened = os.open(self._part, os.O_WRONLY | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(opened), os.stat(self._part)):
                raise BlockingIOError(errno.EAGAIN, "another job has just named it")
            os.ftruncate(opened, 0)
            sync_folder(self._part.parent)
        except BaseException:
            os.close(opened)
            raise
        self._file = opened
        self._sealer = Sealer(header, dek)
        self._unwritten, self._read, self._ended = self._sealer.preamble, 0, False
        self._reached("part created")
        self._label_early()

    def _label_early(self) -> None:
        """What is known already, for the case that the power goes; without room it is written at the end."""
        mailbox, id = self.claim.message.mailbox, self.claim.message.id
        with locked(self._part.parent):
            if not self._vault.path(mailbox, id, META).exists():
                try:
                    self._vault.label(self.claim.message)
                except OSError as error:
                    if error.errno not in NO_ROOM:
                        raise
        self._reached("labelled early")

    def _seal_new(self) -> None:
        try:
            clear = os.open(self.claim.source, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return
        try:
            while piece := os.pread(clear, READ, self._read):
                self._unwritten += self._sealer.feed(piece)
                self._read += len(piece)
        finally:
            os.close(clear)

    def _write_out(self) -> None:
        assert self._file is not None
        while self._unwritten:
            self._unwritten = self._unwritten[os.write(self._file, self._unwritten) :]
            self._reached("written")
        try:
            os.fdatasync(self._file)
        except OSError:
            self.close()  # what the kernel dropped is unknown: the next step begins anew
            raise
        self._reached("synced")

    def _complete(self) -> Message:
        if not self._ended:
            self.step()
            if self._read == 0 and not self.claim.source.exists():
                raise NoSuchMessage("the recording is not there", where=self.claim.source.name)
            self._unwritten += self._sealer.finish()
            self._ended = True
        self._write_out()
        self._reached("ended")
        return self._name_it(duration_of(self._read))

    def _name_it(self, duration: timedelta) -> Message:
        vault, message = self._vault, replace(self.claim.message, duration=duration)
        with locked(self._part.parent):
            if vault.deleted(message.mailbox, message.id):
                self._part.unlink(missing_ok=True)
                return message.tombstone()
            vault.label(message)
            self._reached("labelled")
            self._part.rename(vault.path(message.mailbox, message.id, AUDIO))
            sync_folder(self._part.parent)
        self._reached("named")
        self.close()
        return message

    def _already_kept(self) -> Message | None:
        """The message, where an earlier job got as far as naming it: sealed again, it would be new again."""
        mailbox, id = self.claim.message.mailbox, self.claim.message.id
        try:
            kept = self._vault.message(mailbox, id)
            size = len(plain_of(self._vault, mailbox, id))
        except (NoSuchMessage, Damaged, KeyDestroyed):
            return None
        if self.claim.source.exists() and size < self.claim.source.stat().st_size:
            return None
        message = replace(self.claim.message, duration=kept.duration, state=kept.state)
        if self.claim.source.exists() and message != kept:
            self._vault.amend(mailbox, id, **{name: getattr(message, name) for name in AMENDABLE})
        return message

    def _failed(self, error: OSError) -> SealingFailed:
        what = "no room in the vault" if error.errno in NO_ROOM else f"not sealed: {error.strerror}"
        return SealingFailed(what, where=str(self._part.parent), do="The recording stays in memory and is tried again")


async def follow(job: SealJob, ended: asyncio.Event, every: timedelta = timedelta(seconds=0.5)) -> None:
    """Steps *job* in threads until *ended*; a failed step is tried again with the next one."""
    while not ended.is_set():
        with contextlib.suppress(ClinicPBXError):
            await asyncio.to_thread(job.step)
        try:
            await asyncio.wait_for(ended.wait(), every.total_seconds())
        except TimeoutError:
            continue


def being_written(path: Path) -> bool:
    """Whether any process has *path* open for writing: the kernel grants a read lease only where none has.

    fcntl(2), F_SETLEASE. Where the file system knows no leases, a file counts as written.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        # A writer that comes in between would be announced by SIGIO, which kills; SIGURG is ignored.
        fcntl.fcntl(opened, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return True
    finally:
        os.close(opened)
    return False
