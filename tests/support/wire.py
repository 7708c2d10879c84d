"""What goes over the loopback wire: who hears which sound."""

import socket
import time
from collections import Counter

ANY_PROTOCOL = 3
ETHERNET, UDP_HEADER, RTP_HEADER = 14, 8, 12


Stream = tuple[str, str, int]


def sounds(seconds: float) -> dict[Stream, Counter[int]]:
    """The first bytes of the PCMU packets of each stream (to, from, from port) within *seconds*; needs root."""
    heard: dict[Stream, Counter[int]] = {}
    until = time.monotonic() + seconds
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ANY_PROTOCOL)) as wire:
        wire.bind(("lo", 0))
        wire.settimeout(0.1)
        while time.monotonic() < until:
            try:
                frame = wire.recv(2048)[ETHERNET:]
            except TimeoutError:
                continue
            udp = frame[(frame[0] & 15) * 4 :]
            if frame[9] == socket.IPPROTO_UDP and len(udp) > UDP_HEADER + RTP_HEADER and udp[8:10] == b"\x80\x00":
                source, to = socket.inet_ntoa(frame[12:16]), socket.inet_ntoa(frame[16:20])
                stream = heard.setdefault((to, source, int.from_bytes(udp[:2], "big")), Counter())
                stream[udp[UDP_HEADER + RTP_HEADER]] += 1
    return heard
