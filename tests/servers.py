"""A server on a clock that stands still, a session on it, and servers that speak no HTTP at all."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import heapq
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar, overload

import aiohttp
import pytest

from aiomatatika import BearerToken, Deployment, MatatikaSession, Response
from aiomatatika.testing import ControlledClock
from aiomatatika.transport.failure import NoResponse

E = TypeVar("E", bound=BaseException)

KEYS = "/apikeys"
API_KEYS = "/api/apikeys"
TOKEN = "/oauth/token"

Send = Callable[..., Awaitable[Response | NoResponse]]
LIMITS = aiohttp.ClientTimeout(total=5, connect=1, sock_read=1)


class StuckClock(ControlledClock):
    """A clock whose sleepers never wake."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.asleep.set()
        await asyncio.Event().wait()


class OrderedClock(ControlledClock):
    """A clock that moves from one end of a sleep to the next, as soon as every party is asleep or has ended.

    So what happens at which moment depends on nothing but the sleeps, whatever real requests take meanwhile.
    """

    def __init__(self) -> None:
        super().__init__(frozen=True)
        self._awake = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    async def gather(self, *parties: Coroutine[Any, Any, Any]) -> list[Any]:
        """Run these, and return what each returns or raises."""
        self._awake = len(parties)
        return await asyncio.gather(*map(self._take_part, parties), return_exceptions=True)

    async def _take_part(self, party: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await party
        finally:
            self._fall_asleep()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.monotonic() + seconds, len(self.sleeps), future))
        self._fall_asleep()
        await future

    def _fall_asleep(self) -> None:
        self._awake -= 1
        if self._awake == 0 and self._sleepers:
            end, _, future = heapq.heappop(self._sleepers)
            self.advance(max(0.0, end - self.monotonic()))
            self._awake = 1
            future.set_result(None)


class RawServer:
    """Reads requests and answers with the given bytes, one after another, the last for ever; then it hangs up.

    Args:
        answers: None in place of bytes: it never answers.
    """

    def __init__(self, answers: Sequence[bytes | None]) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.url = ""

    @property
    def methods(self) -> list[str]:
        return [request.split(b" ", 1)[0].decode() for request in self.requests]

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    head += await reader.readexactly(int(line.partition(b":")[2]))
            self.requests.append(head)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@contextlib.asynccontextmanager
async def listening(converse: Conversation, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Hold a conversation with whoever connects to a port of 127.0.0.1, in tasks that end with it; give the port."""
    running: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.get_running_loop().create_task(converse(reader, writer)))

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await listener.wait_closed()


@contextlib.asynccontextmanager
async def raw_server(*answers: bytes | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    raw = RawServer(answers)
    async with listening(raw.converse, tls) as port:
        raw.url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
        yield raw


def session_at(
    url: str, clock: ControlledClock | None = None, credentials: BearerToken | None = None, **options: Any
) -> MatatikaSession:
    """Return a session on the API at a URL, with a fixed token where none is given; its waits take no time."""
    with (clock or ControlledClock()).installed():
        credentials = credentials or BearerToken("canary-token")
        return MatatikaSession(credentials, deployment=Deployment(f"{url}/api"), **options)


async def get(session: MatatikaSession) -> int:
    """GET the keys, and return the status."""
    return (await session.request("GET", KEYS)).status


@overload
async def caught(awaitable: Awaitable[object]) -> BaseException: ...
@overload
async def caught(awaitable: Awaitable[object], kind: type[E]) -> E: ...
async def caught(awaitable: Awaitable[object], kind: type[BaseException] = BaseException) -> BaseException:
    """Return what is raised. Its traceback begins here: no frame of the test, which may hold secrets, is in it."""
    try:
        await awaitable
    except BaseException as error:
        if isinstance(error, kind):
            return error
        raise
    pytest.fail("nothing was raised")


def chain(error: BaseException) -> Iterator[BaseException]:
    """Return an exception and every other that hangs in its causes and contexts."""
    seen: list[BaseException | None] = [None]
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and all(each is not other for other in seen):
            seen.append(each)
            waiting += [each.__cause__, each.__context__]
            yield each


def everything_shown(error: BaseException) -> str:
    """Return what a very talkative error reporter shows: texts, arguments, notes, and every local of every frame."""
    text = []
    for each in chain(error):
        report = traceback.TracebackException.from_exception(each, capture_locals=True)
        text += [*report.format(), repr(each), repr(each.args), repr(vars(each))]
    return "\n".join(text)


def bomb(mebibytes: int) -> bytes:
    """Return a gzip stream that unpacks to so many MiB."""
    return gzip.compress(bytes(mebibytes * 2**20), compresslevel=1)


def answer(text: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {text}\r\n\r\n".replace("; ", "\r\n").encode() + body
