"""The PUT whose answer is the only sight of a secret: guarded, and repaired when the answer is lost.

Nothing else in the library creates a secret, and no policy of methods fits it: HTTP calls a PUT idempotent, but the
second answer has no secret. After a lost answer the id tells what happened, because a POST gave it out first and nobody
else knows it: it exists, then it is ours, is deleted, and another is made; it does not, then the PUT goes out again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any
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
from aiomatatika.resources.apikeys.delivery import Deliver
from aiomatatika.resources.apikeys.models import ApiKey, NewApiKey, read_new_key
from aiomatatika.transport.client import Client
from aiomatatika.transport.clock import Deadline
from aiomatatika.transport.message import Reply, Request, json_body
from aiomatatika.transport.retry import Repeat

__all__ = ["KeyCreation", "attach", "initialise", "key_url"]

_logger = logging.getLogger("aiomatatika")

# Seconds that a cancelled creation may still take.
_GRACE = 5.0
_MAX_PUTS = 3
# The rest of the deadline is kept for finding out what became of a PUT that was not answered.
_PUT_SHARE = 2 / 3


def attach(error: BaseException, made: NewApiKey, what: str) -> None:
    """Put what was made on an exception on its way out, so that the secret survives it."""
    error.api_key = made  # type: ignore[attr-defined]  # any exception takes attributes
    error.add_note(f"{what} was created; it is in .api_key of this exception")


class _Lost(msgspec.Struct, frozen=True):
    """A PUT without a usable answer that may have been carried out."""

    error: MatatikaError


def key_url(client: Client, key_id: UUID) -> URL:
    """Return the URL of a key."""
    return client.at(f"/apikeys/{key_id}")


async def initialise(client: Client, deadline: Deadline) -> ApiKey:
    """POST for a template: it has the id that the key will have."""
    request = Request(method="POST", url=client.at("/apikeys/"), repeat=Repeat.ONCE)
    return (await client.send(request, deadline)).structured(ApiKey)


class KeyCreation:
    """Creates one API key.

    Args:
        client: Makes the calls.
        name: The name of the key.
        deliver: Is given the key before anything else can fail, also when the creating task has been cancelled.
    """

    def __init__(self, client: Client, name: str, deliver: Deliver | None = None) -> None:
        self._client = client
        self._body = json_body({"name": name})
        self._deliver = deliver
        self._made: NewApiKey | None = None

    async def run(self, draft_id: UUID | None = None) -> NewApiKey:
        """Create it, under one deadline.

        Args:
            draft_id: The id of a template that the user was given before. What exists under it is not provably of our
                making, so it is never deleted.

        Raises:
            SecretLostError: The secret is lost, and what is left is named.
            PendingError: 202.
            MatatikaError: Nothing was created.
        """
        deadline = self._client.deadline()
        key_id = draft_id or (await initialise(self._client, deadline)).id
        puts, again = 1, False
        while True:
            made = await self._put_shielded(key_id, deadline, again=again)
            if not isinstance(made, _Lost):
                return made
            try:
                exists = await self._clear(key_id, deadline, ours=draft_id is None)
            except asyncio.CancelledError as cancelled:
                cancelled.add_note(f"the creation of API key {key_id} was interrupted: look whether it exists")
                raise
            if puts == _MAX_PUTS:
                why = "every answer was lost; what was made is deleted again"
                raise self._lost(key_id, why, created=True, orphan=False) if exists else made.error
            if exists:
                key_id = (await initialise(self._client, deadline)).id
            puts, again = puts + 1, not exists

    async def _clear(self, key_id: UUID, deadline: Deadline, *, ours: bool) -> bool:
        """Tell whether a PUT without an answer was carried out, and delete what it made: its secret is gone."""
        exists = await self._exists(key_id, deadline)
        if exists and not ours:
            raise self._lost(key_id, "it exists, made by this call or before it", created=None, orphan=None)
        if exists:
            await self._delete(key_id, deadline)
        return exists

    async def _put_shielded(self, key_id: UUID, deadline: Deadline, *, again: bool) -> NewApiKey | _Lost:
        """PUT in a task of its own: a cancelled caller waits for it a little, because it cannot be undone."""
        _logger.info("creating API key %s", key_id)
        task = asyncio.get_running_loop().create_task(self._put(key_id, deadline, again=again))
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as cancelled:
            await self._finish(task)
            if not task.cancelled():
                task.exception()  # looked at, so that it is not reported as forgotten
            self._note(cancelled, key_id)
            _logger.info("the creation of API key %s was cancelled by its caller", key_id)
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
            error.add_note(f"API key {key_id} may exist: its creation was interrupted")
        elif not hasattr(error, "api_key"):
            attach(error, self._made, f"API key {key_id}")

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

    async def _put(self, key_id: UUID, deadline: Deadline, *, again: bool) -> NewApiKey | _Lost | MatatikaError:
        """PUT once, and say what became of it; errors are returned, because the task may outlive its caller."""
        request = Request(
            method="PUT",
            url=key_url(self._client, key_id),
            repeat=Repeat.ONCE,
            body=self._body,
            protected=True,
            within=deadline.left() * _PUT_SHARE,
        )
        try:
            reply = await self._client.send(request, deadline)
        except TransportError as error:
            return error if error.sent == "no" else _Lost(error)
        except ServerError as error:
            return _Lost(error)
        except ResponseError as error:
            if error.status is None:
                return error
            return await self._without_secret(key_id, error.status, deadline, again=again)
        except SessionClosedError as error:
            error.add_note(f"API key {key_id} may exist: the session was closed during its creation")
            return error
        except MatatikaError as error:
            error.add_note(f"the id of the API key was {key_id}")
            return error
        made = read_new_key(reply, key_id)
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
            return PendingError(f"the creation of API key {key_id} is accepted, not done", resource_id=key_id)
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
            reply = await self._client.send(
                Request(method="GET", url=key_url(self._client, key_id), repeat=Repeat.SAFE), deadline
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
        request = Request(
            method="DELETE", url=key_url(self._client, key_id), repeat=Repeat.IDEMPOTENT, absence_is_success=True
        )
        try:
            await self._client.send(request, deadline)
        except NotFoundError:
            return
        except MatatikaError as error:
            why = f"it was created, its answer was lost, and deleting it failed ({error})"
        else:
            return
        raise self._lost(key_id, why, created=True, orphan=True)

    def _lost(self, key_id: UUID, why: str, *, created: bool | None, orphan: bool | None) -> SecretLostError:
        return SecretLostError(
            f"the secret of API key {key_id} is lost: {why}", key_id=key_id, created=created, orphan=orphan
        )


def _is_created(reply: Reply) -> bool | None:
    document = decode_json(reply.body)
    if not isinstance(document, dict):
        return None
    links = member(document, "_links")
    return bool(member(document, "clientId")) or member(links, "update apikey") is not None
