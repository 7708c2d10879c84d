"""The command line's end of the daemon's control socket."""

import json
from collections.abc import Mapping
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import unix_connect

from clinicpbx.errors import ClinicPBXError, NotReachable
from clinicpbx.paths import Instance

TIMEOUT = 5.0  # seconds


def ask_daemon(instance: Instance, wish: Mapping[str, Any]) -> Any:
    """The daemon's answer to *wish*. Errors: NotReachable where no daemon answers; its own mistakes as they are."""
    try:
        with unix_connect(str(instance.control), "ws://daemon/", compression=None, open_timeout=TIMEOUT) as socket:
            socket.send(json.dumps(wish))
            answer = json.loads(socket.recv(timeout=TIMEOUT))
    except (OSError, WebSocketException):
        raise NotReachable("the daemon does not answer", where=str(instance.control), do="Is it running?") from None
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
