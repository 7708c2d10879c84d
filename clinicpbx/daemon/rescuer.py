"""Sends stranded callers back to the dialplan while the daemon is dead or hangs. Standard library only."""

import base64
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

APP = "clinicpbx"
EVERY = 2.0
STALE = 6.0  # seconds; the dialplan stops giving new calls to the daemon after 5
PAUSE = 0.05  # between two callers: a hundred at once would ring every phone at once
TIMEOUT = 3.0


class Ari:
    """ARI over HTTP as the user `rescuer`; OSError or http.client.HTTPException where it does not answer."""

    def __init__(self, address: str, password: str) -> None:
        self._address = address
        self._token = base64.b64encode(f"rescuer:{password}".encode()).decode()

    def ask(self, method: str, uri: str, **query: str) -> tuple[int, Any]:
        """Status and body."""
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT)
        try:
            path = f"/ari/{uri}" + (f"?{urlencode(query)}" if query else "")
            connection.request(method, path, headers={"Authorization": f"Basic {self._token}", "Content-Length": "0"})
            response = connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if content else None
        finally:
            connection.close()


def heartbeat_age(ari: Ari, now: float) -> float:
    """Seconds since the daemon's last heartbeat; infinite where there was none."""
    status, body = ari.ask("GET", "asterisk/variable", variable="CPBX_HB")
    value = (body or {}).get("value") or ""
    return now - int(value) if status == 200 and value.isdigit() else float("inf")


def stranded(channels: list[dict[str, Any]], bridges: list[dict[str, Any]], ours: Collection[str]) -> list[str]:
    """Channels that wait in the application's Stasis and talk to nobody. Pure."""
    talking = {name for bridge in bridges if len(bridge["channels"]) > 1 for name in bridge["channels"]}
    found = []
    for channel in channels:
        plan = channel.get("dialplan") or {}
        waits = plan.get("app_name") == "Stasis" and str(plan.get("app_data", "")).split(",")[0] == APP
        if waits and channel["id"] in ours and channel["id"] not in talking:
            found.append(channel["id"])
    return found


def rescue(ari: Ari) -> int:
    """One round: how many callers were sent to the rescue context. Stops as soon as the daemon's heart beats again."""
    if heartbeat_age(ari, time.time()) <= STALE:
        return 0
    status, app = ari.ask("GET", f"applications/{APP}")
    if status != 200 or not app["channel_ids"]:
        return 0
    channels, bridges = ari.ask("GET", "channels")[1], ari.ask("GET", "bridges")[1]
    moved = 0
    for name in stranded(channels, bridges, frozenset(app["channel_ids"])):
        if heartbeat_age(ari, time.time()) <= STALE:
            break
        status, _ = ari.ask(
            "POST", f"channels/{quote(name, safe='')}/continue", context="cpbx-rescue", extension="s", priority="1"
        )
        moved += status == 204
        time.sleep(PAUSE)
    return moved


def notify(state: str) -> None:
    """sd_notify(3), without the rest of the program."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
    except OSError:
        return


def address_of(home: Path) -> str:
    """ARI's host:port, from the environment or the instance's clinicpbx.env."""
    found = {"CLINICPBX_BIND": "127.0.0.1", "CLINICPBX_ARI_PORT": "8088"}
    settings = home / "clinicpbx.env"
    for line in settings.read_text().splitlines() if settings.exists() else []:
        name, equals, value = line.partition("=")
        if equals and name.strip() in found:
            found[name.strip()] = value.strip().strip("\"'")
    found |= {name: os.environ[name] for name in found if name in os.environ}
    return f"{found['CLINICPBX_BIND']}:{found['CLINICPBX_ARI_PORT']}"


def tell(level: str, event: str, **fields: object) -> None:
    """A line of JSON on stderr; never a number or a name."""
    print(json.dumps({"level": level, "event": event, **fields}), file=sys.stderr, flush=True)


def main(home: str) -> int:
    """Rounds for ever; ends with 0 at SIGTERM."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    ari = Ari(address_of(Path(home)), (Path(home) / "keys" / "rescuer.secret").read_text().strip())
    turn = Path(home) / "run" / "rescuer.prom"  # empty: its age says all
    notify("READY=1")
    reachable = True
    while True:
        try:
            if moved := rescue(ari):
                tell("warning", "the daemon's heart does not beat; callers sent to the fallback", callers=moved)
            if not reachable:
                tell("info", "Asterisk answers again")
            reachable = True
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            if reachable:
                tell("warning", "Asterisk does not answer", kind=type(error).__name__)
            reachable = False
        notify("WATCHDOG=1")
        with suppress(OSError):
            turn.touch()
        time.sleep(EVERY)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
