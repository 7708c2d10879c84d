"""A small ARI, for tests without Asterisk. tests/support/ari_contract.py holds it to what the real one does."""

import base64
from typing import Any

import orjson
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

PASSWORD = "right"


class FakeAri:
    """One application without channels. *deaf*: requests are read and never answered."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.deaf = False
        self.keeps_filter = True
        self._filter: list[dict[str, str]] = []
        self._sources: list[str] = []
        self._owner: ServerConnection | None = None
        self._server: Server

    async def start(self) -> str:
        """host:port."""
        self._server = await serve(self._talk, "127.0.0.1", 0, process_request=self._greet, compression=None)
        host, port = next(iter(self._server.sockets)).getsockname()
        return f"{host}:{port}"

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def tell(self, **event: Any) -> None:
        """An event for the application."""
        assert self._owner is not None
        await self._owner.send(orjson.dumps(event).decode())

    def _greet(self, connection: ServerConnection, request: Request) -> Response | None:
        token = base64.b64encode(f"clinicpbx:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") == f"Basic {token}":
            return None
        return Response(401, "Unauthorized", Headers({"Content-Length": "0"}), b"")

    async def _talk(self, connection: ServerConnection) -> None:
        if self._owner is not None:
            await self._owner.send(orjson.dumps({"type": "ApplicationReplaced", "application": "clinicpbx"}).decode())
        self._owner = connection
        async for message in connection:
            wish = orjson.loads(message)
            self.asked.append((wish["method"], wish["uri"]))
            if self.deaf:
                continue
            status, body = self._answer(wish["method"], wish["uri"], orjson.loads(wish.get("message_body") or "{}"))
            answer = {"type": "RESTResponse", "request_id": wish["request_id"], "status_code": status}
            if body is not None:
                answer["message_body"] = orjson.dumps(body).decode()
            await connection.send(orjson.dumps(answer).decode())

    def _answer(self, method: str, uri: str, body: dict[str, Any]) -> tuple[int, Any]:
        path, _, query = uri.partition("?")
        match method, path.split("/"):
            case "POST", ["applications", "clinicpbx", "subscription"]:
                self._sources = [query.partition("=")[2].replace("%3A", ":").partition(":")[2]]
                return 200, self._app()
            case "PUT", ["applications", "clinicpbx", "eventFilter"]:
                self._filter = body["allowed"] if self.keeps_filter else []
                return 200, self._app()
            case "GET", ["applications", "clinicpbx"]:
                return 200, self._app()
            case "GET", ["channels"] | ["bridges"] | ["endpoints", "PJSIP"]:
                return 200, []
            case "POST", ["asterisk", "variable"]:
                self.variables[body["variable"]] = body["value"]
                return 204, None
            case "GET", ["asterisk", "variable"]:
                return 200, {"value": self.variables.get(query.partition("=")[2], "")}
            case _, ["channels", *_]:
                return 404, {"message": "Channel not found"}
            case _, ["playbacks", *_]:
                return 404, {"message": "Playback not found"}
            case _, ["recordings", "live", *_]:
                return 404, {"message": "Recording not found"}
        return 404, {"message": "Resource not found"}

    def _app(self) -> dict[str, Any]:
        return {
            "name": "clinicpbx",
            "channel_ids": [],
            "bridge_ids": [],
            "endpoint_ids": self._sources,
            "device_names": [],
            "events_allowed": self._filter,
            "events_disallowed": [],
        }
