"""Real SIP phones in a process of their own: commands as JSON lines on stdin, what happens as JSON lines on stdout.

pjsua2 is under the GPL: nothing but this process imports it, and nothing imports this module. clinicpbx/demo/phones.py
speaks to it. One process holds at most 2 phones: pjsua2 is built for four calls.
"""

import heapq
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pjsua2 as pj

from clinicpbx.demo.heard import headers_of, is_complete_wav, lamp_of

Wish = dict[str, Any]
_PUMP = 10  # milliseconds between looks at the commands
_clock = time.monotonic


# pjsua2 writes lines of its own to file descriptor 1: those go to stderr, and ours to where stdout was.
_out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def tell(event: str, **fields: Any) -> None:
    """One line on stdout."""
    print(json.dumps({"event": event, **fields}), file=_out, flush=True)


def guarded(method: Callable[..., None]) -> Callable[..., None]:
    """An exception that left a callback of pjsua2 would end the process: it becomes an event."""

    def call(self: Any, prm: Any = None) -> None:
        try:
            method(self, prm)
        except Exception as exc:
            tell("error", phone=self.phone.name, problem=problem_of(exc))

    return call


def problem_of(exc: Exception) -> str:
    return exc.info() if isinstance(exc, pj.Error) else f"{type(exc).__name__}: {exc}"


class Player(pj.AudioMediaPlayer):  # type: ignore[misc]
    """A WAV file played into a call."""

    def __init__(self, call: "Call", file: str, loop: bool) -> None:
        super().__init__()
        self.phone, self.call, self.file = call.phone, call, file
        self.createPlayer(file, 0 if loop else pj.PJMEDIA_FILE_NO_LOOP)

    @guarded
    def onEof2(self, prm: Any) -> None:
        tell("played", phone=self.phone.name, call=self.call.name, file=self.file)


class Call(pj.Call):  # type: ignore[misc]
    """One call of one phone; `name` is never used again."""

    def __init__(self, phone: "Phone", call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone, call_id)
        self.phone = phone
        self.name = phone.softphone.next_name()
        self.player: Player | None = None
        self.recorder: Any = None
        self.recording = ""
        self.wanted: dict[str, Wish] = {}
        self.over = False
        phone.calls[self.name] = self

    def tell(self, event: str, **fields: Any) -> None:
        tell(event, phone=self.phone.name, call=self.name, **fields)

    def audio(self) -> Any:
        """The call's audio, None while there is none."""
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                return self.getAudioMedia(index)
        return None

    def play(self, file: str, loop: bool = False) -> None:
        """Play *file* once there is audio."""
        self.wanted["play"] = {"file": file, "loop": loop}
        self.connect_audio()

    def record(self, file: str) -> None:
        """Write what the phone hears to *file*, from when there is audio to the end of the call."""
        self.wanted["record"] = {"file": file}
        self.connect_audio()

    def connect_audio(self) -> None:
        audio = self.audio()
        if audio is None:
            return
        if "play" in self.wanted:
            self.player = Player(self, **self.wanted.pop("play"))
        if "record" in self.wanted:
            self.recorder = pj.AudioMediaRecorder()
            self.recording = self.wanted.pop("record")["file"]
            self.recorder.createRecorder(self.recording)
        if self.player is not None:
            self.player.startTransmit(audio)
        if self.recorder is not None:
            audio.startTransmit(self.recorder)

    @guarded
    def onCallMediaState(self, prm: Any) -> None:
        self.connect_audio()
        info = self.getInfo()
        held = any(m.status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD for m in info.media)
        self.tell("media", held=held, active=self.audio() is not None)

    @guarded
    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
            self.tell("ringing", code=info.lastStatusCode)
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.tell("connected")
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED and not self.over:
            self.over = True
            recorded = self.recorder is not None
            self.player = self.recorder = None
            seconds = info.connectDuration.sec + info.connectDuration.msec / 1000
            self.tell("disconnected", code=info.lastStatusCode, reason=info.lastReason, seconds=seconds)
            self.phone.softphone.after(0, lambda: self.phone.forget(self))
            if recorded:
                self._when_written(_clock() + 3)

    def _when_written(self, until: float) -> None:
        """Tell `recorded` once pjsua2, which closes the file some time later, has written its header."""
        complete = is_complete_wav(self.recording)
        if complete or _clock() > until:
            self.tell("recorded", file=self.recording, complete=complete)
        else:
            self.phone.softphone.after(0.02, lambda: self._when_written(until))

    @guarded
    def onDtmfDigit(self, prm: Any) -> None:
        self.tell("dtmf", digit=prm.digit)

    @guarded
    def onCallTransferStatus(self, prm: Any) -> None:
        self.tell("transfer_status", code=prm.statusCode, reason=prm.reason, final=prm.finalNotify)
        if prm.finalNotify and prm.statusCode // 100 == 2:
            self.phone.softphone.after(0, lambda: self.over or self.hangup(pj.CallOpParam()))


class Phone(pj.Account):  # type: ignore[misc]
    """One phone: its own address, perhaps a registration, its calls."""

    def __init__(self, softphone: "Softphone", wish: Wish) -> None:
        super().__init__()
        self.softphone, self.phone, self.name = softphone, self, wish["name"]
        self.address, self.port = wish["address"], wish.get("port", 5060)
        self.auto_answer: Wish | None = wish.get("auto_answer")
        self.raw = bool(wish.get("raw"))
        self.calls: dict[str, Call] = {}
        transport = pj.TransportConfig()
        transport.boundAddress = transport.publicAddress = self.address
        transport.port = self.port
        config = pj.AccountConfig()
        self.secure = bool(wish.get("secure"))  # TLS, and SRTP or no call
        kind = pj.PJSIP_TRANSPORT_TLS if self.secure else pj.PJSIP_TRANSPORT_UDP
        config.sipConfig.transportId = softphone.endpoint.transportCreate(kind, transport)
        if self.secure:
            config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
        self._settle(config, wish.get("register"))
        self.create(config)

    def _settle(self, config: Any, register: Wish | None) -> None:
        media = config.mediaConfig.transportConfig
        media.boundAddress = media.publicAddress = self.address
        media.port = 40000
        config.mediaConfig.streamKaEnabled = False
        nat = config.natConfig
        nat.contactRewriteUse = nat.viaRewriteUse = nat.sdpNatRewriteUse = 0
        nat.sipOutboundUse = False
        nat.udpKaIntervalSec = 0
        user = register["user"] if register else self.name
        server = register["server"] if register else f"{self.address}:{self.port}"
        config.idUri = f"sip:{user}@{server}"
        if register:
            config.regConfig.registrarUri = f"sip:{server}" + (";transport=tls" if self.secure else "")
            config.regConfig.timeoutSec = register.get("expires", 300)
            config.regConfig.retryIntervalSec = config.regConfig.firstRetryIntervalSec = register.get("retry", 2)
            config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, register["password"]))
            config.mwiConfig.enabled = bool(register.get("subscribe_mwi"))

    def forget(self, call: Call) -> None:
        self.calls.pop(call.name, None)

    @guarded
    def onRegState(self, prm: Any) -> None:
        if prm.code // 100 != 2:
            tell("registration_failed", phone=self.name, code=prm.code, reason=prm.reason)
        elif prm.expiration > 0:
            tell("registered", phone=self.name, expires=prm.expiration)
        else:
            tell("unregistered", phone=self.name)

    @guarded
    def onIncomingCall(self, prm: Any) -> None:
        call = Call(self, prm.callId)
        headers = headers_of(prm.rdata.wholeMsg)
        sender = headers.get("from", "")
        display, _, _ = sender.partition("<")
        raw = {"raw": prm.rdata.wholeMsg} if self.raw else {}
        call.tell(
            "incoming",
            **{"from": sender, "to": headers.get("to", ""), "display": display.strip().strip('"')},
            headers=headers,
            **raw,
        )
        wish = self.auto_answer
        if wish is None or wish.get("after", 0) > 0:
            answer(call, 180)
        if wish is not None:
            self.softphone.after(wish.get("after", 0), lambda: answer(call, wish.get("code", 200)))

    @guarded
    def onInstantMessage(self, prm: Any) -> None:
        tell("message", phone=self.name, **{"from": prm.fromUri}, kind=prm.contentType, body=prm.msgBody)

    @guarded
    def onMwiInfo(self, prm: Any) -> None:
        if (lamp := lamp_of(prm.rdata.wholeMsg)) is not None:
            tell("mwi", phone=self.name, **lamp)


def answer(call: Call, code: int, headers: Mapping[str, str] | None = None) -> None:
    if call.over:
        return
    prm = pj.CallOpParam(True)
    prm.statusCode = code
    add_headers(prm, headers)
    call.answer(prm)


def add_headers(prm: Any, headers: Mapping[str, str] | None) -> None:
    for name, value in (headers or {}).items():
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        prm.txOption.headers.append(header)


class Softphone:
    """The process: one endpoint of pjsua2, its phones, its timers; everything runs in the main thread."""

    def __init__(self, log: str = "") -> None:
        self.endpoint = pj.Endpoint()
        self.phones: dict[str, Phone] = {}
        self._names = count(1)
        self._timers: list[tuple[float, int, Callable[[], Any]]] = []
        self._order = count()
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
        config.uaConfig.maxCalls, config.uaConfig.userAgent = 32, "clinicpbx-softphone"
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.noVad, config.medConfig.ecTailLen, config.medConfig.sndAutoCloseTime = True, 0, -1
        config.logConfig.consoleLevel, config.logConfig.level = 0, 4 if log else 0
        config.logConfig.filename, config.logConfig.msgLogging = log, int(bool(log))
        self.endpoint.libInit(config)
        self.endpoint.audDevManager().setNullDev()
        self.endpoint.libStart()

    def next_name(self) -> str:
        return f"c{next(self._names)}"

    def after(self, seconds: float, what: Callable[[], Any]) -> None:
        """Do *what* in *seconds*, outside any callback."""
        heapq.heappush(self._timers, (_clock() + seconds, next(self._order), what))

    def run(self, commands: "queue.SimpleQueue[str | None]") -> None:
        """Obey until `quit` or the end of the commands."""
        while True:
            self.endpoint.libHandleEvents(_PUMP)
            while self._timers and self._timers[0][0] <= _clock():
                self._guard({}, heapq.heappop(self._timers)[2])
            while not commands.empty():
                line = commands.get()
                wish = {"do": "quit"} if line is None else json.loads(line)
                if wish["do"] == "quit":
                    return
                self._guard(wish, partial(self.answer_to, wish))

    def _guard(self, wish: Wish, what: Callable[[], Any]) -> None:
        try:
            what()
        except Exception as exc:
            tell("error", id=wish.get("id"), phone=wish.get("phone"), do=wish.get("do"), problem=problem_of(exc))

    def answer_to(self, wish: Wish) -> None:
        tell("done", id=wish.get("id"), **self.obey(wish))

    def obey(self, wish: Wish) -> Wish:
        """Carry out one command; what it returns goes into its `done`."""
        do = wish["do"]
        if do == "phone":
            self.phones[wish["name"]] = Phone(self, wish)
            return {}
        phone = self.phones[wish["phone"]]
        if do in ("register", "unregister"):
            phone.setRegistration(do == "register")
        elif do == "auto_answer":
            phone.auto_answer = wish.get("how")
        elif do == "call":
            return {"call": dial(phone, wish).name}
        else:
            name = wish.get("call") or next(reversed(phone.calls), None)
            if name is None or name not in phone.calls:
                raise LookupError("the phone has no such call")
            during(phone.calls[name], wish)
        return {}

    def close(self) -> None:
        """Hang up and unregister; the process ends right after, for pjsua2's own ending takes a second."""
        self.endpoint.hangupAllCalls()
        for phone in self.phones.values():
            if phone.getInfo().regIsActive:
                phone.setRegistration(False)
        until = _clock() + 0.3
        while _clock() < until:
            self.endpoint.libHandleEvents(_PUMP)


def dial(phone: Phone, wish: Wish) -> Call:
    """Call `to`, with another From (`from`: a whole header value) and more `headers` where they are given."""
    call = Call(phone)
    prm = pj.CallOpParam(True)
    prm.txOption.localUri = wish.get("from") or ""
    add_headers(prm, wish.get("headers"))
    try:
        call.makeCall(wish["to"], prm)
    except pj.Error:
        phone.forget(call)
        raise
    return call


def during(call: Call, wish: Wish) -> None:
    """The commands about a call there is."""
    do, prm = wish["do"], pj.CallOpParam(True)
    if do == "answer":
        answer(call, wish.get("code", 200), wish.get("headers"))
    elif do == "hangup":
        prm.statusCode = wish.get("code", 0)
        call.hangup(prm)
    elif do == "dtmf":
        call.dialDtmf(wish["digits"])
    elif do == "play":
        call.play(wish["file"], wish.get("loop", False))
    elif do == "record":
        call.record(wish["file"])
    elif do == "hold":
        call.setHold(pj.CallOpParam())
    elif do == "unhold":
        prm.opt.flag |= pj.PJSUA_CALL_UNHOLD
        call.reinvite(prm)
    elif do == "transfer":
        call.xfer(wish["to"], prm)
    elif do == "attended":
        call.xferReplaces(call.phone.calls[wish["other"]], prm)
    else:
        raise LookupError(f"unknown command {do}")


def main() -> None:
    commands: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            commands.put(line)
        commands.put(None)

    softphone = Softphone(log=str(Path(sys.argv[1])) if len(sys.argv) > 1 else "")
    threading.Thread(target=read, daemon=True).start()
    tell("ready")
    softphone.run(commands)
    softphone.close()
    # The interpreter's own end would run pjsua2's destructors in an order it does not survive.
    os._exit(0)


if __name__ == "__main__":
    main()
