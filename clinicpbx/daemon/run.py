"""The daemon's process, from its start to its end."""

import asyncio

from clinicpbx.adapters.asterisk.clear import need_clear
from clinicpbx.adapters.logs import start_logging
from clinicpbx.daemon.app import Daemon
from clinicpbx.daemon.single import only_daemon
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings


def run_daemon(instance: Instance, settings: Settings) -> None:
    """Runs until SIGTERM. ClinicPBXError where clear audio could reach a disk, or another daemon runs or took over."""
    start_logging(settings.log_level)
    need_clear(instance.clear)

    async def run() -> None:
        await Daemon(instance, settings).run()

    with only_daemon(instance):
        asyncio.run(run())
