"""sd_notify: tells systemd READY, WATCHDOG, STATUS (sd_notify(3)); silent outside systemd."""

import os
import socket


def notify(*states: str) -> bool:
    """Send states such as "READY=1"; False if nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.sendto("\n".join(states).encode(), address)
    except OSError:
        return False
    return True
