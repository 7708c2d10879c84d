"""ARI's words in both directions: events as they come from Asterisk 22, requests as it takes them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinicpbx.adapters.ari.decode import (
    HEARD,
    EndpointNews,
    Entered,
    ForCall,
    HangupAsked,
    HoldChanged,
    Left,
    Replaced,
    Strayed,
    call_of,
    decode,
    endpoint_of,
)
from clinicpbx.adapters.ari.encode import encode, encode_alert
from clinicpbx.core import commands as do
from clinicpbx.core import events as ev
from clinicpbx.private import Private
from tests.support.tape import T0

pytestmark = pytest.mark.unit

CALL = "clinic-1795479155.0"


def channel(**more: Any) -> dict[str, Any]:
    return {"id": CALL, "name": "PJSIP/trunk-00000000", "caller": {"number": "12075550142", "name": ""}, **more}


def start(*args: str) -> dict[str, Any]:
    return {"type": "StasisStart", "args": list(args), "channel": channel(language="es")}


def dial(status: str, peer: str, context: str, exten: str) -> dict[str, Any]:
    caller = channel(dialplan={"context": context, "exten": exten})
    return {"type": "Dial", "dialstatus": status, "caller": caller, "peer": {"id": "p", "name": peer}}


def endpoint(name: str, state: str, *channels: str) -> dict[str, Any]:
    resource = {"technology": "PJSIP", "resource": name, "state": state, "channel_ids": list(channels)}
    return {"type": "EndpointStateChange", "endpoint": resource}


EVENTS = [
    (start("enter", "main", "+12075550100"), Entered(CALL, "main", "+12075550100", Private("12075550142"), "es")),
    (start("back", "NOANSWER"), ForCall(CALL, ev.DialEnded(at=T0, status="NOANSWER"))),
    (start("back", ""), ForCall(CALL, ev.DialEnded(at=T0, status="UNKNOWN"))),
    (start("back"), ForCall(CALL, ev.DialEnded(at=T0, status="UNKNOWN"))),
    (start(), Strayed(CALL)),
    (start("enter", "main"), Strayed(CALL)),
    ({"type": "ChannelHold", "musicclass": "default", "channel": channel()}, HoldChanged(CALL, True)),
    ({"type": "ChannelUnhold", "channel": channel()}, HoldChanged(CALL, False)),
    ({"type": "StasisEnd", "channel": channel(language="es")}, Left(CALL)),
    (
        {"type": "ChannelDtmfReceived", "digit": "*", "channel": channel(language="es")},
        ForCall(CALL, ev.DtmfReceived(at=T0, digit="*")),
    ),
    (
        {"type": "PlaybackFinished", "playback": {"id": f"{CALL}.3.1", "state": "failed"}},
        ForCall(CALL, ev.PlaybackFinished(at=T0, playback=f"{CALL}.3.1", whole=False)),
    ),
    (
        {"type": "PlaybackFinished", "playback": {"id": f"{CALL}.3.1", "state": "done"}},
        ForCall(CALL, ev.PlaybackFinished(at=T0, playback=f"{CALL}.3.1")),
    ),
    (
        {"type": "RecordingFinished", "recording": {"name": f"{CALL}.4.r", "duration": 7}},
        ForCall(CALL, ev.RecordingFinished(at=T0, recording=f"{CALL}.4.r", duration=timedelta(seconds=7))),
    ),
    (
        {"type": "RecordingFailed", "recording": {"name": f"{CALL}.4.r"}},
        ForCall(CALL, ev.RecordingFinished(at=T0, recording=f"{CALL}.4.r", duration=timedelta(0))),
    ),
    (
        {"type": "ChannelDestroyed", "cause": 16, "channel": channel(language="es")},
        ForCall(CALL, ev.HungUp(at=T0, cause=16)),
    ),
    (
        dial("ANSWER", "PJSIP/phone-201-00000001", "cpbx-offer", "201"),
        ForCall(CALL, ev.DialAnswered(at=T0, phone="201", channel="p")),
    ),
    (
        dial("ANSWER", "PJSIP/phone-202-00000001", "cpbx-offer", "ring"),
        ForCall(CALL, ev.DialAnswered(at=T0, phone="202", channel="p")),
    ),
    (
        dial("ANSWER", "PJSIP/trunk-line-00000001", "cpbx-dial", "+12075550177"),
        ForCall(CALL, ev.DialAnswered(at=T0, phone="+12075550177", channel="p")),
    ),
    (dial("ANSWER", "PJSIP/trunk-line-00000001", "cpbx-person", "+12075550177"), None),
    (
        {
            "type": "ChannelUserevent",
            "eventname": "CPBXAccepted",
            "channel": {"id": "p", "name": "PJSIP/phone-201-00000001"},
            "userevent": {"eventname": "CPBXAccepted", "Call": CALL},
        },
        ForCall(CALL, ev.DialAnswered(at=T0, phone="201", channel="p")),
    ),
    ({"type": "ChannelUserevent", "eventname": "Other", "userevent": {"eventname": "Other"}}, None),
    (dial("RINGING", "PJSIP/phone-201-00000001", "cpbx-offer", "201"), None),
    (dial("", "PJSIP/phone-201-00000001", "cpbx-offer", "201"), None),
    ({"type": "Dial", "dialstatus": "ANSWER", "peer": {"id": "p", "name": "PJSIP/phone-201-00000001"}}, None),
    (endpoint("phone-201", "online", "a", "b"), EndpointNews("phone-201", True, 2)),
    (endpoint("phone-201", "offline"), EndpointNews("phone-201", False, 0)),
    ({"type": "ChannelHangupRequest", "cause": 16, "channel": channel()}, HangupAsked(CALL)),
    ({"type": "ApplicationReplaced"}, Replaced()),
    ({"type": "ChannelVarset"}, None),
]


@pytest.mark.parametrize(("message", "news"), EVENTS, ids=lambda part: part["type"] if isinstance(part, dict) else "")
def test_decode(message: dict[str, Any], news: object) -> None:
    assert decode(message, T0) == news


def test_every_type_asked_for_is_in_the_table() -> None:
    assert {message["type"] for message, _ in EVENTS} - {"ChannelVarset"} == set(HEARD)


def test_a_private_caller_does_not_print() -> None:
    assert "12075550142" not in repr(decode(start("enter", "main", "100"), T0))


def test_an_alert_rings_a_phone() -> None:
    request = encode_alert(do.Alert("206", "red-flag"))
    assert (request.method, request.uri) == ("POST", "channels")
    assert request.body == {
        "endpoint": "PJSIP/phone-206",
        "context": "cpbx-alert",
        "extension": "red-flag",
        "priority": 1,
        "callerId": '"ALERT" <206>',
        "timeout": 30,
    }


def test_names() -> None:
    assert call_of("clinic-1.0.3.1") == "clinic-1.0"
    assert endpoint_of("PJSIP/phone-201-0000001f") == "phone-201"
    assert EndpointNews("phone-201", True, 0).phone == "201"
    assert EndpointNews("trunk-line", True, 0).phone is None


PROMPTS = Path("/srv/prompts")
AT = f"channels/{CALL}"
REQUESTS: list[tuple[do.ChannelCommand, tuple[str, str], dict[str, str] | None, dict[str, Any] | None]] = [
    (do.Answer(), ("POST", f"{AT}/answer"), None, None),
    (
        do.Play(
            "p.1.1",
            ("prompt:menu", "prompt@es:menu", "sound:beep", "number:3", "number:21", Private("digits:505")),
            "en",
        ),
        ("POST", f"{AT}/play/p.1.1"),
        None,
        {
            "media": [
                "sound:/srv/prompts/en/menu",
                "sound:/srv/prompts/es/menu",
                "sound:beep",
                "sound:digits/3",
                "number:21",
                "sound:digits/5",
                "sound:digits/0",
                "sound:digits/5",
            ],
            "lang": "en",
        },
    ),
    (do.StopPlayback("p.1.1"), ("DELETE", "playbacks/p.1.1"), None, None),
    (do.StartMusic("calm"), ("POST", f"{AT}/moh"), None, {"mohClass": "calm"}),
    (do.StopMusic(), ("DELETE", f"{AT}/moh"), None, None),
    (
        do.SetVariable("CPBX_RING", "PJSIP/phone-201&PJSIP/phone-202"),
        ("POST", f"{AT}/variable"),
        None,
        {"variable": "CPBX_RING", "value": "PJSIP/phone-201&PJSIP/phone-202"},
    ),
    (
        do.Record("p.2.r", "desk", "m", timedelta(minutes=3), timedelta(seconds=5)),
        ("POST", f"{AT}/record"),
        None,
        {
            "name": "p.2.r",
            "format": "ulaw",
            "maxDurationSeconds": 180,
            "maxSilenceSeconds": 5,
            "ifExists": "fail",
            "terminateOn": "#",
        },
    ),
    (do.StopRecording("p.2.r"), ("POST", "recordings/live/p.2.r/stop"), None, None),
    (
        do.Continue("cpbx-offer", "201"),
        ("POST", f"{AT}/continue"),
        None,
        {"context": "cpbx-offer", "extension": "201", "priority": 1},
    ),
    (do.Hangup(17), ("DELETE", AT), {"reason_code": "17"}, None),
]


@pytest.mark.parametrize(("command", "line", "query", "body"), REQUESTS, ids=lambda part: type(part).__name__)
def test_encode(command: do.ChannelCommand, line: tuple[str, str], query: object, body: object) -> None:
    request = encode(CALL, command, PROMPTS)
    assert ((request.method, request.uri), request.query, request.body) == (line, query, body)


def test_every_channel_command_is_encoded() -> None:
    kinds = {kind.__name__ for kind in do.ChannelCommand.__subclasses__()}
    assert {type(command).__name__ for command, *_ in REQUESTS} == kinds


def test_a_request_does_not_print_what_it_carries() -> None:
    request = encode(CALL, do.Play("p.1.1", (Private("digits:5550142"),), "en"), PROMPTS)
    assert "5550142" not in repr(request)


def test_an_id_cannot_leave_its_place_in_the_uri() -> None:
    assert encode("a/../b?c", do.Answer(), PROMPTS).uri == "channels/a%2F..%2Fb%3Fc/answer"
