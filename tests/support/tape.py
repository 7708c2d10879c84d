"""Call scenarios as tables: seconds | what happened | what the call must ask for (notes are left out)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from clinicpbx.core import commands as do
from clinicpbx.core import events as ev
from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.callflow.machine import CallMachine
from clinicpbx.core.oncall import commands as oncall
from clinicpbx.core.rulebook import Rulebook
from clinicpbx.private import Private

ATTEMPT = "item-17-20300107T150000000000"
T0 = datetime(2030, 1, 7, 15, 0, tzinfo=UTC)  # a Monday, 10:00 in New York


def call(book: Rulebook, flow: str = "main", entry: str = "+12075550100", caller: str = "+12075550142") -> CallMachine:
    arrived = ev.CallArrived(
        at=T0, flow=flow, entry=entry, version=book.version, caller=Private(caller), seats=homes(book, entry)
    )
    return CallMachine(arrived, "c1", book)


def homes(book: Rulebook, *phones: str) -> tuple[ev.Seat, ...]:
    """Everybody is at the phone of the rules."""
    return tuple(ev.Seat(agent.phone, agent.name) for agent in book.agents.values() if agent.phone in phones)


class Tape:
    """Plays a table against a machine and writes down what the machine asked for."""

    def __init__(self, machine: CallMachine) -> None:
        self.machine = machine
        self.playing = ""
        self.recording = ""
        self.queue = ""
        self.notes: list[do.Note] = []

    def commands(self, happened: str, at: datetime) -> list[do.Command]:
        if happened == "call":
            return self.machine.begin()
        return [command for event in self._events(happened, at) for command in self.machine.handle(event)]

    def _events(self, happened: str, at: datetime) -> Iterator[ev.Event]:
        match happened.split():
            case ["keys", digits]:
                for digit in digits:
                    yield ev.DtmfReceived(at=at, digit=digit)
            case ["key", digit]:
                yield ev.DtmfReceived(at=at, digit=digit)
            case ["prompt", "ends"]:
                yield ev.PlaybackFinished(at=at, playback=self.playing)
            case ["prompt", "is", "cut"]:
                yield ev.PlaybackFinished(at=at, playback=self.playing, whole=False)
            case ["prompt", "fails"]:
                yield ev.CommandRefused(at=at, command="Play", target=self.playing, why=ev.Refusal.UNREACHABLE)
            case ["silence"]:
                assert self.machine.deadline == at, f"the deadline is {self.machine.deadline}, not {at}"
                yield ev.DeadlineReached(at=at)
            case ["recorded", seconds]:
                length = timedelta(seconds=float(seconds))
                yield ev.RecordingFinished(at=at, recording=self.recording, duration=length)
            case ["offer", *phones]:
                yield ev.OfferMade(at=at, queue=self.queue, phones=tuple(phones))
            case ["place", position]:
                yield ev.PlaceTold(at=at, queue=self.queue, position=int(position), staffed=position != "0")
            case ["full" | "closed" as mode]:
                yield ev.PlaceTold(at=at, queue=self.queue, position=1, staffed=True, mode=Mode(mode))
            case ["answered", phone]:
                yield ev.DialAnswered(at=at, phone=phone)
            case ["answered"]:  # with a key
                yield ev.DialAnswered(at=at, phone="")
            case ["back", status]:
                yield ev.DialEnded(at=at, status=status)
            case ["mode", mode, *hours]:
                until = at + timedelta(hours=int(hours[0])) if hours else None
                yield ev.ModeTold(at=at, queue="frontdesk", mode=Mode(mode), until=until)
            case ["agent", change]:
                yield ev.AgentChanged(at=at, change=change)
            case ["mailbox", "opens", *messages]:
                heard = tuple(ev.MessageSummary(m, not m.startswith("old"), T0) for m in messages)
                yield ev.MailboxOpened(at=at, mailbox="frontdesk", messages=heard)
            case ["mailbox", "refuses", why]:
                yield ev.MailboxRefused(at=at, mailbox="frontdesk", why=why)
            case ["message", name, "ready"]:
                yield ev.MessageReady(at=at, message=name, sound=Private(f"/clear/{name}"))
            case ["message", name, "damaged"]:
                yield ev.MessageDamaged(at=at, message=name)
            case ["item", answer, name, *outcomes]:
                number = Private("+12075550142") if answer == "called" else None
                told = {"outcomes": tuple(outcomes), "number": number, "attempt": ATTEMPT if number else ""}
                yield ev.ItemWorked(at=at, message=name, answer=answer, **told)
            case ["adopted"]:
                yield ev.Adopted(at=at)
            case ["refused", command, why]:
                yield ev.CommandRefused(at=at, command=command, target="", why=ev.Refusal(why))
            case ["pin", answer]:
                yield ev.PinTold(at=at, answer=answer)
            case ["page", answer]:
                yield ev.PageTold(at=at, accepted=answer == "accepted")
            case ["hangup"]:
                yield ev.HungUp(at=at, cause=16)
            case _:
                raise ValueError(f"the tape does not know {happened!r}")

    def play(self, table: str) -> list[str]:
        shown = []
        for line in filter(str.strip, table.strip().splitlines()):
            seconds, happened, _ = (cell.strip() for cell in line.split("|"))
            commands = self.commands(happened, T0 + timedelta(seconds=float(seconds)))
            for command in commands:
                if isinstance(command, do.Play):
                    self.playing = command.playback
                if isinstance(command, do.Record):
                    self.recording = command.recording
                if isinstance(command, do.JoinQueue):
                    self.queue = command.queue
            self.notes += [command for command in commands if isinstance(command, do.Note)]
            asked = [say(command) for command in commands if not isinstance(command, do.Note)]
            shown.append(f"{seconds} | {happened} | {', '.join(asked) or '-'}")
        return shown


def check(machine: CallMachine, table: str) -> Tape:
    """The table's right column must be what the machine asks for; returns the tape, for its notes."""
    tape = Tape(machine)
    wanted = [" | ".join(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()]
    assert tape.play(table) == wanted
    return tape


def say(command: do.Command) -> str:
    match command:
        case do.Play(media=media, language=language):
            words = "+".join(str(m.value if isinstance(m, Private) else m).removeprefix("prompt:") for m in media)
            return f"play {words}" + (f" in {language}" if language != "en" else "")
        case do.StopPlayback():
            return "stop"
        case do.Continue(context=context, extension=extension):
            return f"to {context} {extension}"
        case do.SetVariable(name=name, value=value):
            return f"{name}={value}"
        case do.Record(mailbox=mailbox):
            return f"record for {mailbox}"
        case do.KeepMessage(mailbox=mailbox, number=number, confirmed=confirmed):
            given = number.value if number else "nobody"
            return f"keep for {mailbox}: call {given}{' confirmed' if confirmed else ''}"
        case do.KeepCallback(number=number, join=join, language=language):
            since = int((join.since - T0).total_seconds())
            return f"call {number.value} back for {join.queue} since {since}"
        case do.PatientCalled(reached=reached):
            return "met" if reached else "no call-back now"
        case do.EndAttempt(reached=reached, why=why):
            return "reached" if reached else f"unreached: {why}"
        case do.JoinQueue(queue=queue, since=since, anew=anew):
            return f"join {queue} since {int((since - T0).total_seconds())}{' anew' if anew else ''}"
        case do.Alert(phone=phone, prompt=prompt):
            return f"alert {phone} {prompt}"
        case do.TakeOffer(phone=phone):
            return f"taken by {phone}"
        case do.ReturnOffer(status=status):
            return f"returned {status}"
        case do.FetchMessage(message=message) | do.MarkHeard(message=message) | do.DeleteMessage(message=message):
            return f"{type(command).__name__.removesuffix('Message').removesuffix('Heard').lower()} {message}"
        case do.WorkMessage(message=message, change=change, by=by, outcome=outcome):
            return f"{change} {message} for {by}" + (f": {outcome}" if outcome else "")
        case oncall.KeepPage(kind=kind, rota=rota, message=message):
            return f"page {rota}: {kind}{f' {message}' if message else ''}"
        case oncall.CheckPin(person=person, pin=pin):
            return f"check {pin.value} of {person}"
        case oncall.TellPage(event=event, result=result):
            return f"“{event}{f': {result}' if result else ''}”"
        case oncall.AcceptPage(who=who):
            return f"{who} accepts"
        case oncall.ClosePage(who=who, outcome=outcome):
            return f"{who} closes: {outcome}"
        case do.CheckAgentPin(phone=phone, agent=agent, pin=pin):
            return f"check {pin.value} of {agent or 'nobody'} at {phone}"
        case do.TakeDesk(phone=phone, agent=agent):
            return f"{agent} at {phone}"
        case do.DecideMode(queue=queue, mode=mode, until=until, who=who):
            end = f" until {until.isoformat(timespec='minutes')}" if until else ""
            return f"{queue} is {mode.value}{end}, says {who}"
        case do.OpenMailbox(mailbox=mailbox, pin=pin):
            return f"open {mailbox} with {pin.value}"
        case _:
            return type(command).__name__.lower()
