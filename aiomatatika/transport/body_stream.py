"""`BodyStream`: the body of a call, piece by piece, its failures as errors that say which call it was."""

from __future__ import annotations

from typing import NoReturn, Self

from aiomatatika.errors import MatatikaError
from aiomatatika.transport.failure import NoResponse, damaged_response
from aiomatatika.transport.lifetime import Lifetime
from aiomatatika.transport.message import OpenResponse

__all__ = ["BodyStream"]


class BodyStream:
    """An asynchronous iterator over the bytes of a body as they come, none of them empty.

    Args:
        response: The response, whose head has come.
        lifetime: Says whether the session is still open.
    """

    __slots__ = ("_lifetime", "_response")

    def __init__(self, response: OpenResponse, lifetime: Lifetime) -> None:
        self._response = response
        self._lifetime = lifetime

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            self._lifetime.check_open()
            piece = await self._response.unread.piece(self._lifetime)
            if isinstance(piece, NoResponse):
                self._lifetime.check_open()  # `close` ends the wait for bytes
                raise damaged_response(piece)
        except MatatikaError as error:
            self.close()
            self._response.call.describe(error)
            raise
        if not piece:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Give up what has not come yet: the connection is closed at once."""
        self._response.unread.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("the body of a response does not pickle or copy while it is on its way")
