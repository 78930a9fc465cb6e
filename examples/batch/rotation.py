"""How one key, and then all of them, are rotated so that a kill at any moment costs no key and no secret.

`ApiKeys.rotate` does the same in one call, which is enough for a program that need not survive a kill. This one takes
the steps one by one, with a line in the journal between them: a new run finds each key where the last one left it, and
continues from there with the same code.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from functools import partial
from uuid import UUID

from aiomatatika import (
    ApiKey,
    AuthenticationError,
    ClientCredentials,
    MatatikaError,
    MatatikaSession,
    NewApiKey,
    NotFoundError,
    SecretDeliveryError,
    SecretLostError,
)
from examples.batch.journal import Journal, Key
from examples.batch.sinks import Sink

_TRIES = 3


class NotRotatedError(Exception):
    """A key was not rotated, for a reason that concerns this key alone."""


class Rotation:
    """The rotation of the keys of a journal.

    Args:
        session: The session with the API.
        journal: Knows the keys.
        sink: Where their secrets go.
        ready_within: Seconds within which a new key has to be accepted; it can take half a minute.

    Attributes:
        stopped: Why no further key is begun; None: they are.
        under_way: How many keys are being rotated.
    """

    def __init__(
        self,
        session: MatatikaSession,
        journal: Journal,
        sink: Sink,
        *,
        ready_within: float = 45,
    ) -> None:
        self._session = session
        self._journal = journal
        self._sink = sink
        self._ready_within = ready_within
        self.stopped: str | None = None
        self.under_way = 0

    async def run(self, keys: Iterable[Key], at_once: int, done_with: Callable[[Key], None]) -> None:
        """Rotate keys, a number of them at a time, until they are through or `stopped` is set.

        Args:
            keys: Those that are not rotated yet.
            at_once: How many at a time.
            done_with: Called with each key that is through, rotated or failed.
        """
        waiting = iter(keys)  # shared by all workers: each key is taken by one of them
        async with asyncio.TaskGroup() as workers:
            for _ in range(at_once):
                workers.create_task(self._work(waiting, done_with))

    async def _work(self, waiting: Iterable[Key], done_with: Callable[[Key], None]) -> None:
        for key in waiting:
            if self.stopped:
                return
            self.under_way += 1
            try:
                await self._rotate(key)
            except (MatatikaError, NotRotatedError, OSError) as error:
                key.status, key.reason = "failed", str(error)
                # Refused credentials, a full disk: the next key would fare no better.
                if isinstance(error, AuthenticationError) or not isinstance(error, MatatikaError | NotRotatedError):
                    self.stopped = self.stopped or f"{error}"
            finally:
                self.under_way -= 1
            done_with(key)

    async def _rotate(self, key: Key) -> None:
        """Take a key from where it is to the end of its rotation."""
        credentials = await self._saved_successor(key)
        await self._prove(key, credentials)
        for stray in key.strays:  # again: a PUT whose run was killed may have been carried out late
            await self._delete(stray)
        await self._delete(key.id)
        self._journal.rotated(key)

    async def _saved_successor(self, key: Key) -> ClientCredentials | None:
        """Make sure that a key has a successor whose secret is saved; return its credentials where they are at hand."""
        if key.successor is not None:
            credentials = self._sink.recall(key.successor)
            if credentials is not None and key.saved_at is None:
                self._journal.saved(key)  # the last run was killed between the secret's line and the journal's
            if key.saved_at is not None:
                if await self._exists(key.successor):
                    return credentials
                key.forget_successor()  # somebody has deleted it
        for _ in range(_TRIES):
            successor = key.successor or await self._intended(key)
            try:
                # Also with the id of a former run. If its PUT was not carried out, this one is, and the former, should
                # it come late, only renames the key to its own name. If it was, the response to this one has no secret.
                draft = ApiKey(id=successor)
                new = await self._session.apikeys.create(key.name, draft=draft, save=partial(self._save, key))
            except SecretLostError:
                await self._give_up_successor(key)
            except SecretDeliveryError as error:  # the only step that `create` takes here after making the key
                await self._give_up_successor(key)
                if isinstance(error.__cause__, OSError):
                    raise error.__cause__ from None
                raise NotRotatedError(f"its successor was deleted again: {error.__cause__}") from None
            else:
                return new.credentials
        raise NotRotatedError(f"the response with the secret was lost {_TRIES} times; no successor is left")

    async def _intended(self, key: Key) -> UUID:
        draft = await self._session.apikeys.initialise()
        self._journal.intend(key, draft.id)  # from here on, whatever is made under this id is ours to delete
        return draft.id

    async def _save(self, key: Key, new: NewApiKey) -> None:
        await self._sink.save(key, new)
        self._journal.saved(key)

    async def _prove(self, key: Key, credentials: ClientCredentials | None) -> None:
        """Use the successor as its user will, before the old key goes."""
        assert key.successor is not None
        assert key.saved_at is not None
        if credentials is None:  # a command has them: all that can be done is to wait
            await asyncio.sleep(min(max(0.0, key.saved_at + self._ready_within - time.time()), self._ready_within))
            return
        try:
            await self._session.apikeys.wait_until_accepted(credentials, within=self._ready_within)
            async with MatatikaSession(credentials, deployment=self._session.deployment) as user:
                await user.apikeys.get(key.successor)
        except MatatikaError as error:
            raise NotRotatedError(f"its successor is saved, but not accepted yet: {error}") from None

    async def _exists(self, key_id: UUID) -> bool:
        try:
            await self._session.apikeys.get(key_id)
        except NotFoundError:
            return False
        return True

    async def _give_up_successor(self, key: Key) -> None:
        """Delete a successor whose secret nobody has."""
        if key.successor is not None:
            await self._delete(key.successor)
            key.forget_successor()

    async def _delete(self, key_id: UUID) -> None:
        with contextlib.suppress(NotFoundError):
            await self._session.apikeys.delete(key_id)
