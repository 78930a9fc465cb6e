"""/keys: the list, page by page."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, User
from pydantic import Field

from aiomatatika import MatatikaSession
from examples.bot.buttons import acknowledge, edit, pressed_by_owner
from examples.bot.listing import headline, line, load_page, turning


class Turn(CallbackData, prefix="keys"):
    """The button that turns to a page. Buttons can be forged: it leads nowhere that /keys does not."""

    page: int = Field(ge=0, le=1_000_000)
    user: int


async def _view(matatika: MatatikaSession, number: int, user: int) -> tuple[str, InlineKeyboardMarkup | None]:
    page = await load_page(matatika, number)
    row = turning(page, lambda number: Turn(page=number, user=user))
    markup = InlineKeyboardMarkup(inline_keyboard=[row]) if row else None
    return "\n\n".join([headline(page), *map(line, page.items)]), markup


async def _list(message: Message, matatika: MatatikaSession, event_from_user: User) -> None:
    text, markup = await _view(matatika, 0, event_from_user.id)
    await message.answer(text, reply_markup=markup)


async def _turn(press: CallbackQuery, callback_data: Turn, matatika: MatatikaSession) -> None:
    if await pressed_by_owner(press, callback_data.user):
        await acknowledge(press)
        await edit(press, *await _view(matatika, callback_data.page, press.from_user.id))


def router() -> Router:
    """Return the handlers."""
    router = Router(name="keys")
    router.message.register(_list, Command("keys"))
    router.callback_query.register(_turn, Turn.filter())
    return router
