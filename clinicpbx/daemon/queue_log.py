"""Has Asterisk's queue_log written as app_queue writes it, for the tools that read it. A mistake here costs a row."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog

from clinicpbx.adapters.ami.queue_log import USER, QueueLogLink
from clinicpbx.adapters.metrics import Metrics
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.queue_log import NONE, QueueLog, Row, Transferred
from clinicpbx.core.commands import JoinQueue, QueueCommand, TakeOffer
from clinicpbx.daemon.call_runtime import where
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

log = structlog.get_logger(__name__)
BY_NOBODY, BY_COMMAND, BY_RULES = NONE, "CLI", "REALTIME"
"""Whom app_queue names where no call changed a member: its console, or its database."""


class Writing(Protocol):
    hear: Callable[[Transferred], None]

    def write(self, rows: Iterable[Row]) -> None: ...


class QueueLogger:
    """Sees what the queues are asked, and says it to *link*. *number*: the caller's, of a call."""

    def __init__(
        self, floor: Floor, link: Writing, number: Callable[[str], str], clock: Callable[[], datetime]
    ) -> None:
        self._log, self._floor, self._link, self._number, self._clock = QueueLog(floor), floor, link, number, clock
        link.hear = self._transferred

    def asked(self, call: str, command: QueueCommand, at: datetime) -> None:
        """Before the floor is asked."""
        number = self._number(call) if isinstance(command, JoinQueue) else ""
        self._put(lambda: self._log.asked(self._floor, call, command, at, number))

    def gone(self, call: str, at: datetime) -> None:
        """Before the floor is told that the caller's channel is gone."""
        self._put(lambda: self._log.gone(self._floor, call, at))

    def agents(self, by: str = BY_NOBODY) -> None:
        """After agents' logins, pauses or queues may have changed. *by*: a uniqueid, or one of the words above."""
        self._put(lambda: self._log.agents(self._floor, by))

    def hung_up(self, channel: str, at: datetime) -> None:
        self._log.hung_up(channel, at)

    def _transferred(self, news: Transferred) -> None:
        self._put(lambda: self._log.transferred(news, self._clock()))

    def look(self, at: datetime) -> None:
        """Every second."""
        self._put(lambda: self._log.look(at))

    def restored(self, call: str, join: JoinQueue) -> None:
        """A call of the journal is in its queue again."""
        self._log.restored(self._floor, call, join)

    def talking(self, call: str, taken: TakeOffer, entered: datetime, since: datetime) -> None:
        """A call of the journal is with an agent."""
        self._log.talking(self._floor, call, taken, entered, since)

    def _put(self, rows: Callable[[], list[Row]]) -> None:
        try:
            if found := rows():
                self._link.write(found)
        except Exception as bug:
            log.error("a bug; queue_log lacks a row", **where(bug))


def queue_log_link(instance: Instance, settings: Settings, metrics: Metrics) -> QueueLogLink:
    """The connection to the instance's Asterisk, not begun yet; its password is read at each login."""
    secret = partial(instance.secret, USER)
    return QueueLogLink(settings.bind, settings.ami_port, secret, metrics.queue_log_lost.inc)
