"""`Questions`: the GETs of one wait, each at its time, through outages."""

from __future__ import annotations

import logging
from math import inf

import msgspec

from aiomatatika.errors import MatatikaError, PendingError, RateLimitError, ResponseError
from aiomatatika.transport.body_stream import BodyStream
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import Request, Response, error_log_fields
from aiomatatika.waiting.polling import Polling

__all__ = ["Questions"]

_logger = logging.getLogger(__name__)


class Questions:
    """Asks when the schedule and the session's `Pacer` say so.

    Args:
        client: Sends the GETs.
        within: The seconds that the wait may take; infinity: as long as it takes.

    Attributes:
        polling: The schedule.
    """

    polling: Polling

    def __init__(self, client: Client, within: float = inf) -> None:
        self._client = client
        self._clock = client.state.clock
        self._within = within
        self._failure: MatatikaError | None = None  # of the outage that lasts
        self._attempts = 0
        self.polling = Polling(self._clock.monotonic(), within)

    async def send(self, request: Request) -> Response:
        """Ask at the next turn of the session. It ends when the time of the wait does.

        Raises:
            PendingError: The time is up before there is a turn.
            MatatikaError: As the tree in `errors` says; `outlives` tells whether to ask again.
        """
        await self._take_turn(request)
        left = self.polling.left(self._clock.monotonic())
        response = await self._client.send(msgspec.structs.replace(request, within=left))
        self._attempts += response.call.attempts
        self._failure = None
        return response

    async def stream(self, request: Request) -> BodyStream:
        """Ask as `send` does, for a body that is read piece by piece."""
        await self._take_turn(request)
        stream = await self._client.stream(request)
        self._failure = None
        return stream

    async def pause(self, request: Request) -> None:
        """Wait until it is time for the next question.

        Raises:
            PendingError: The time is up.
            SessionClosedError: The session was closed meanwhile.
        """
        seconds = self.polling.next(self._clock.monotonic(), self._clock.random())
        if seconds is None:
            raise self._pending(request)
        await self._sleep(seconds)

    def outlives(self, error: MatatikaError) -> bool:
        """Tell whether to ask again after an error. The first of an outage is logged; a cut body is not."""
        if not error.transient:
            return False
        is_outage = not isinstance(error, ResponseError) and self.polling.left(self._clock.monotonic()) > 0
        if is_outage and self._failure is None:
            _logger.warning("asked again until the API responds: %s", error, extra=error_log_fields(error))
        self._failure = error
        self._attempts += error.attempts
        if isinstance(error, RateLimitError):
            self.polling.put_off(error.retry_after)
        return True

    async def _take_turn(self, request: Request) -> None:
        now = self._clock.monotonic()
        left = self.polling.left(now)
        seconds = self._client.state.pacer.turn(now, left)
        await self._sleep(left if seconds is None else seconds)
        if seconds is None:
            raise self._pending(request)

    async def _sleep(self, seconds: float) -> None:
        if not seconds:
            return
        lifetime = self._client.state.lifetime
        try:
            with lifetime.in_flight(inf):
                await self._clock.sleep(seconds)
        except TimeoutError:  # the limit is `close`
            lifetime.check_open()

    def _pending(self, request: Request) -> PendingError:
        error = PendingError(f"not done within {self._within:g} s, and going on", resource_id=request.url.name)
        facts = request.facts()
        facts.attempts = self._attempts
        facts.describe(error)
        error.__cause__ = self._failure
        return error
