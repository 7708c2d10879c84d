"""A control socket: `{"do": "calls"}` → `{"ok": [...]}`, `{"error": …}` or plain bytes, over a WebSocket."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import structlog
from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from clinicpbx.daemon.asker import Peer
from clinicpbx.daemon.call_runtime import where
from clinicpbx.errors import ClinicPBXError

log = structlog.get_logger(__name__)

Verb = Callable[[Mapping[str, Any]], Any]
Leaves = Callable[[Peer], Mapping[str, Verb]]
SOCKET_MODE = 0o660


def answer(verbs: Mapping[str, Verb], message: str | bytes) -> str | bytes:
    """The answer to one message: JSON, or the bytes that the verb returns.

    A mistake comes back with its exit code, a bug without its text.
    """
    try:
        wish = orjson.loads(message)
        verb = verbs.get(wish.get("do", "")) if isinstance(wish, dict) else None
        if verb is None:
            raise ClinicPBXError("no such verb", do=f"Use one of {', '.join(sorted(verbs))}")
        told = verb(wish)
        return told if isinstance(told, bytes) else _text({"ok": told})
    except orjson.JSONDecodeError:
        return _text({"error": "not JSON", "exit_code": 2})
    except ClinicPBXError as mistake:
        return _text({"error": str(mistake), "exit_code": mistake.exit_code})
    except KeyError as missing:
        return _text({"error": f"{missing.args[0]!r} is missing or unknown", "exit_code": 2})
    except Exception as bug:
        log.error("a control verb failed", **where(bug))
        return _text({"error": "internal error, see the log", "exit_code": 1})


def _text(answer: Mapping[str, Any]) -> str:
    return orjson.dumps(answer, default=str).decode()


GRANTED = _text({"ok": None})


async def serve_control(path: Path, verbs: Mapping[str, Verb], leaves: Leaves) -> Server:
    """Listens on *path* (0660: the instance's group may use it); a socket left there is replaced.

    *leaves*: for whoever is at the other end, what comes before the verb of the same name: it blocks, and raises where
    they may not.
    """

    async def talk(connection: ServerConnection) -> None:
        leave = leaves(Peer.of(connection.transport.get_extra_info("socket")))
        try:
            async for message in connection:
                asks = _verb(message) in leave
                granted = await asyncio.to_thread(answer, leave, message) if asks else GRANTED
                await connection.send(answer(verbs, message) if granted == GRANTED else granted)
        except ConnectionClosed:
            return

    return await listen(path, talk)


def _verb(message: str | bytes) -> str:
    try:
        wish = orjson.loads(message)
    except orjson.JSONDecodeError:
        return ""
    return str(wish.get("do", "")) if isinstance(wish, dict) else ""


async def listen(path: Path, talk: Callable[[ServerConnection], Awaitable[None]]) -> Server:
    """A server on *path* whose socket the instance's group may use."""
    before = os.umask(0o777 & ~SOCKET_MODE)
    try:
        return await unix_serve(talk, str(path), compression=None, max_size=64 * 1024)
    finally:
        os.umask(before)
