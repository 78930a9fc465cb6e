"""Every update is handled once, and nobody is left wondering about one that was cut off.

Telegram sends an update again when the bot ended before it confirmed it. One that was accepted before is ignored, also
after a restart; if the bot ended in the middle of it, the chat is told at the next start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware, Bot
from aiogram.exceptions import AiogramError
from aiogram.types import Chat, TelegramObject, Update

from examples.bot.state import State

_logger = logging.getLogger(__name__)

# The library finishes making a key within a few seconds; a useless one is then deleted.
_AFTER_CANCELLATION = 20.0

_INTERRUPTED = (
    "I was interrupted while I worked on your last request, and do not repeat it by myself. "
    "Look at /keys before you ask again: it may have been done."
)


class Updates(BaseMiddleware):
    """Keeps the updates' ids and the tasks that work on them: outermost, so that it sees them whole."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._running: set[asyncio.Task[Any]] = set()
        self._done = asyncio.Condition()
        self._interrupted = [id for id, chat in state.updates.items() if chat is not None]

    async def __call__(
        self, handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: Any
    ) -> Any:
        """Pass an update on, unless it was accepted before."""
        assert isinstance(event, Update)
        chat: Chat | None = data.get("event_chat")
        if not self._state.begin(event.update_id, chat.id if chat else None):
            _logger.info("update %d came again and is left alone", event.update_id)
            return None
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            result = await handler(event, data)
        except asyncio.CancelledError:
            raise  # not finished: the next start says so
        except BaseException:
            await self._finish(event.update_id)
            raise
        else:
            await self._finish(event.update_id)
            return result
        finally:
            self._running.discard(task)

    async def _finish(self, update_id: int) -> None:
        self._state.finish(update_id)
        async with self._done:
            self._done.notify_all()

    async def handled(self, update_id: int) -> None:
        """Wait until an update has been handled."""
        async with self._done:
            await self._done.wait_for(lambda: self._state.updates.get(update_id, update_id) is None)

    async def explain_interruptions(self, bot: Bot) -> None:
        """Tell the chats whose requests were cut off when the bot last ended."""
        for chat_id in sorted({chat for id in self._interrupted if (chat := self._state.updates.get(id))}):
            try:
                await bot.send_message(chat_id, _INTERRUPTED)
            except AiogramError as error:
                _logger.warning("chat %d is not told of the interruption: %s", chat_id, type(error).__name__)
        for update_id in self._interrupted:
            self._state.finish(update_id)

    async def end(self, *, grace: float) -> None:
        """Let the handlers finish, and cancel those that do not."""
        await asyncio.sleep(0)  # those that aiogram has just started
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_AFTER_CANCELLATION)
