"""`Changes`: something that goes on at the server, as often as it changes, until it has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

import msgspec

from aiomatatika.errors import MatatikaError
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import Request, Response
from aiomatatika.waiting.questions import Questions

__all__ = ["Changes", "Progress"]

T = TypeVar("T")


class Progress(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What there is to see of it.

    Attributes:
        read: Makes an object of the response.
        state: What of the object makes a change.
        has_ended: Tells whether nothing more will change.
    """

    read: Callable[[Response], T]
    state: Callable[[T], object]
    has_ended: Callable[[T], bool]


class Changes(AsyncIterator[T]):
    """The object as it is first seen, and again whenever its state has changed; the last has ended.

    Args:
        client: Sends the GETs.
        request: The GET.
        progress: What there is to see.
        within: The seconds that it may take, from the first question on; infinity: as long as it takes.

    Raises (while iterating):
        PendingError: It has not ended in time.
        MatatikaError: What no waiting mends, such as a 404.
    """

    def __init__(self, client: Client, request: Request, progress: Progress[T], within: float) -> None:
        self._client = client
        self._request = request
        self._progress = progress
        self._within = within
        self._questions: Questions | None = None
        self._has_ended = False

    async def __anext__(self) -> T:
        if self._has_ended:
            raise StopAsyncIteration
        questions = self._questions = self._questions or Questions(self._client, self._within)
        while True:
            await questions.pause(self._request)
            try:
                found = self._progress.read(await questions.send(self._request))
            except MatatikaError as error:
                if not questions.outlives(error):
                    raise
                continue
            self._has_ended = self._progress.has_ended(found)
            if questions.polling.has_changed(self._progress.state(found)) or self._has_ended:
                return found

    async def last(self) -> T:
        """Return the object when it has ended."""
        while True:
            found = await anext(self)
            if self._has_ended:
                return found
