"""Brings a secret to its user's private chat, and takes it away again.

The message is sent first, without the secret, and edited when there is one. So it is known before anything is made that
the user can be reached; the message's id is known before the secret is in it, so that it can be deleted whichever
response gets lost; an edit can be repeated without a second copy; and no notification shows it on a locked screen.
"""

from __future__ import annotations

import asyncio
import logging

from aiogram import Bot, html
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError
from aiogram.types import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from aiomatatika import NewApiKey
from examples.bot.flood import Sleep
from examples.bot.state import State
from examples.bot.text import shown

_logger = logging.getLogger(__name__)

_PAUSES = (1.0, 3.0)  # between the attempts
_LONGEST_COPY_TEXT = 256


class UnreachableError(Exception):
    """The bot cannot write to the user, who has not started it or has blocked it. Nothing was made."""


class NotDeliveredError(Exception):
    """The secret could not be delivered. No error of aiogram is chained: theirs contain the text of the message."""


class Letter:
    """A message in a private chat, for one secret.

    Attributes:
        delivered: The secret is in it.
    """

    def __init__(self, courier: Courier, chat_id: int, message_id: int) -> None:
        self._courier = courier
        self.chat_id = chat_id
        self.message_id = message_id
        self.name = ""
        self.delivered = False

    async def hand_over(self, key: NewApiKey) -> None:
        """Put the secret into the message: for ``save=``.

        Raises:
            NotDeliveredError: It failed; the secret may be in the chat all the same, until `discard`.
        """
        self.name = shown(key.name)
        await self._courier.write(self, key)
        self.delivered = True
        self._courier.expire(self)

    async def discard(self) -> None:
        """Delete the message, with whatever is in it."""
        await self._courier.take_away(self)


class Courier:
    """Owns the letters that are in the chats."""

    def __init__(self, bot: Bot, state: State, sleep: Sleep, *, visible_for: float = 60) -> None:
        self._bot = bot
        self._state = state
        self._sleep = sleep
        self._visible_for = visible_for
        self._letters: set[Letter] = set()
        self._expiries: set[asyncio.Task[None]] = set()

    async def open(self, user_id: int, text: str) -> Letter:
        """Send the message that a secret will be put into.

        Raises:
            UnreachableError: The user does not take messages from the bot.
        """
        try:
            message = await self._bot.send_message(user_id, text, protect_content=True)
        except TelegramForbiddenError:
            raise UnreachableError from None
        except TelegramBadRequest as error:
            if "chat not found" not in error.message.lower():
                raise
            raise UnreachableError from None
        letter = Letter(self, user_id, message.message_id)
        self._letters.add(letter)
        self._state.letters.append((letter.chat_id, letter.message_id))
        self._state.save()
        return letter

    async def write(self, letter: Letter, key: NewApiKey) -> None:
        """Edit the secret into the message; a few attempts."""
        for pause in (*_PAUSES, None):
            problem = await self._attempt(letter, key)
            if problem is None:
                return
            _logger.warning("the secret of key %s is not delivered: %s", key.id, problem)
            if pause is None or problem == TelegramForbiddenError.__name__:
                raise NotDeliveredError(problem)
            await self._sleep(pause)

    async def _attempt(self, letter: Letter, key: NewApiKey) -> str | None:
        try:
            await self._bot.edit_message_text(
                _secret_text(key, self._visible_for),
                chat_id=letter.chat_id,
                message_id=letter.message_id,
                reply_markup=_copy_button(key),
            )
        except TelegramBadRequest as error:
            # "not modified": the attempt before succeeded, only its response was lost.
            return None if "not modified" in error.message else type(error).__name__
        except AiogramError as error:
            return type(error).__name__
        return None

    def expire(self, letter: Letter) -> None:
        """Delete a letter when its time is over."""
        task = asyncio.get_running_loop().create_task(self._expire(letter))
        self._expiries.add(task)
        task.add_done_callback(self._expiries.discard)

    async def _expire(self, letter: Letter) -> None:
        await self._sleep(self._visible_for)
        for pause in (*_PAUSES, None):
            if await self.take_away(letter):
                return
            if pause is not None:
                await self._sleep(pause)
        await self._say(
            letter.chat_id, f"I cannot delete the message with the secret of <b>{letter.name}</b>. Please delete it."
        )

    async def take_away(self, letter: Letter) -> bool:
        """Delete the message of a letter; what fails is left for the next attempt, or the next start."""
        if not await self._delete(letter.chat_id, letter.message_id):
            return False
        self._letters.discard(letter)
        return True

    async def _delete(self, chat_id: int, message_id: int) -> bool:
        try:
            await self._bot.delete_message(chat_id, message_id)
        except AiogramError as error:
            if not (isinstance(error, TelegramBadRequest) and "not found" in error.message):
                _logger.warning("message %d is not deleted: %s", message_id, type(error).__name__)
                return False
        self._state.letters = [each for each in self._state.letters if each != (chat_id, message_id)]
        self._state.save()
        return True

    async def clear_away(self) -> None:
        """Delete the messages that a bot which ended without its `close` left behind."""
        for chat_id, message_id in list(self._state.letters):
            if await self._delete(chat_id, message_id):
                await self._say(chat_id, "I was interrupted. The message that was for a secret is deleted only now.")

    async def close(self, *, grace: float) -> None:
        """Take every letter away now; what cannot be deleted in time is deleted at the next start."""
        for task in list(self._expiries):
            task.cancel()
        await asyncio.gather(*self._expiries, return_exceptions=True)
        try:
            async with asyncio.timeout(grace), asyncio.TaskGroup() as group:
                for letter in list(self._letters):
                    group.create_task(self._take_away_early(letter))
        except TimeoutError:
            _logger.warning("%d messages with secrets are left in the chats until the next start", len(self._letters))

    async def _take_away_early(self, letter: Letter) -> None:
        if await self.take_away(letter) and letter.delivered:
            text = f"I am being switched off, and deleted the secret of <b>{letter.name}</b> before its time."
            await self._say(letter.chat_id, f"{text} If you have not stored it: /rotate makes another, later.")

    async def _say(self, chat_id: int, text: str) -> None:
        try:
            await self._bot.send_message(chat_id, text)
        except AiogramError as error:
            _logger.warning("a notice is not delivered: %s", type(error).__name__)


def _secret_text(key: NewApiKey, seconds: float) -> str:
    return (
        f"🔑 <b>{shown(key.name)}</b>\n"
        f"Client ID: <code>{html.quote(key.client_id or '(look at the app)')}</code>\n"
        f"Client secret: <tg-spoiler>{html.quote(key.client_secret.reveal())}</tg-spoiler>\n\n"
        f"Store it now. I delete this message in {seconds:.0f} seconds, and nobody can show it again."
    )


def _copy_button(key: NewApiKey) -> InlineKeyboardMarkup | None:
    # The text of protected messages cannot be copied in most apps; a button can.
    if len(key.client_secret.reveal()) > _LONGEST_COPY_TEXT:
        return None
    copy = CopyTextButton(text=key.client_secret.reveal())
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Copy the secret", copy_text=copy)]])
