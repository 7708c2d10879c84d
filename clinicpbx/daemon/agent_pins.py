"""Asks the vault process whether a PIN is that of the agent who wants to log in at a phone."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from clinicpbx.core.commands import CheckAgentPin
from clinicpbx.core.events import Event, PinTold
from clinicpbx.daemon.vault_client import PhoneDesk
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

log = structlog.get_logger(__name__)


class AgentPins:
    """The answer comes as an event of the call, by *deliver*."""

    def __init__(
        self, instance: Instance, deliver: Callable[[str, Event], None], clock: Callable[[], datetime]
    ) -> None:
        self._desk, self._deliver, self._clock = PhoneDesk(instance), deliver, clock
        self._tasks: set[asyncio.Task[None]] = set()

    def check(self, call: str, command: CheckAgentPin) -> None:
        task = asyncio.get_running_loop().create_task(self._check(call, command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _check(self, call: str, command: CheckAgentPin) -> None:
        try:
            answer = await asyncio.to_thread(self._desk.agent, call, command.phone, command.agent, command.pin)
        except (ClinicPBXError, OSError) as error:
            log.error("an agent's PIN cannot be checked", phone=command.phone, kind=type(error).__name__)
            answer = "unreadable"
        self._deliver(call, PinTold(at=self._clock(), answer=answer))
