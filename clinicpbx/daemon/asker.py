"""Who asks the vault process or the daemon, as the kernel says, and whether they may."""

import os
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clinicpbx.core.audit.entry import Entry, Value
from clinicpbx.core.roles import Act, Role, acts_of, may
from clinicpbx.core.rulebook import MailboxRules
from clinicpbx.daemon.break_glass import Verifier, broken
from clinicpbx.daemon.login import Login, login_named, login_of, name_of
from clinicpbx.errors import ClinicPBXError, NotPermitted
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

ROOT = 0
Note = Callable[[Entry], None]


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a socket (SO_PEERCRED, unix(7)): the kernel says, not the process."""

    uid: int
    pid: int

    @classmethod
    def of(cls, connection: socket.socket) -> "Peer":
        pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return cls(uid, pid)

    def trusted(self) -> bool:
        """Root, and the asked process's own user: whom they say they act for is believed, since they can do all."""
        return self.uid in (ROOT, os.getuid())


class Doorkeeper:
    """Asks who may, and notes it before anything is done. *verifier*: the key that signs who broke the glass."""

    def __init__(self, instance: Instance, settings: Settings, note: Note, verifier: Verifier) -> None:
        self._instance, self._settings, self._note, self._verifier = instance, settings, note, verifier

    def is_daemon(self, peer: Peer) -> bool:
        """Whether *peer* runs as the instance's daemon does: it asks for phones."""
        return peer.trusted() or peer.uid == self._instance.home.stat().st_uid

    def login(self, peer: Peer, claimed: str) -> Login:
        """The login of *peer*. The daemon's user is nobody's, unless the kernel knows who became it (sudo)."""
        own = name_of(peer.uid) or f"uid {peer.uid}"
        if peer.trusted():
            every = Login(own, frozenset({Role.ADMIN}))
            return every if claimed in ("", own) else login_named(claimed, self._settings)
        if (uid := _loginuid(peer)) is not None:
            return login_of(uid, self._settings)
        if peer.uid == self._instance.home.stat().st_uid:
            return Login(own, frozenset())
        return login_of(peer.uid, self._settings)

    def let_in(
        self,
        who: Login,
        words: str,
        wish: Mapping[str, Any],
        mailbox: MailboxRules | None = None,
        ready: Callable[[], object] = lambda: None,
    ) -> None:
        """Notes that *who* does *words* (of core.roles) and comes back; NotPermitted, noted too, where they may not.

        *ready* is asked of who may, before it is noted: it raises where it cannot be done.
        Errors: ClinicPBXError where it cannot be noted: what is not noted is not done.
        """
        for act in acts_of(words, [name for name, value in wish.items() if value]):
            thing = "/".join(str(wish[name]) for name in act.object if wish.get(name))
            free, glass = self._may(act, who, mailbox)
            if not free:
                self._write(Entry(who.name, "refused", thing, {"command": words}))
                raise NotPermitted(f"{who.name} may not", where=thing, do=_needed(act, mailbox, who))
            ready()
            if act.action and act.asked:
                detail: dict[str, Value] = {name: _plain(wish[name]) for name in act.detail if wish.get(name)}
                if glass:
                    detail["break_glass"] = True
                if wish.get("reason") and words == "voicemail hold":
                    detail["reason_given"] = True
                self._write(Entry(who.name, act.action, thing, detail))

    def _may(self, act: Act, who: Login, mailbox: MailboxRules | None) -> tuple[bool, bool]:
        """Whether they may, and whether only since they broke the glass."""
        readers = mailbox.readers if mailbox is not None else ()
        listed = not readers or who.name in readers or Role.ADMIN in who.roles or not act.clinical
        if listed and may(act, who.roles, False):
            return True, False
        glass = act.clinical and any(
            one.login == who.name for one in broken(self._instance, datetime.now(UTC), self._verifier)
        )
        return glass, glass

    def _write(self, entry: Entry) -> None:
        try:
            self._note(entry)
        except OSError as error:
            what, do = f"no audit row can be written ({error.strerror})", "What is not noted is not done"
            raise ClinicPBXError(what, where=str(self._instance.audit), do=do) from None


def _needed(act: Act, mailbox: MailboxRules | None, who: Login) -> str:
    glass = '; in an emergency: clinicpbx break-glass --reason "…"' if act.clinical else ""
    if mailbox is not None and mailbox.readers and act.roles & who.roles:
        return f"The rules name the readers of mailbox {mailbox.name}{glass}"
    return f"It takes the role {' or '.join(sorted(act.roles))}{glass}"


def _plain(value: object) -> Value:
    return value if isinstance(value, bool | int | float | str) else str(value)


def _loginuid(peer: Peer) -> int | None:
    """The kernel's login uid of *peer* (proc(5)), which outlasts sudo and su; services have none.

    Another process may have got the number of one that ended: it counts only as long as it is the same user's.
    """
    with suppress(OSError, ValueError):
        process = Path("/proc") / str(peer.pid)
        found = int((process / "loginuid").read_text())
        return found if name_of(found) and process.stat().st_uid == peer.uid else None
    return None
