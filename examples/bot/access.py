"""Who may talk to the bot. Anyone else is told so, once."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware, Bot
from aiogram.enums import ChatType
from aiogram.exceptions import AiogramError
from aiogram.types import Message, TelegramObject, Update, User

from examples.bot.state import State

_logger = logging.getLogger(__name__)

_MOST_REMEMBERED = 10_000


async def is_for(bot: Bot, message: Message) -> bool:
    """Tell whether a message is for this bot: in a group only a command is, and not one that names another bot."""
    if message.chat.type == ChatType.PRIVATE:
        return True
    command = (message.text or "").partition(" ")[0]
    if not command.startswith("/"):
        return False
    mentioned = command.partition("@")[2]
    me = await bot.me()
    return not mentioned or mentioned.lower() == (me.username or "").lower()


class Access(BaseMiddleware):
    """Lets the updates of the listed users through, and notes the private chats from which they come."""

    def __init__(self, users: frozenset[int], state: State) -> None:
        self._users = users
        self._state = state
        self._refused: set[int] = set()

    async def __call__(
        self, handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: Any
    ) -> Any:
        """Pass an update on, or refuse it."""
        assert isinstance(event, Update)
        user: User | None = data.get("event_from_user")
        if user is not None and user.id in self._users:
            if event.message and event.message.chat.type == ChatType.PRIVATE:
                self._state.subscribe(event.message.chat.id)
            return await handler(event, data)
        if user is not None:
            try:
                await self._refuse(event, user, data["bot"])
            except AiogramError as error:
                _logger.warning("user %d was not told that the bot is private: %s", user.id, type(error).__name__)
        return None

    async def _refuse(self, event: Update, user: User, bot: Bot) -> None:
        text = f"This bot is private. Its operator can admit you: your user id is {user.id}."
        if event.callback_query:
            await event.callback_query.answer(text, show_alert=True)
        elif event.message and user.id not in self._refused and await is_for(bot, event.message):
            if len(self._refused) >= _MOST_REMEMBERED:
                self._refused.clear()
            self._refused.add(user.id)
            await event.message.answer(text)
