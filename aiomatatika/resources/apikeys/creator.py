"""Carries the steps of a creation out: the requests, the sink, and what a cancellation may not cut short."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from yarl import URL

from aiomatatika.decoding.json_text import decode_json, member
from aiomatatika.decoding.request_bodies import json_body
from aiomatatika.errors import (
    ApiError,
    MatatikaError,
    NotFoundError,
    ResponseError,
    SessionClosedError,
    TransportError,
)
from aiomatatika.resources.apikeys.creation import (
    Absent,
    Answered,
    Created,
    Creation,
    Delete,
    Deleted,
    Drafted,
    Event,
    Fail,
    Found,
    Initialise,
    LookUp,
    Lost,
    NotDeleted,
    Put,
    Refused,
    Return,
    Step,
    Unclear,
)
from aiomatatika.resources.apikeys.delivery import Deliver
from aiomatatika.resources.apikeys.grace import finish_in_grace
from aiomatatika.resources.apikeys.models import ApiKey, NewApiKey, read_new_key
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import GONE, Request, Response
from aiomatatika.transport.repeat import Repeat

__all__ = ["KeyCreator", "attach", "draft_request"]

_logger = logging.getLogger("aiomatatika")

# Seconds that a cancelled creation may still take.
_GRACE = 5.0
# The rest of the deadline is kept for finding out what became of a PUT without a response.
_PUT_SHARE = 2 / 3
# A load balancer's word, not the API's: whether the PUT went on to it is unknown.
_TIMED_OUT = frozenset({408, 425})
_DRAFTED = frozenset({200, 201})
_NOT_DONE = frozenset({501, 505})


def attach(error: BaseException, key: NewApiKey, what: str) -> None:
    """Put a key on an exception on its way out, so that the secret survives it."""
    if not hasattr(error, "api_key"):
        error.api_key = key  # type: ignore[attr-defined]  # any exception takes attributes
        error.add_note(f"{what} was created; it is in .api_key of this exception")


def draft_request(client: Client) -> Request:
    """Return the POST for a draft. The server stores nothing, so a lost response is repeated."""
    return Request(method="POST", url=client.at("/apikeys"), repeat=Repeat.IDEMPOTENT, promised=_DRAFTED)


class KeyCreator:
    """Creates one API key, under one deadline.

    Args:
        client: Makes the calls.
        name: The name of the key.
        deliver: Is given the key before anything else can fail, also when the creating task has been cancelled.
        draft_id: The id of a draft that the user was given before.
    """

    def __init__(self, client: Client, name: str, deliver: Deliver | None, draft_id: UUID | None) -> None:
        self._client = client
        self._body = json_body({"name": name})
        self._deliver = deliver
        self._creation = Creation(draft_id)
        self._deadline = client.deadline()
        self._made: NewApiKey | None = None

    async def run(self) -> NewApiKey:
        """Create the key.

        Raises:
            SecretLostError: The secret is lost, and what is left is named.
            SecretDeliveryError: The sink failed; the key is in ``.api_key``.
            PendingError: 202.
            MatatikaError: Nothing was created.
        """
        step = self._creation.start()
        try:
            while not isinstance(step, Return | Fail):
                step = await self._carry_out(step)
        except BaseException as error:
            self._tell_what_is_left(error)
            raise
        finally:
            if self._creation.unproven:
                ids = ", ".join(map(str, self._creation.unproven))
                _logger.warning("a creating PUT got no response and may still be carried out: API key %s", ids)
        if isinstance(step, Fail):
            raise step.error
        return step.key

    async def _carry_out(self, step: Initialise | Put | LookUp | Delete) -> Step:
        match step:
            case Put():
                return await self._put_in_grace(step.key_id)
            case Initialise():
                return self._creation.advance(await self._initialise())
            case LookUp():
                return self._creation.advance(await self._look_up(step.key_id))
            case Delete():
                return self._creation.advance(await self._delete(step.key_id))

    def _tell_what_is_left(self, error: BaseException) -> None:
        if self._made is not None:
            attach(error, self._made, f"API key {self._made.id}")
        for key_id in self._creation.left_behind:
            error.add_note(f"API key {key_id} may exist without anybody having its secret: look, and delete it")

    async def _initialise(self) -> Event:
        try:
            response = await self._client.send(draft_request(self._client), self._deadline)
            return Drafted(response.structured(ApiKey).id)
        except MatatikaError as error:
            return Refused(error)

    async def _put_in_grace(self, key_id: UUID) -> Step:
        """PUT in a task of its own: a cancelled caller waits for it a little, because it cannot be undone."""
        _logger.info("creating API key %s", key_id)
        task = asyncio.get_running_loop().create_task(self._put(key_id))
        cancelled = await finish_in_grace(task, _GRACE)
        if cancelled is None:
            return task.result()
        _logger.info("the creation of API key %s was cancelled by its caller", key_id)
        if not task.done():
            _logger.warning("the creation of API key %s did not end in time: left to itself", key_id)
            task.add_done_callback(_look_at)
        else:
            _look_at(task)
        raise cancelled

    async def _put(self, key_id: UUID) -> Step:
        """PUT once, hand the key to the sink, and return the next step."""
        with self._client.state.lifetime.in_flight(None, secret=f"API key {key_id}"):
            step = self._creation.advance(await self._put_once(key_id))
            if isinstance(step, Return):
                self._made = step.key
                if self._deliver is not None:
                    await self._deliver(step.key)
            return step

    async def _put_once(self, key_id: UUID) -> Event:
        request = Request(
            method="PUT",
            url=self._url(key_id),
            repeat=Repeat.ONCE,
            body=self._body,
            secret=f"API key {key_id}",
            within=self._deadline.left() * _PUT_SHARE,
        )
        try:
            response = await self._client.send(request, self._deadline)
        except SessionClosedError:
            raise
        except MatatikaError as error:
            event = _event_of(error)
            if isinstance(event, Refused):
                error.add_note(f"the id of the API key was {key_id}")
            return event
        key = read_new_key(response, key_id)
        return Answered(response.status) if key is None else Created(key)

    async def _look_up(self, key_id: UUID) -> Event:
        request = Request(method="GET", url=self._url(key_id), repeat=Repeat.SAFE)
        try:
            response = await self._client.send(request, self._deadline)
        except NotFoundError:
            return Absent()
        except MatatikaError as error:
            return Unclear(str(error))
        return _sighting(response)

    async def _delete(self, key_id: UUID) -> Event:
        request = Request(method="DELETE", url=self._url(key_id), repeat=Repeat.IDEMPOTENT, done_already=GONE)
        try:
            await self._client.send(request, self._deadline)
        except NotFoundError:
            return Deleted()
        except MatatikaError as error:
            return NotDeleted(error)
        return Deleted()

    def _url(self, key_id: UUID) -> URL:
        return self._client.at(f"/apikeys/{key_id}")


def _look_at(task: asyncio.Task[Step]) -> None:
    """Look at the end of a task that nobody waits for, so that it is not reported as forgotten."""
    if not task.cancelled():
        task.exception()


def _event_of(error: MatatikaError) -> Event:
    """Say what a failed PUT amounts to."""
    match error:
        case TransportError() if error.sent == "maybe":
            return Lost(error)
        case ResponseError(status=int(status)) if 200 <= status < 300:
            return Answered(status)
        case ApiError() if error.status in _TIMED_OUT or (error.status >= 500 and error.status not in _NOT_DONE):
            return Lost(error)
        case _:
            return Refused(error)


def _sighting(response: Response) -> Event:
    """Read the look-up. A draft that is shown again has no client ID and can be created."""
    document = decode_json(response.body)
    if not isinstance(document, dict):
        return Unclear("the response is not readable")
    links = member(document, "_links")
    is_created = bool(member(document, "clientId")) or member(links, "update apikey") is not None
    return Found() if is_created else Absent()
