"""What the vault process can be asked: by the daemon for phones, and by people at the command line."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from clinicpbx.adapters.vault.hear import hear
from clinicpbx.adapters.vault.message import Message, State
from clinicpbx.adapters.vault.pins import AGENT, PERSON, Answer, Pins
from clinicpbx.adapters.vault.recover import recover
from clinicpbx.adapters.vault.root import Root
from clinicpbx.adapters.vault.store import Damage, Vault, plain_of
from clinicpbx.core.audit.entry import Entry
from clinicpbx.core.rulebook import MailboxRules, Rulebook
from clinicpbx.daemon.asker import Doorkeeper, Note, Peer
from clinicpbx.daemon.break_glass import LONGEST, Glass, break_glass
from clinicpbx.daemon.control import Verb
from clinicpbx.daemon.retention_run import Retention
from clinicpbx.daemon.rulebooks import Rulebooks
from clinicpbx.errors import ClinicPBXError, NotPermitted
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from clinicpbx.rules.words import duration
from clinicpbx.settings import Settings

log = structlog.get_logger(__name__)

Wish = Mapping[str, Any]
OPEN_FOR = timedelta(hours=1)
"""So long a phone that gave the PIN may hear: no call lasts longer in a mailbox."""


class Desk:
    """The vault and who stands before it. Every method blocks: call it from a thread."""

    def __init__(self, instance: Instance, settings: Settings, note: Note) -> None:
        self.instance, self.root = instance, Root(instance)
        self.vault = Vault(instance, self.root)
        self._pins = Pins(instance, self.vault.keyring)
        signer = self.vault.keyring.signer
        self._door = Doorkeeper(instance, settings, note, lambda: signer().public_key())
        self._note = note
        self._rulebooks = Rulebooks(instance)
        self.retention = Retention(instance, self.vault, self.book, note)
        self._opened: dict[tuple[str, str], datetime] = {}

    def book(self) -> Rulebook:
        """The rules in force. ClinicPBXError where there are none."""
        try:
            if not self._rulebooks.ahead():
                return self._rulebooks.current()
        except ClinicPBXError:
            pass
        return self._rulebooks.load(_now().date())

    def verbs(self, peer: Peer) -> dict[str, Verb]:
        """What *peer* can ask for."""
        phones = {"phone.open": self._open, "phone.fetch": self._fetch, "phone.heard": self._heard}
        phones |= {"phone.person": self._person, "phone.delete": self._delete_at_phone, "recover": self._recover}
        phones["phone.agent"] = self._agent
        people = {
            "voicemail list": self._list,
            "voicemail show": self._show,
            "voicemail hear": self._sound,
            "voicemail export": self._sound,
            "voicemail delete": lambda wish: self.vault.delete(wish["mailbox"], wish["message"]),
            "voicemail hold": lambda wish: self.vault.hold(wish["mailbox"], wish["message"], wish["reason"], _now()),
            "voicemail unhold": lambda wish: self.vault.unhold(wish["mailbox"], wish["message"]),
            "voicemail verify": self._verify,
            "oncall pin": lambda wish: self._pins.set_pin(PERSON.format(wish["provider"]), Private(wish["pin"])),
            "agent pin": lambda wish: self._pins.set_pin(AGENT.format(wish["agent"]), Private(wish["pin"])),
            "voicemail pin": lambda wish: self._pins.set_pin(wish["mailbox"], Private(wish["pin"])),
            "retention status": lambda wish: self.retention.status(_now()),
            "keys unlock": lambda wish: self.root.unlock(Private(wish["passphrase"])),
        }
        return {
            **{name: self._for_daemon(peer, verb) for name, verb in phones.items()},
            **{name: self._for_people(peer, name, verb) for name, verb in people.items()},
            "retention run": self._for_people(peer, "retention run", lambda wish: self._retain(peer, wish)),
            "break-glass": lambda wish: self._break_glass(peer, wish),
            "status": lambda wish: self._status(),
        }

    def _for_daemon(self, peer: Peer, verb: Verb) -> Verb:
        def asked(wish: Wish) -> Any:
            if not self._door.is_daemon(peer):
                raise NotPermitted("only the daemon asks for phones")
            return verb(wish)

        return asked

    def _for_people(self, peer: Peer, words: str, verb: Verb) -> Verb:
        def asked(wish: Wish) -> Any:
            who = self._door.login(peer, str(wish.get("login", "")))
            self._door.let_in(who, words, wish, self._rules(wish.get("mailbox", "")))
            return verb(wish)

        return asked

    def _rules(self, mailbox: str) -> MailboxRules | None:
        if not mailbox or not self.instance.current.exists():
            return None
        return self.book().mailboxes.get(mailbox)

    # -- phones: the PIN is the permission ------------------------------------------------------------------------

    def _open(self, wish: Wish) -> Any:
        """Whether the PIN is right, and then what the mailbox holds, new ones first."""
        mailbox, call = wish["mailbox"], wish["call"]
        answer = self._pins.check_pin(mailbox, Private(wish["pin"]), _now())
        if answer is not Answer.RIGHT:
            self._phone(wish, "voicemail.pin_refused", mailbox)
            return {"answer": answer}
        self._phone(wish, "voicemail.open", mailbox)
        self._let_hear(call, mailbox)
        kept = sorted(self.vault.list(mailbox).messages, key=lambda each: each.state is not State.NEW)
        rows = [{"id": m.id, "new": m.state is State.NEW, "received": m.received.isoformat()} for m in kept]
        return {"answer": answer, "messages": rows}

    def _let_hear(self, call: str, mailbox: str) -> None:
        now = _now()
        self._opened = {key: until for key, until in self._opened.items() if until > now}
        self._opened[call, mailbox] = now + OPEN_FOR

    def _person(self, wish: Wish) -> Any:
        """Whether it is the PIN of somebody who is on call; they hear the mailbox that they were rung for."""
        name, mailbox = PERSON.format(wish["person"]), wish["mailbox"]
        answer = self._pins.check_pin(name, Private(wish["pin"]), _now())
        asked = {"by": wish["person"], "call": wish["call"]}
        if answer is not Answer.RIGHT:
            self._phone(asked, "oncall.pin_refused", mailbox)
            return answer if name in self._pins.mailboxes() else "none"
        self._phone(asked, "oncall.identified", mailbox)
        if mailbox:
            self._let_hear(wish["call"], mailbox)
        return answer

    def _agent(self, wish: Wish) -> Any:
        """Whether it is the PIN of that agent. What has too many wrong tries is wrong, and so is who does not exist."""
        agent = wish["agent"]
        right = self._pins.check_pin(AGENT.format(agent), Private(wish["pin"]), _now()) is Answer.RIGHT
        self._phone(wish, "agent.identified" if right else "agent.pin_refused", agent or "unknown")
        return Answer.RIGHT if right else Answer.WRONG

    def _fetch(self, wish: Wish) -> Any:
        """Where the message lies in clear, in the tmpfs, until the daemon removes it."""
        self._phone(self._opener(wish), "voicemail.hear", f"{wish['mailbox']}/{wish['message']}")
        return {"sound": str(hear(self.vault, wish["mailbox"], wish["message"]))}

    def _heard(self, wish: Wish) -> Any:
        self._opener(wish)
        self.vault.mark_heard(wish["mailbox"], wish["message"])

    def _delete_at_phone(self, wish: Wish) -> Any:
        self._phone(self._opener(wish), "voicemail.delete", f"{wish['mailbox']}/{wish['message']}")
        self.vault.delete(wish["mailbox"], wish["message"])

    def _opener(self, wish: Wish) -> Wish:
        """*wish*, of a call that gave the PIN of that mailbox."""
        if self._opened.get((wish["call"], wish["mailbox"]), _now()) <= _now():
            raise NotPermitted("this call has not given the PIN", where=str(wish["mailbox"]))
        return wish

    def _phone(self, wish: Wish, action: str, thing: str) -> None:
        self._note(Entry(f"phone:{wish.get('by', '')}", action, thing, {"call": str(wish["call"])}))

    def _recover(self, wish: Wish) -> Any:
        """Makes messages of what a loss of power cut off; those made, and what is damaged."""
        made: list[Message] = []
        damaged: list[str] = []
        for mailbox, message in wish["messages"]:
            try:
                if (one := recover(self.vault, mailbox, message)) is not None:
                    made.append(one)
            except (ClinicPBXError, OSError) as error:
                damaged.append(str(error))
        rows = [{"mailbox": m.mailbox, "message": m.id, "call": m.call, **_times(m)} for m in made]
        return {"recovered": rows, "damaged": damaged}

    # -- people ---------------------------------------------------------------------------------------------------

    def _list(self, wish: Wish) -> Any:
        listing = self.vault.list(wish["mailbox"])
        held = self.vault.held(wish["mailbox"])
        rows = [_row(message, wish, held) for message in listing.messages]
        return {"messages": rows, "damaged": [_damage(each) for each in listing.damaged]}

    def _show(self, wish: Wish) -> Any:
        return _row(self.vault.message(wish["mailbox"], wish["message"]), wish, self.vault.held(wish["mailbox"]))

    def _sound(self, wish: Wish) -> bytes:
        """The whole sound (µ-law, 8 kHz)."""
        return plain_of(self.vault, wish["mailbox"], wish["message"])

    def _verify(self, wish: Wish) -> Any:
        found = list(self.vault.verify(wish["mailbox"]))
        damaged = [_damage(each) for each in found if isinstance(each, Damage)]
        return {"good": len(found) - len(damaged), "damaged": damaged}

    def _retain(self, peer: Peer, wish: Wish) -> Any:
        by = self._door.login(peer, str(wish.get("login", ""))).name
        found = list(self.retention.due(_now())) if wish.get("dry_run") else self.retention.run(_now(), by)
        return [{"mailbox": e.mailbox, "message": e.message, "received": e.received} for e in found]

    def _break_glass(self, peer: Peer, wish: Wish) -> Any:
        """Who may hear, export and unmask from now on, and until when. Glass that cannot be broken is not noted."""
        who = self._door.login(peer, str(wish.get("login", "")))
        self._door.let_in(who, "break-glass", wish, ready=lambda: (_length(wish), self.vault.keyring.signer()))
        now, length = _now(), _length(wish)
        glass = Glass(who.name, str(wish["reason"]).strip(), now, now + length)
        break_glass(self.instance, glass, self.vault.keyring.signer())
        return {"login": who.name, "until": glass.until}

    def _status(self) -> Any:
        try:
            self.vault.keyring.root()
            problem = ""
        except ClinicPBXError as error:
            problem = str(error)
        return {"root": self.root.source, "problem": problem}


def _length(wish: Wish) -> timedelta:
    """How long the glass is to be broken. ClinicPBXError where that is too long, or no reason is given."""
    try:
        length = duration(wish.get("length"))
    except ValueError as wrong:
        raise ClinicPBXError(str(wrong)) from None
    reason = str(wish.get("reason", "")).strip()
    if not isinstance(length, timedelta) or not timedelta(0) < length <= LONGEST or not reason:
        raise ClinicPBXError(f"it takes a reason, and at most {LONGEST}")
    return length


def _times(message: Message) -> dict[str, Any]:
    return {"received": message.received.isoformat(), "seconds": message.duration.total_seconds()}


def _row(message: Message, wish: Wish, held: Mapping[str, str]) -> dict[str, Any]:
    """A message for a list; whole numbers only where they were asked for: what was not asked does not leave here."""
    shown = {"number": _masked(message.number, wish), "caller": _masked(message.caller, wish)}
    known = {"mailbox": message.mailbox, "message": message.id, "state": message.state, "language": message.language}
    more = {"confirmed": message.confirmed, "call": message.call, "truncated": message.truncated}
    hold = {"on_hold": message.id in held, "hold_reason": held.get(message.id, "")}
    return {**known, **_times(message), **shown, **more, **hold}


def _masked(number: Private[str] | None, wish: Wish) -> str | None:
    if number is None or wish.get("unmask"):
        return number.value if number else None
    return "*" * 6 + (number.value[-2:] if len(number.value) > 4 else "")


def _damage(damage: Damage) -> dict[str, str]:
    return {"mailbox": damage.mailbox, "message": damage.message, "file": damage.file, "why": damage.why}


def _now() -> datetime:
    return datetime.now(UTC)
