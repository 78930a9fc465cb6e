"""HTTP/1.1 on an asyncio protocol, as little of it as a server needs, in a process of its own.

What is measured is the client: so the server answers with bytes that are there already, and takes a few microseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

__all__ = ["Answer", "Connection", "answer_bytes", "serve", "served"]


def answer_bytes(
    body: bytes, status: str = "200 OK", content_type: str = "application/hal+json", more: str = ""
) -> bytes:
    """Return a whole answer; ``more`` is further header lines, each with its line end."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One connection: takes requests apart and has each answered by ``answer``.

    Attributes:
        transport: Where an answer is written to.
    """

    transport: asyncio.Transport

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is there whole."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n") + 4) > 3:
            head = self._received[:end]
            length = 0 if head.startswith(b"GET") else _body_length(head)
            if len(self._received) < end + length:
                return
            self._received = self._received[end + length :]
            method, target, _ = head.split(b" ", 2)
            self._answer(self, method, target)


Answer = Callable[[Connection, bytes, bytes], None]


def _body_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def serve(answer: Answer) -> None:
    """Listen on a free port of the loopback, print it, and serve until the standard input ends."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(answer), "127.0.0.1", 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
        os._exit(0)  # connections that hang on purpose are no reason to wait

    asyncio.run(run())


@contextlib.contextmanager
def served(module: str) -> Iterator[tuple[str, int]]:
    """Run a server's module in a process of its own; gives its URL and its process id."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid
        finally:
            process.stdin.close()
            process.wait(10)
