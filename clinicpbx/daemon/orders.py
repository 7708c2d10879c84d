"""What calls order of Asterisk, and what becomes of it: a refusal is an event of the call."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from clinicpbx.adapters.ari.client import Answer
from clinicpbx.adapters.ari.encode import encode, encode_alert
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.commands import Alert, ChannelCommand
from clinicpbx.core.events import CommandRefused, Event, Refusal

log = structlog.get_logger(__name__)


class Requesting(Protocol):
    def __call__(
        self, method: str, uri: str, query: Mapping[str, str] | None = None, body: object = None
    ) -> "asyncio.Future[Answer]": ...


class Orders:
    """Fire and forget: only a refusal comes back, by *tell*."""

    def __init__(
        self,
        prompts: Path,
        request: Requesting,
        metrics: Metrics,
        tell: Callable[[str, Event], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._prompts, self._request, self._metrics = prompts, request, metrics
        self._tell, self._clock = tell, clock

    def give(self, call: str, command: ChannelCommand) -> None:
        request = encode(call, command, self._prompts)
        answer = self._request(request.method, request.uri, request.query, request.body)
        answer.add_done_callback(partial(self._answered, call, command))

    def alert(self, command: Alert) -> None:
        """Of a phone that cannot be rung only the log and a metric tell: the call goes on."""
        request = encode_alert(command)
        answer = self._request(request.method, request.uri, request.query, request.body)
        answer.add_done_callback(partial(self._alerted, command.phone))

    def _answered(self, call: str, command: ChannelCommand, answer: "asyncio.Future[Answer]") -> None:
        why = answer.result().refusal
        if why is None:
            return
        name = type(command).__name__
        self._metrics.refusals.labels(name, why.value).inc()
        if why is Refusal.UNREACHABLE:
            log.warning("a command had no effect", call=call, command=name, status=answer.result().status)
        self._tell(call, CommandRefused(at=self._clock(), command=name, target=command.target, why=why))

    def _alerted(self, phone: str, answer: "asyncio.Future[Answer]") -> None:
        if not answer.result().ok:
            self._metrics.refusals.labels(Alert.__name__, "unreachable").inc()
            log.warning("a phone could not be told of an alert", phone=phone, status=answer.result().status)
