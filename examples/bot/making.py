"""Makes keys whose secret reaches its user, or no key at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiogram import html

from aiomatatika import ApiKey, MatatikaError, MatatikaSession, NewApiKey, NotFoundError, SecretDeliveryError
from examples.bot.courier import Courier, Letter
from examples.bot.text import shown

_logger = logging.getLogger(__name__)

Save = Callable[[NewApiKey], Awaitable[None]]

READY_WITHIN = 45  # seconds; a new key can need thirty of them


class OwnChanges:
    """Tells the watcher when a list of keys may show the bot's own half-done work."""

    def __init__(self) -> None:
        self._under_way = 0
        self._begun = 0

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Mark what is done in this block as a change."""
        self._begun += 1
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def mark(self) -> int | None:
        """Return a mark of this moment; between two equal marks, other than None, nothing changed."""
        return None if self._under_way else self._begun


class KeyMaker:
    """Makes and rotates keys for users. What it returns is HTML without a secret, fit for any chat."""

    def __init__(self, matatika: MatatikaSession, courier: Courier, changes: OwnChanges) -> None:
        self._apikeys = matatika.apikeys
        self._courier = courier
        self._changes = changes

    async def create(self, user_id: int, name: str) -> str:
        """Make a key, and deliver its secret to the user.

        Raises:
            UnreachableError: The user cannot be reached; nothing was made.
            MatatikaError: No key is left over, or the error names it.
        """

        async def create(save: Save) -> NewApiKey:
            return await self._apikeys.create(name, ready_within=READY_WITHIN, save=save)

        return await self._make(
            user_id,
            f"Making <b>{shown(name)}</b> …",
            create,
            done="is made and works.",
            unfinished="is made, but not accepted yet: that can take a minute.",
            undone="",
        )

    async def rotate(self, user_id: int, key: ApiKey) -> str:
        """Replace a key, and deliver the successor's secret to the user.

        Raises:
            UnreachableError: The user cannot be reached; nothing was made.
            MatatikaError: The old key still works; no successor is left over, or the error names it.
        """

        async def rotate(save: Save) -> NewApiKey:
            return await self._apikeys.rotate(key, ready_within=READY_WITHIN, save=save)

        return await self._make(
            user_id,
            f"Rotating <b>{shown(key.name)}</b> …",
            rotate,
            done="is rotated; the old one is gone.",
            unfinished=f"has a successor, but the old key <code>{key.id}</code> was not deleted and may still work. "
            "When the successor works, delete the old one in the app.",
            undone="The old key still works as before.",
        )

    async def _make(
        self,
        user_id: int,
        doing: str,
        make: Callable[[Save], Awaitable[NewApiKey]],
        *,
        done: str,
        unfinished: str,
        undone: str,
    ) -> str:
        letter = await self._courier.open(user_id, doing)  # before anything is made: can the user be reached?
        with self._changes.under_way():
            try:
                new = await make(letter.hand_over)
            except SecretDeliveryError as error:
                if not letter.delivered:
                    return await self._take_back(letter, error.api_key, undone)
                _logger.warning("%s", error)
                new, done = error.api_key, unfinished
            except asyncio.CancelledError as stop:
                made = getattr(stop, "api_key", None)
                if not letter.delivered and isinstance(made, NewApiKey):
                    await self._take_back(letter, made, undone)
                raise
            except BaseException:
                if not letter.delivered:
                    await letter.discard()
                raise
        return (
            f"<b>{shown(new.name)}</b> (<code>{new.id}</code>) {done} "
            "Its secret is in your private chat with me, for a minute."
        )

    async def _take_back(self, letter: Letter, key: NewApiKey, undone: str) -> str:
        """Delete a key whose secret nobody has."""
        await letter.discard()
        failed = f"I could not bring you the secret of <b>{shown(key.name)}</b>"
        try:
            await self._apikeys.delete(key)
        except NotFoundError:
            pass
        except MatatikaError as error:
            _logger.error("key %s is left without an owner: %s", key.id, error)  # noqa: TRY400  # no traceback to see
            name = html.code(str(key.id))
            return f"{failed}, and could not delete that key again: please delete {name} in the app. {undone}".rstrip()
        return f"{failed}, and deleted that key again. {undone}".rstrip()
