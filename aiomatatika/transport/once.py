"""The PUT whose answer is the only sight of a secret: guarded, and repaired when the answer is lost.

Nothing else in the library creates a secret, and no policy of methods fits it: HTTP calls a PUT idempotent, but the
second answer has no secret. After a lost answer the id tells what happened, because a POST gave it out first and nobody
else knows it: it exists, then it is ours, is deleted, and another is made; it does not, then the PUT goes out again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from yarl import URL

from aiomatatika.decoding import decode_json, member
from aiomatatika.errors import (
    MatatikaError,
    NotFoundError,
    PendingError,
    ResponseError,
    SecretLostError,
    ServerError,
    SessionClosedError,
    TransportError,
)
from aiomatatika.transport.call import Caller, Deadline
from aiomatatika.transport.message import Reply, Request
from aiomatatika.transport.retry import Repeat

__all__ = ["SecretCreation", "attach"]

_logger = logging.getLogger("aiomatatika")

T = TypeVar("T")

_GRACE = 5.0
_MOST_PUTS = 3
# The rest of the deadline is kept for finding out what became of a PUT that was not answered.
_SHARE_OF_THE_PUT = 2 / 3


def attach(error: BaseException, made: Any, what: str) -> None:
    """Put what was made on an exception on its way out, so that the secret survives it."""
    error.api_key = made  # type: ignore[attr-defined]  # any exception takes attributes
    error.add_note(f"{what} was created; it is in .api_key of this exception")


class _Lost(msgspec.Struct, frozen=True):
    """A PUT without a usable answer that may have been carried out."""

    error: MatatikaError


class SecretCreation(Generic[T]):
    """Creates one resource with a one-time secret.

    Args:
        caller: Makes the calls.
        what: What is created, in words: ``API key``.
        initialise: Asks for a new id.
        url_of: Tells the URL of an id.
        body: The body of the PUT.
        read: Takes the secret out of an answer, first and alone; None where it holds none. It does not raise.
        deliver: Is given what was made before anything else can fail, also when the caller has been cancelled.
    """

    def __init__(
        self,
        caller: Caller,
        what: str,
        *,
        initialise: Callable[[Deadline], Awaitable[UUID]],
        url_of: Callable[[UUID], URL],
        body: bytes,
        read: Callable[[Reply, UUID], T | None],
        deliver: Callable[[T], Awaitable[None]] | None = None,
    ) -> None:
        self._caller = caller
        self._what = what
        self._initialise = initialise
        self._url_of = url_of
        self._body = body
        self._read = read
        self._deliver = deliver
        self._made: T | None = None

    async def run(self, given: UUID | None = None) -> T:
        """Create it, under one deadline.

        Args:
            given: An id that the caller was handed before. What exists under it is not provably of our making, so it
                is never deleted.

        Raises:
            SecretLostError: The secret is lost, and what is left is named.
            PendingError: 202.
            MatatikaError: Nothing was created.
        """
        deadline = self._caller.deadline()
        key_id = given or await self._initialise(deadline)
        puts, again = 1, False
        while True:
            made = await self._put_shielded(key_id, deadline, again=again)
            if not isinstance(made, _Lost):
                return made
            try:
                exists = await self._clear(key_id, deadline, ours=given is None)
            except asyncio.CancelledError as cancelled:
                cancelled.add_note(f"the creation of {self._what} {key_id} was interrupted: look whether it exists")
                raise
            if puts == _MOST_PUTS:
                why = "every answer was lost; what was made is deleted again"
                raise self._lost(key_id, why, created=True, orphan=False) if exists else made.error
            if exists:
                key_id = await self._initialise(deadline)
            puts, again = puts + 1, not exists

    async def _clear(self, key_id: UUID, deadline: Deadline, *, ours: bool) -> bool:
        """Tell whether a PUT without an answer was carried out, and delete what it made: its secret is gone."""
        exists = await self._exists(key_id, deadline)
        if exists and not ours:
            raise self._lost(key_id, "it exists, made by this call or before it", created=None, orphan=None)
        if exists:
            await self._delete(key_id, deadline)
        return exists

    async def _put_shielded(self, key_id: UUID, deadline: Deadline, *, again: bool) -> T | _Lost:
        """PUT in a task of its own: a cancelled caller waits for it a little, because it cannot be undone."""
        _logger.info("creating %s %s", self._what, key_id)
        task = asyncio.get_running_loop().create_task(self._put(key_id, deadline, again=again))
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as cancelled:
            await self._finish(task)
            if not task.cancelled():
                task.exception()  # looked at, so that it is not reported as forgotten
            self._note(cancelled, key_id)
            _logger.info("the creation of %s %s was cancelled by its caller", self._what, key_id)
            raise
        try:
            outcome = task.result()
        except BaseException as error:
            self._note(error, key_id)
            raise
        if isinstance(outcome, MatatikaError):
            raise outcome
        return outcome

    def _note(self, error: BaseException, key_id: UUID) -> None:
        """Have an exception on its way out tell what was made, or may have been."""
        if self._made is None:
            error.add_note(f"{self._what} {key_id} may exist: its creation was interrupted")
        elif not hasattr(error, "api_key"):
            attach(error, self._made, f"{self._what} {key_id}")

    @staticmethod
    async def _finish(task: asyncio.Task[Any]) -> None:
        try:
            await asyncio.wait({task}, timeout=_GRACE)
        except asyncio.CancelledError:
            pass  # a second cancellation: the first is raised again by the caller of this
        finally:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):  # a third
            await asyncio.wait({task}, timeout=_GRACE)

    async def _put(self, key_id: UUID, deadline: Deadline, *, again: bool) -> T | _Lost | MatatikaError:
        """PUT once, and say what became of it; errors are returned, because the task may outlive its caller."""
        request = Request(
            method="PUT",
            url=self._url_of(key_id),
            repeat=Repeat.ONCE,
            body=self._body,
            protected=True,
            within=deadline.left() * _SHARE_OF_THE_PUT,
        )
        try:
            reply = await self._caller.send(request, deadline)
        except TransportError as error:
            return error if error.sent == "no" else _Lost(error)
        except ServerError as error:
            return _Lost(error)
        except ResponseError as error:
            if error.status is None:
                return error
            return await self._without_secret(key_id, error.status, deadline, again=again)
        except SessionClosedError as error:
            error.add_note(f"{self._what} {key_id} may exist: the session was closed during its creation")
            return error
        except MatatikaError as error:
            error.add_note(f"the id of the {self._what} was {key_id}")
            return error
        made = self._read(reply, key_id)
        if made is None:
            return await self._without_secret(key_id, reply.status, deadline, again=again)
        self._made = made
        if self._deliver is not None:
            await self._deliver(made)
        return made

    async def _without_secret(
        self, key_id: UUID, status: int, deadline: Deadline, *, again: bool
    ) -> MatatikaError | _Lost:
        """Say what a success without a secret amounts to; what it made is deleted, nobody can use it."""
        if status == 202:
            return PendingError(f"the creation of {self._what} {key_id} is accepted, not done", resource_id=key_id)
        if status == 200 and again:
            # It did not exist when it was looked for: the PUT before this one was carried out late.
            return _Lost(ResponseError("the first answer was lost, and the second (200) holds no secret"))
        if status == 200:
            return self._lost(
                key_id, "it existed before (200), and its secret is not given again", created=False, orphan=False
            )
        if status != 201:
            return self._lost(key_id, f"the answer {status} holds no secret", created=None, orphan=None)
        why = "it was created (201), but the answer holds no usable secret"
        try:
            await self._delete(key_id, deadline)
        except SecretLostError:
            return self._lost(key_id, f"{why}, and it could not be deleted", created=True, orphan=True)
        return self._lost(key_id, f"{why}; it is deleted again", created=True, orphan=False)

    async def _exists(self, key_id: UUID, deadline: Deadline) -> bool:
        """GET the id after a lost answer. A template that is shown again has no client ID and can be created."""
        try:
            reply = await self._caller.send(
                Request(method="GET", url=self._url_of(key_id), repeat=Repeat.SAFE), deadline
            )
        except NotFoundError:
            return False
        except MatatikaError as error:
            why = f"the answer was lost and so was the next ({error})"
        else:
            created = _is_created(reply)
            if created is not None:
                return created
            why = "the answer was lost, and the next is not readable"
        raise self._lost(key_id, why, created=None, orphan=None)

    async def _delete(self, key_id: UUID, deadline: Deadline) -> None:
        request = Request(method="DELETE", url=self._url_of(key_id), repeat=Repeat.IDEMPOTENT, absence_is_success=True)
        try:
            await self._caller.send(request, deadline)
        except NotFoundError:
            return
        except MatatikaError as error:
            why = f"it was created, its answer was lost, and deleting it failed ({error})"
        else:
            return
        raise self._lost(key_id, why, created=True, orphan=True)

    def _lost(self, key_id: UUID, why: str, *, created: bool | None, orphan: bool | None) -> SecretLostError:
        return SecretLostError(
            f"the secret of {self._what} {key_id} is lost: {why}", key_id=key_id, created=created, orphan=orphan
        )


def _is_created(reply: Reply) -> bool | None:
    document = decode_json(reply.body)
    if not isinstance(document, dict):
        return None
    links = member(document, "_links")
    return bool(member(document, "clientId")) or member(links, "update apikey") is not None
