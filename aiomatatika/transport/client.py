"""`Client`: what resource groups are given to make calls with."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from yarl import URL

from aiomatatika.options import Options
from aiomatatika.transport.body_stream import BodyStream
from aiomatatika.transport.call import Call
from aiomatatika.transport.clock import Deadline
from aiomatatika.transport.message import OpenResponse, Request, Response
from aiomatatika.transport.query import Params
from aiomatatika.transport.state import SharedState

__all__ = ["Client"]


class Client:
    """Makes calls with one set of options.

    Args:
        state: What it shares with the other clients of the session.
        options: Its limits and retries.
    """

    def __init__(self, state: SharedState, options: Options) -> None:
        self.state = state
        self.options = options

    def deadline(self) -> Deadline:
        """Return the deadline of a call that begins now."""
        return Deadline(self.state.clock, self.options.timeouts.total)

    def at(self, path: str, query: Params | None = None) -> URL:
        """Return the URL of an encoded path below the API's root."""
        return self.state.root.at(path, query)

    def send(self, request: Request, deadline: Deadline | None = None) -> Coroutine[Any, Any, Response]:
        """Make a call and return its response of status 200 to 299, by the deadline. To be awaited at once.

        Raises:
            MatatikaError: As the tree in `errors` says; with method, path and attempts.
        """
        return Call(self.state, self.options, request, deadline or self.deadline()).run()

    async def stream(self, request: Request) -> BodyStream:
        """Make a call whose `Request.streamed` are its promised statuses, and return the body, which is to be closed.

        The deadline is that of the head; the body may take as long as it keeps coming.

        Raises:
            MatatikaError: As the tree in `errors` says; with method, path and attempts.
        """
        response = await self.send(request)
        assert isinstance(response, OpenResponse)
        return BodyStream(response, self.state.lifetime)
