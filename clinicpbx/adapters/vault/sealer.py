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
    NO_ROOM,
    PRIVATE_FILE,
    SHARED_FILE,
    SHARED_FOLDER,
    Checkpoint,
    locked,
    make_folder,
    pass_by,
    settle,
    sync_folder,
)
from clinicpbx.adapters.vault.envelope import Damaged, Sealer
from clinicpbx.adapters.vault.letterbox import AUDIO, META, PART, Letterbox
from clinicpbx.adapters.vault.message import Message, State, duration_of
from clinicpbx.errors import ClinicPBXError

READ = 64 * 1024


class SealingFailed(ClinicPBXError):
    """The recording could not be sealed now; it stays in the tmpfs, and the same job may be asked again."""


class NothingRecorded(ClinicPBXError):
    """Asterisk recorded nothing, or what it recorded is gone."""

    exit_code = 65


class SealJob:
    """One recording on its way into the vault. Blocking: call it from a thread, one call at a time.

    The tmpfs keeps the whole recording until the sealed file is durable under its final name, so after a crash
    a new job simply seals it from its start. `step` seals what is there so far into `<message>.part`, which is
    what survives a loss of power. A failure (SealingFailed, KeyRefused) leaves the job usable.
    """

    def __init__(self, letterbox: Letterbox, claim: Claim, *, checkpoint: Checkpoint = pass_by) -> None:
        self.claim = claim
        self._letterbox = letterbox
        self._reached = checkpoint
        self._part = letterbox.path(claim.message.mailbox, claim.message.id, PART)
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
            drop_claim(self._letterbox.instance, self.claim.source)
            self._reached("claim removed")
        except OSError as error:
            raise self._failed(error) from None
        return message

    def drop(self) -> None:
        """The recording held nothing: forgets all of it."""
        self.close()
        self._letterbox.drop(self.claim.message.mailbox, self.claim.message.id)
        self.claim.source.unlink(missing_ok=True)
        drop_claim(self._letterbox.instance, self.claim.source)

    def close(self) -> None:
        """Lets go of the files without finishing; a later job may seal the recording."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _note(self) -> None:
        """A full tmpfs must not keep a recording from being sealed: that is what empties it."""
        try:
            write_claim(self._letterbox.instance, self.claim)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise self._failed(error) from None

    def _begin(self) -> None:
        if self._file is not None:
            return
        mailbox, id = self.claim.message.mailbox, self.claim.message.id
        header, dek = self._letterbox.header(mailbox, id, PART, self.claim.message.received)
        make_folder(self._part.parent, SHARED_FOLDER)
        opened = os.open(self._part, os.O_WRONLY | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(opened), os.stat(self._part)):
                raise BlockingIOError(errno.EAGAIN, "another job has just named it")
            settle(opened, self._part, SHARED_FILE)
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
            if not self._letterbox.path(mailbox, id, META).exists():
                try:
                    self._letterbox.label(self.claim.message)
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
                raise NothingRecorded("the recording is not there", where=self.claim.source.name)
            self._unwritten += self._sealer.finish()
            self._ended = True
        self._write_out()
        self._reached("ended")
        return self._name_it(duration_of(self._read))

    def _name_it(self, duration: timedelta) -> Message:
        letterbox, message = self._letterbox, replace(self.claim.message, duration=duration)
        with locked(self._part.parent):
            if letterbox.is_gone(message.mailbox, message.id):
                letterbox.drop(message.mailbox, message.id)
                return message.tombstone()
            letterbox.label(message)
            self._reached("labelled")
            self._part.rename(letterbox.path(message.mailbox, message.id, AUDIO))
            sync_folder(self._part.parent)
        self._reached("named")
        self.close()
        return self._as_kept(message)

    def _already_kept(self) -> Message | None:
        """The message, where an earlier job has named it and removed what was in clear."""
        message = self.claim.message
        if self.claim.source.exists():
            return None
        try:
            _, duration = self._letterbox.received(message.mailbox, message.id)
        except (FileNotFoundError, Damaged):
            return None
        return self._as_kept(replace(message, duration=duration))

    def _as_kept(self, message: Message) -> Message:
        """Sealed again it is not new again."""
        heard = self._letterbox.is_heard(message.mailbox, message.id)
        return replace(message, state=State.HEARD) if heard else message

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
