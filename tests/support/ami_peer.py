"""An AMI of a few lines on a socket of the loopback: what it hears, what it says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Answer = Callable[[dict[str, str]], list[str]]


def success(request: dict[str, str]) -> list[str]:
    """As Asterisk answers; the ActionID is given back where there is one."""
    same = f"ActionID: {request['ActionID']}\r\n" if "ActionID" in request else ""
    return [f"Response: Success\r\n{same}Message: fine"]


class Peer:
    """*answer* makes the answers to a request; none: it is silent."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.port, self.requests = answer, 0, list[dict[str, str]]()
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode()
                request = dict(line.split(": ", 1) for line in block.removesuffix("\r\n\r\n").split("\r\n"))
                self.requests.append(request)
                self.say(*self.answer(request))
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    def say(self, *messages: str) -> None:
        for message in messages:
            self.writers[-1].write(message.encode() + b"\r\n\r\n")


@asynccontextmanager
async def peer(answer: Answer = success) -> AsyncIterator[Peer]:
    made = Peer(answer)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for writer in made.writers:
            writer.close()


async def until(what: Callable[[], object]) -> None:
    """Turns of the loop until *what* is true; TimeoutError after two seconds."""
    async with asyncio.timeout(2):
        while not what():
            await asyncio.sleep(0)
