"""Carries the steps of a creation out: the requests, the sink, and what a cancellation may not cut short."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from functools import partial
from uuid import UUID

from yarl import URL

from aiomatatika.decoding.json_text import decode_json, member
from aiomatatika.decoding.request_bodies import json_body
from aiomatatika.errors import (
    ApiError,
    MatatikaError,
    NotFoundError,
    PendingError,
    ResponseError,
    SecretLostError,
    SessionClosedError,
)
from aiomatatika.hal import Links
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
from aiomatatika.resources.group import DONE
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import GONE, CallFacts, Request, Response
from aiomatatika.transport.repeat import Repeat

__all__ = ["KeyCreator", "attach", "draft_request"]

_logger = logging.getLogger(__name__)

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
        self._put_calls = 0
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
            if isinstance(step, Fail):
                raise step.error
        except BaseException as error:
            self._tell_what_is_left(error)
            raise
        else:
            return step.key
        finally:
            if self._creation.unproven:
                ids = ", ".join(map(str, self._creation.unproven))
                fields = self._put_facts(self._creation.unproven[-1]).log_fields()
                _log(
                    logging.WARNING,
                    "a creating PUT got no response and may still be carried out: API key %s",
                    ids,
                    extra=fields,
                )

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
        told = getattr(error, "key_id", None) or getattr(error, "resource_id", None)
        if isinstance(error, SecretLostError | PendingError):
            self._put_facts(told).describe(error)
        for key_id in self._creation.left_behind:
            if key_id != told:
                error.add_note(f"API key {key_id} may exist without anybody having its secret: look, and delete it")

    def _put_facts(self, key_id: object) -> CallFacts:
        path = self._client.at(f"/apikeys/{key_id}").raw_path
        return CallFacts("PUT", path, repeatable=False, attempts=self._put_calls, maybe_done=True)

    async def _initialise(self) -> Event:
        try:
            response = await self._client.send(draft_request(self._client), self._deadline)
            return Drafted(response.structured(ApiKey).id)
        except MatatikaError as error:
            return Refused(error)

    async def _put_in_grace(self, key_id: UUID) -> Step:
        """PUT in a task of its own: a cancelled caller waits for it a little, because it cannot be undone."""
        fields = self._put_facts(key_id).log_fields()
        _logger.debug("creating API key %s", key_id, extra=fields)
        task = asyncio.get_running_loop().create_task(self._put(key_id))
        cancelled = await finish_in_grace(task, _GRACE)
        if cancelled is None:
            return task.result()
        _log(logging.INFO, "the creation of API key %s was cancelled by its caller", key_id, extra=fields)
        is_saving = self._made is not None and self._deliver is not None
        what = f"{'saving' if is_saving else 'the creation of'} API key {key_id}"
        if task.done():
            _log_ending(what, fields, task)
        else:
            _log(logging.WARNING, "%s did not end within %g s, and is left to itself", what, _GRACE, extra=fields)
            task.add_done_callback(partial(_log_ending, what, fields))
        raise cancelled

    async def _put(self, key_id: UUID) -> Step:
        """PUT once, hand the key to the sink, and return the next step."""
        with self._client.state.lifetime.in_flight(None, secret=f"API key {key_id}"):
            step = self._creation.advance(await self._put_once(key_id))
            if isinstance(step, Return):
                self._made = step.key
                if self._deliver is not None:
                    await self._hand_over(step.key, self._deliver)
            return step

    async def _hand_over(self, key: NewApiKey, deliver: Deliver) -> None:
        try:
            await deliver(key)
        except BaseException as error:
            if isinstance(error, MatatikaError):
                self._put_facts(key.id).describe(error)
            attach(error, key, f"API key {key.id}")  # here, because a KeyboardInterrupt ends the loop from here
            raise

    async def _put_once(self, key_id: UUID) -> Event:
        self._put_calls += 1
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
        except MatatikaError as error:
            if isinstance(error, SessionClosedError) and error.maybe_done:
                raise  # nobody can be asked any more
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
        url, repeat = self._url(key_id), Repeat.IDEMPOTENT
        request = Request(method="DELETE", url=url, repeat=repeat, promised=DONE, done_already=GONE)
        try:
            await self._client.send(request, self._deadline)
        except NotFoundError:
            return Deleted()
        except MatatikaError as error:
            return NotDeleted(error, is_accepted=_succeeded(error))
        return Deleted()

    def _url(self, key_id: UUID) -> URL:
        return self._client.at(f"/apikeys/{key_id}")


def _log(level: int, message: str, *arguments: object, extra: Mapping[str, object]) -> None:
    """Log what happened after a PUT went out: a log handler that fails may not cost the secret."""
    with contextlib.suppress(Exception):
        _logger.log(level, message, *arguments, extra=extra)


def _log_ending(what: str, fields: Mapping[str, object], task: asyncio.Task[Step]) -> None:
    """Log how a PUT or its sink ended, where the caller learns of its own cancellation alone."""
    if task.cancelled():
        _log(logging.WARNING, "%s was cut short", what, extra=fields)
    elif (error := task.exception()) is not None:
        _log(logging.WARNING, "%s failed with %s", what, type(error.__cause__ or error).__name__, extra=fields)
    else:
        _log(logging.INFO, "%s has ended, after its caller was cancelled", what, extra=fields)


def _succeeded(error: MatatikaError) -> bool:
    """Tell whether the server answered with success, though not the promised one."""
    return isinstance(error, ResponseError) and error.status is not None and 200 <= error.status < 300


def _event_of(error: MatatikaError) -> Event:
    """Say what a failed PUT amounts to. Whether it can have been carried out, the call knows: not each error is its."""
    match error:
        case ResponseError(status=int(status)) if _succeeded(error):
            return Answered(status)
        case ApiError() if error.status in _NOT_DONE:
            return Refused(error)
        case ApiError() if error.status in _TIMED_OUT:
            return Lost(error)
        case _:
            return Lost(error) if error.maybe_done else Refused(error)


def _sighting(response: Response) -> Event:
    """Read the look-up: a key has a client ID and can be updated, a draft has none and can be created."""
    document = decode_json(response.body)
    raw_links = member(document, "_links")
    links = Links(raw_links if isinstance(raw_links, dict) else None)
    if member(document, "clientId") or links.can("update", "apikey"):
        return Found()
    return Absent() if links.can("create", "apikey") else Unclear("the response shows neither a key nor a draft")
