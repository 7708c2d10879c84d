"""ARI's JSON events as the core's events and as news of the floor. Pure; what it does not know it leaves out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clinicpbx.core.callflow.persons import CONTEXT as PERSON
from clinicpbx.core.callflow.rehearsal import is_test
from clinicpbx.core.events import (
    DialAnswered,
    DialEnded,
    DtmfReceived,
    Event,
    HungUp,
    PlaybackFinished,
    RecordingFinished,
)
from clinicpbx.private import Private

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entered:
    """A channel came into Stasis to begin a call. *phone*: the extension, where it is a phone's."""

    call: str
    flow: str
    entry: str
    caller: Private[str] | None
    language: str = ""
    argument: str = ""
    phone: str = ""
    test: bool = False


@dataclass(frozen=True, slots=True)
class TookPlace:
    """A channel is in Stasis in the place of the channel *of*, whose transfer was completed while it was in there."""

    call: str
    of: str
    caller: Private[str] | None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Strayed:
    """A channel came into Stasis with arguments nobody here renders."""

    call: str


@dataclass(frozen=True, slots=True)
class AgentAnswered:
    """The phone that was rung for a call-back came into Stasis."""

    attempt: str


@dataclass(frozen=True, slots=True)
class DeskAnswered:
    """The *phone* that was rung to call the patient of an item came into Stasis."""

    attempt: str
    phone: str


@dataclass(frozen=True, slots=True)
class PersonAnswered:
    """The phone of somebody on call came into Stasis."""

    attempt: str


@dataclass(frozen=True, slots=True)
class ForCall:
    call: str
    event: Event


@dataclass(frozen=True, slots=True)
class Left:
    """A channel is no longer in Stasis."""

    call: str


@dataclass(frozen=True, slots=True)
class EndpointNews:
    """What Asterisk now knows of an endpoint: can it be rung, and how many channels has it."""

    endpoint: str
    reachable: bool
    channels: int

    @property
    def phone(self) -> str | None:
        """The extension, where the endpoint is a phone."""
        kind, _, extension = self.endpoint.partition("-")
        return extension if kind == "phone" and extension else None


@dataclass(frozen=True, slots=True)
class HangupAsked:
    """The party at *channel* hangs up, or somebody has it hung up."""

    channel: str


@dataclass(frozen=True, slots=True)
class HoldChanged:
    """The party at *channel* puts whoever it talks with on hold, or takes them back."""

    channel: str
    held: bool


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another process connected with our application's name: it is the owner now."""


ACCEPTED = "CPBXAccepted"

News = (
    Entered
    | TookPlace
    | AgentAnswered
    | DeskAnswered
    | PersonAnswered
    | Strayed
    | ForCall
    | Left
    | EndpointNews
    | HangupAsked
    | HoldChanged
    | Replaced
)


def decode(message: Json, at: datetime) -> News | None:
    """What *message* says, stamped *at*; None for what is not for us."""
    found = _DECODERS.get(message["type"])
    return found(message, at) if found is not None else None


def call_of(name: str) -> str:
    """The call whose playback or recording is *name* (`<call>.<visit>.<n>`)."""
    return name.rsplit(".", 2)[0]


def endpoint_of(channel: str) -> str:
    """`PJSIP/phone-201-0000001f` → `phone-201`."""
    return channel.partition("/")[2].rpartition("-")[0]


def phone_of(channel: str) -> str:
    """The extension of the phone whose *channel* it is; "" where it is no phone's."""
    kind, _, extension = endpoint_of(channel).partition("-")
    return extension if kind == "phone" else ""


def _started(message: Json, at: datetime) -> News:
    channel, args = message["channel"], message.get("args") or []
    number, language = (channel.get("caller") or {}).get("number") or "", channel.get("language") or ""
    caller = Private(number) if number else None
    if replaced := message.get("replace_channel"):
        return TookPlace(channel["id"], replaced["id"], caller, language)
    match args:
        case ["enter", flow, entry, *about]:
            argument, phone, test = "".join(about[:1]), phone_of(channel["name"]), is_test(channel.get("name") or "")
            return Entered(channel["id"], flow, entry, caller, language, argument, phone, test)
        case ["callback", attempt]:
            return AgentAnswered(attempt)
        case ["item", attempt]:
            return DeskAnswered(attempt, phone_of(channel["name"]))
        case ["page", attempt]:
            return PersonAnswered(attempt)
        case ["back", *status]:
            return ForCall(channel["id"], DialEnded(at=at, status=(status[0] if status else "") or "UNKNOWN"))
    return Strayed(channel["id"])


def _left(message: Json, at: datetime) -> News:
    return Left(message["channel"]["id"])


def _dtmf(message: Json, at: datetime) -> News:
    return ForCall(message["channel"]["id"], DtmfReceived(at=at, digit=message["digit"]))


def _played(message: Json, at: datetime) -> News:
    playback = message["playback"]
    whole = playback.get("state") != "failed"
    return ForCall(call_of(playback["id"]), PlaybackFinished(at=at, playback=playback["id"], whole=whole))


def _recorded(message: Json, at: datetime) -> News:
    recording = message["recording"]
    seconds = timedelta(seconds=float(recording.get("duration") or 0))
    name = recording["name"]
    return ForCall(call_of(name), RecordingFinished(at=at, recording=name, duration=seconds))


def _destroyed(message: Json, at: datetime) -> News:
    return ForCall(message["channel"]["id"], HungUp(at=at, cause=int(message.get("cause") or 0)))


def _dialled(message: Json, at: datetime) -> News | None:
    caller = message.get("caller")
    if caller is None or message.get("dialstatus") != "ANSWER" or _context(caller) == PERSON:
        return None  # a person has taken the call once a key is pressed
    peer = message["peer"]
    return ForCall(caller["id"], DialAnswered(at=at, phone=phone_dialled(caller, peer["name"]), channel=peer["id"]))


def _accepted(message: Json, at: datetime) -> News | None:
    said = message["userevent"]
    if message["eventname"] != ACCEPTED or not said.get("Call"):
        return None
    peer = message["channel"]
    return ForCall(said["Call"], DialAnswered(at=at, phone=phone_dialled({}, peer["name"]), channel=peer["id"]))


def _context(channel: Json) -> str:
    return str((channel.get("dialplan") or {}).get("context") or "")


def phone_dialled(caller: Json, peer: str) -> str:
    """The extension of the phone whose channel is *peer*, or the key of the target that cpbx-dial was given."""
    endpoint = endpoint_of(peer)
    if endpoint.startswith("phone-"):
        return endpoint.removeprefix("phone-")
    return str((caller.get("dialplan") or {}).get("exten") or "")


def _endpoint(message: Json, at: datetime) -> News:
    return endpoint_news(message["endpoint"])


def endpoint_news(endpoint: Json) -> EndpointNews:
    """An endpoint's resource of ARI."""
    return EndpointNews(endpoint["resource"], endpoint.get("state") == "online", len(endpoint["channel_ids"]))


def _hangup_asked(message: Json, at: datetime) -> News:
    return HangupAsked(message["channel"]["id"])


def _hold(message: Json, at: datetime) -> News:
    return HoldChanged(message["channel"]["id"], message["type"] == "ChannelHold")


def _replaced(message: Json, at: datetime) -> News:
    return Replaced()


_DECODERS: dict[str, Callable[[Json, datetime], News | None]] = {
    "StasisStart": _started,
    "StasisEnd": _left,
    "ChannelDtmfReceived": _dtmf,
    "PlaybackFinished": _played,
    "RecordingFinished": _recorded,
    "RecordingFailed": _recorded,
    "ChannelDestroyed": _destroyed,
    "ChannelHangupRequest": _hangup_asked,
    "ChannelHold": _hold,
    "ChannelUnhold": _hold,
    "Dial": _dialled,
    "ChannelUserevent": _accepted,
    "EndpointStateChange": _endpoint,
    "ApplicationReplaced": _replaced,
}

HEARD = tuple(_DECODERS)
"""The only event types the daemon asks Asterisk for."""
