"""What goes over the loopback wire: who hears which sound, and what somebody is told."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

ANY_PROTOCOL = 3
ETHERNET, UDP_HEADER, RTP_HEADER = 14, 8, 12


Stream = tuple[str, str, int]


def sounds(seconds: float) -> dict[Stream, Counter[int]]:
    """The first bytes of the PCMU packets of each stream (to, from, from port) within *seconds*; needs root."""
    heard: dict[Stream, Counter[int]] = {}
    until = time.monotonic() + seconds
    with _wire() as wire:
        for frame, udp in _packets(wire):
            if time.monotonic() > until:
                break
            if len(udp) > UDP_HEADER + RTP_HEADER and udp[8:10] == b"\x80\x00":
                source, to = socket.inet_ntoa(frame[12:16]), socket.inet_ntoa(frame[16:20])
                stream = heard.setdefault((to, source, int.from_bytes(udp[:2], "big")), Counter())
                stream[udp[UDP_HEADER + RTP_HEADER]] += 1
    return heard


@contextmanager
def overheard(address: str) -> Iterator[list[bytes]]:
    """What is sent to *address* by SIP meanwhile, packet by packet; needs root."""
    told: list[bytes] = []
    over = threading.Event()

    def listen(wire: socket.socket) -> None:
        for frame, udp in _packets(wire):
            if over.is_set():
                return
            if socket.inet_ntoa(frame[16:20]) == address and b"SIP/2.0" in udp:
                told.append(udp[UDP_HEADER:])

    with _wire() as wire:
        listener = threading.Thread(target=listen, args=(wire,))
        listener.start()
        try:
            yield told
        finally:
            over.set()
            listener.join()


def _wire() -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ANY_PROTOCOL))
    wire.bind(("lo", 0))
    wire.settimeout(0.1)
    return wire


def _packets(wire: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """Each IPv4 frame that carries UDP, and its UDP part; an empty pair now and then while nothing comes."""
    while True:
        try:
            frame = wire.recv(4096)[ETHERNET:]
        except TimeoutError:
            yield bytes(20), b""
            continue
        if frame[9] == socket.IPPROTO_UDP:
            yield frame, frame[(frame[0] & 15) * 4 :]
