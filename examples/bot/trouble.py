"""When a handler fails: the user learns what to do, the log what happened, and neither a secret."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware, Bot
from aiogram.exceptions import AiogramError
from aiogram.types import Chat, TelegramObject, Update

from aiomatatika import MatatikaError
from examples.bot.advice import advice
from examples.bot.buttons import acknowledge
from examples.bot.courier import UnreachableError

_logger = logging.getLogger(__name__)


class Trouble(BaseMiddleware):
    """Turns what a handler raises into a message; innermost, so that only those who may ask get one."""

    async def __call__(
        self, handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: Any
    ) -> Any:
        """Pass an update on, and report what it raises."""
        try:
            return await handler(event, data)
        except Exception as error:  # noqa: BLE001  # of any kind: the user always hears something
            assert isinstance(event, Update)
            await self._answer(event, error, data["bot"], data.get("event_chat"))

    async def _answer(self, update: Update, error: Exception, bot: Bot, chat: Chat | None) -> None:
        try:
            if update.callback_query:
                await acknowledge(update.callback_query)
            if chat:
                await bot.send_message(chat.id, await self._told(update.update_id, error, bot))
        except AiogramError as failure:
            _logger.warning("update %d: the user is not told: %s", update.update_id, type(failure).__name__)

    async def _told(self, update_id: int, error: Exception, bot: Bot) -> str:
        if isinstance(error, UnreachableError):
            me = await bot.me()
            return (
                f"I cannot write to you in private. Open @{me.username}, press Start, and ask again. No key was made."
            )
        if isinstance(error, MatatikaError):
            _logger.warning("update %d: %s: %s", update_id, type(error).__name__, error)
            return advice(error)
        if isinstance(error, AiogramError):
            # Its name only: the error contains the message that could not be sent, and Telegram's response.
            _logger.warning("update %d: %s", update_id, type(error).__name__)
            return "Telegram did not accept all that I sent. Please look at /keys before you ask again."
        _logger.error("update %d", update_id, exc_info=error)
        return "Sorry, I failed, and do not know why: my log says more. Look at /keys before you ask again."
