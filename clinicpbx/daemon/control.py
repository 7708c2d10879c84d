"""The daemon's control socket: `{"do": "calls"}` → `{"ok": [...]}` or `{"error": …}`, over a WebSocket."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import structlog
from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from clinicpbx.daemon.call_runtime import where
from clinicpbx.errors import ClinicPBXError

log = structlog.get_logger(__name__)

Verb = Callable[[Mapping[str, Any]], Any]
SOCKET_MODE = 0o660


def answer(verbs: Mapping[str, Verb], message: str | bytes) -> bytes:
    """The answer to one message; a mistake comes back with its exit code, a bug without its text."""
    try:
        wish = orjson.loads(message)
        verb = verbs.get(wish.get("do", "")) if isinstance(wish, dict) else None
        if verb is None:
            raise ClinicPBXError("no such verb", do=f"Use one of {', '.join(sorted(verbs))}")
        return orjson.dumps({"ok": verb(wish)}, default=str)
    except orjson.JSONDecodeError:
        return orjson.dumps({"error": "not JSON", "exit_code": 2})
    except ClinicPBXError as mistake:
        return orjson.dumps({"error": str(mistake), "exit_code": mistake.exit_code})
    except KeyError as missing:
        return orjson.dumps({"error": f"{missing.args[0]!r} is missing or unknown", "exit_code": 2})
    except Exception as bug:
        log.error("a control verb failed", **where(bug))
        return orjson.dumps({"error": "internal error, see the daemon's log", "exit_code": 1})


async def serve_control(path: Path, verbs: Mapping[str, Verb]) -> Server:
    """Listens on *path* (0660: the instance's group may use it); a socket left there is replaced."""

    async def talk(connection: ServerConnection) -> None:
        try:
            async for message in connection:
                await connection.send(answer(verbs, message), text=True)
        except ConnectionClosed:
            return

    before = os.umask(0o777 & ~SOCKET_MODE)
    try:
        return await unix_serve(talk, str(path), compression=None, max_size=64 * 1024)
    finally:
        os.umask(before)
