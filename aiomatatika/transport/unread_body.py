"""The body of a response that is still to come, as aiohttp has it. Failures are returned: see `aiohttp_errors`."""

from __future__ import annotations

import asyncio
import math

from aiohttp import ClientResponse

from aiomatatika.transport.failure import Failure, NoResponse
from aiomatatika.transport.gunzip import Gunzip
from aiomatatika.transport.lifetime import Lifetime

__all__ = ["UnreadBody", "broken_body"]

# A body that comes faster than it is read never makes its reader wait: other tasks have their turn after so many bytes.
_BYTES_A_TURN = 2**20


def broken_body(status: int, error: Exception) -> NoResponse:
    """Return what became of a response whose body ended in an error."""
    if isinstance(error, TimeoutError):
        return NoResponse(Failure.DAMAGED, "the body stopped coming", timed_out=True, status=status)
    return NoResponse(Failure.DAMAGED, "the body is incomplete or damaged", status=status)


class UnreadBody:
    """A body on its way, decompressed as it comes.

    Args:
        response: The response, whose head has come; aiohttp leaves its body as it is.
        gunzip: What undoes its encoding, if it has one.
        seconds: How long to wait for bytes; aiohttp's parser drops its own timer when the framing breaks.
    """

    __slots__ = ("_bytes_since_wait", "_gunzip", "_response", "_seconds")

    def __init__(self, response: ClientResponse, gunzip: Gunzip | None, seconds: float | None) -> None:
        self._response = response
        self._gunzip = gunzip
        self._seconds: float = math.inf if seconds is None else seconds
        self._bytes_since_wait = 0

    async def piece(self, lifetime: Lifetime) -> bytes | NoResponse:
        """Return the bytes that came next; none at the end of the body. Closing the session ends the wait.

        Raises:
            asyncio.CancelledError: Without the frames of aiohttp, which hold the headers.
        """
        try:
            return await self._next(lifetime)
        except Exception as error:  # noqa: BLE001  # whatever aiohttp raises
            self.close()
            return broken_body(self._response.status, error)
        except BaseException as error:  # noqa: BLE001  # it is raised again, bare
            error.__context__ = error.__cause__ = None
            raise error.with_traceback(None)  # noqa: B904  # itself, without the frames that hold the headers

    async def _next(self, lifetime: Lifetime) -> bytes:
        if self._bytes_since_wait >= _BYTES_A_TURN:
            self._bytes_since_wait = 0
            await asyncio.sleep(0)
        piece = await (self._raw(lifetime) if self._gunzip is None else self._unpacked(self._gunzip, lifetime))
        self._bytes_since_wait += len(piece)
        return piece

    async def _unpacked(self, gunzip: Gunzip, lifetime: Lifetime) -> bytes:
        while not (piece := gunzip.piece()):
            raw = await self._raw(lifetime)
            if not raw:
                if not gunzip.is_whole:
                    raise EOFError
                break
            gunzip.feed(raw)
            del raw  # a traceback with locals would show it
        return piece

    async def _raw(self, lifetime: Lifetime) -> bytes:
        content = self._response.content
        raw = content.read_nowait()
        if not raw and not content.at_eof():
            self._bytes_since_wait = 0
            with lifetime.in_flight(self._seconds):
                raw = await content.readany()
        return raw

    def close(self) -> None:
        """Close the connection, unless the whole body has come: then it serves other requests already."""
        self._response.close()
