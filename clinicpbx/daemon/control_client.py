"""The other end of control sockets: the command line's, and the daemon's to the vault process."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import unix_connect

from clinicpbx.daemon.login import login_behind
from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance

TIMEOUT = 5.0  # seconds


def ask_daemon(instance: Instance, wish: Mapping[str, Any]) -> Any:
    """The daemon's answer to *wish*; root says whom it acts for.

    Errors: NotReachable where no daemon answers; its own mistakes as they are.
    """
    return ask(instance.control, "daemon", {**wish, "login": login_behind(instance)}, TIMEOUT)


def ask(path: Path, process: str, wish: Mapping[str, Any], patience: float) -> Any:
    """The answer of the *process* that listens on *path*, within *patience* seconds; bytes where it answers bytes."""
    try:
        address = f"ws://{process}/"
        with unix_connect(str(path), address, compression=None, open_timeout=TIMEOUT, max_size=None) as socket:
            socket.send(json.dumps(wish))
            told = socket.recv(timeout=patience)
    except (OSError, WebSocketException):
        raise NotReachable(f"the {process} does not answer", where=str(path), do="Is it running?") from None
    if isinstance(told, bytes):
        return told
    answer = json.loads(told)
    if "error" in answer:
        mistake = ClinicPBXError(str(answer["error"]))
        mistake.exit_code = int(answer.get("exit_code", 1))  # type: ignore[misc]
        raise mistake
    return answer["ok"]


def tell_daemon(instance: Instance, wish: Mapping[str, Any]) -> bool:
    """Like `ask_daemon`; False where no daemon runs."""
    try:
        ask_daemon(instance, wish)
    except NotReachable:
        return False
    return True
