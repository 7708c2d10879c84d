"""Core commands as ARI requests. Pure."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from clinicpbx.core.commands import (
    Alert,
    Answer,
    ChannelCommand,
    Continue,
    Hangup,
    Media,
    Play,
    Record,
    RingAgent,
    SetVariable,
    StartMusic,
    StopMusic,
    StopPlayback,
    StopRecording,
)
from clinicpbx.core.oncall.commands import RingPerson
from clinicpbx.private import Private

RECORDING_FORMAT = "ulaw"  # headerless: every flushed byte of a torn recording can be played


ALERT_NAME, ALERT_RINGS = "ALERT", 30  # seconds
CALL_BACK_NAME = "CALL-BACK"
ON_CALL_NAME = "ON CALL"
LARGEST_WORD = 20  # the largest number that is one sound in every language


@dataclass(frozen=True, slots=True)
class Request:
    """*body* and *query* may hold what a patient said or dialled: they do not print."""

    method: str
    uri: str
    query: dict[str, str] | None = field(default=None, repr=False)
    body: dict[str, Any] | None = field(default=None, repr=False)


def encode(call: str, command: ChannelCommand, prompts: Path) -> Request:
    """The request that makes Asterisk do *command* on the channel *call*; *prompts*: the clinic's folder of them."""
    channel = f"channels/{quote(call, safe='')}"
    match command:
        case Answer():
            return Request("POST", f"{channel}/answer")
        case Play(playback=playback, media=media, language=language):
            body = {"media": [uri for item in media for uri in uris(item, language, prompts)], "lang": language}
            return Request("POST", f"{channel}/play/{quote(playback, safe='')}", body=body)
        case StopPlayback(playback=playback):
            return Request("DELETE", f"playbacks/{quote(playback, safe='')}")
        case StartMusic(music=music):
            return Request("POST", f"{channel}/moh", body={"mohClass": music})
        case StopMusic():
            return Request("DELETE", f"{channel}/moh")
        case SetVariable(name=name, value=value):
            return Request("POST", f"{channel}/variable", body={"variable": name, "value": _plain(value)})
        case Record():
            return Request("POST", f"{channel}/record", body=_recording(command))
        case StopRecording(recording=recording):
            return Request("POST", f"recordings/live/{quote(recording, safe='')}/stop")
        case Continue(context=context, extension=extension):
            where: dict[str, Any] = {"context": context, "extension": extension, "priority": 1}
            return Request("POST", f"{channel}/continue", body=where)
        case Hangup(cause=cause):
            return Request("DELETE", channel, query={"reason_code": str(cause)})
    raise TypeError(f"no request for {type(command).__name__}")


def encode_alert(alert: Alert) -> Request:
    """The request that rings a phone and lets the dialplan say the alert's prompt."""
    where = {"context": "cpbx-alert", "extension": alert.prompt, "priority": 1}
    caller = {"callerId": f'"{ALERT_NAME}" <{alert.phone}>', "timeout": ALERT_RINGS}
    return Request("POST", "channels", body={"endpoint": f"PJSIP/phone-{alert.phone}", **where, **caller})


def uris(media: Media, language: str, prompts: Path) -> list[str]:
    """*media* as ARI's URIs.

    Digits and small numbers are sounds: `digits:` and `number:` swallow a stop, and the URI that is cut off is logged.
    """
    text = _plain(media)
    scheme, _, name = text.partition(":")
    kind, _, spoken = scheme.partition("@")
    if kind == "prompt":
        return [f"sound:{prompts / (spoken or language) / name}"]
    if kind == "digits":
        return [f"sound:digits/{digit}" for digit in name]
    if kind == "number" and int(name) <= LARGEST_WORD:
        return [f"sound:digits/{name}"]
    return [text]


def encode_ring(ring: RingAgent) -> Request:
    """The request that rings an agent's phone for a call-back; who answers it comes in as `callback,ID`."""
    return _ring_phone("callback", ring.attempt, ring.phone, ring.seconds)


def encode_desk(attempt: str, phone: str, seconds: int) -> Request:
    """The request that rings a phone to call the patient of an item; who answers it comes in as `item,ID`."""
    return _ring_phone("item", attempt, phone, seconds)


def _ring_phone(why: str, attempt: str, phone: str, seconds: int) -> Request:
    body = {
        "endpoint": f"PJSIP/phone-{phone}",
        "app": "clinicpbx",
        "appArgs": f"{why},{attempt}",
        "channelId": attempt,
        "callerId": f'"{CALL_BACK_NAME}" <{phone}>',
        "timeout": seconds,
    }
    return Request("POST", "channels", body=body)


def encode_person(ring: RingPerson) -> Request:
    """The request that rings somebody on call, from the clinic's number; who answers comes in as `page,ID`.

    CPBX_PAGED lets the channel into the context that rings patients: no caller has it.
    """
    at = f"PJSIP/{ring.number}@trunk-{ring.trunk}" if ring.trunk else f"PJSIP/phone-{ring.number}"
    body = {
        "endpoint": at,
        "app": "clinicpbx",
        "appArgs": f"page,{ring.attempt}",
        "channelId": ring.attempt,
        "callerId": f'"{ON_CALL_NAME}" <{ring.shown or ring.number}>',
        "timeout": ring.seconds,
        "variables": {"CPBX_PAGED": "yes", **({"GROUP(cpbx-trunk)": ring.trunk} if ring.trunk else {})},
    }
    return Request("POST", "channels", body=body)


def _plain(value: str | Private[str]) -> str:
    return value.value if isinstance(value, Private) else value


def _recording(command: Record) -> dict[str, Any]:
    return {
        "name": command.recording,
        "format": RECORDING_FORMAT,
        "maxDurationSeconds": max(1, int(command.limit.total_seconds())),
        "maxSilenceSeconds": int(command.silence.total_seconds()),
        "ifExists": "fail",
        "terminateOn": command.finish or "none",
    }
