"""What all presses of buttons have in common: whose they are, and how their message is edited."""

from __future__ import annotations

import contextlib

from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message


async def acknowledge(press: CallbackQuery, text: str | None = None) -> None:
    """Stop the button's spinner, with a text to read or without; being too late is not an error."""
    with contextlib.suppress(TelegramBadRequest):
        await press.answer(text, show_alert=text is not None)


async def pressed_by_owner(press: CallbackQuery, owner: int) -> bool:
    """Tell whether a button was pressed by the one for whom it was made; tell anyone else that it is not theirs."""
    if press.from_user.id == owner:
        return True
    await acknowledge(press, "These buttons are someone else's. Send me the command yourself.")
    return False


async def edit(press: CallbackQuery, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
    """Replace the text of the buttons' message; send a new message where the old one is out of reach."""
    if not isinstance(press.message, Message):
        assert press.bot is not None
        await press.bot.send_message(
            press.message.chat.id if press.message else press.from_user.id, text, reply_markup=markup
        )
        return
    try:
        await press.message.edit_text(text, reply_markup=markup)
    except TelegramBadRequest as error:
        if "not modified" not in error.message:
            raise
