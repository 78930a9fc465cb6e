"""One page of the list of keys, with buttons to turn to the next."""

from __future__ import annotations

from collections.abc import Callable

from aiogram import html
from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from aiomatatika import ApiKey, MatatikaSession, Page
from examples.bot.text import age, shown

PAGE_SIZE = 8  # eight long names in their longest form stay below Telegram's limit


async def load_page(matatika: MatatikaSession, number: int) -> Page[ApiKey]:
    """Ask for one page; the last one, where the keys have become fewer than that."""
    page = await _page(matatika, number)
    if not page.items and number and page.total_pages:
        page = await _page(matatika, page.total_pages - 1)
    return page


async def _page(matatika: MatatikaSession, number: int) -> Page[ApiKey]:
    return await matatika.apikeys.list(page=number, size=PAGE_SIZE, sort="name,asc").page()


def headline(page: Page[ApiKey]) -> str:
    """Tell which part of the list it is."""
    total = "" if page.total_elements is None else f"{page.total_elements} "
    pages = f", page {(page.number or 0) + 1} of {page.total_pages}" if (page.total_pages or 0) > 1 else ""
    return f"{total}API key{'' if page.total_elements == 1 else 's'}{pages}"


def line(key: ApiKey) -> str:
    """Describe one key."""
    return f"<b>{shown(key.name)}</b>, {age(key.created)}\n{html.code(str(key.id))}"


def turning(page: Page[ApiKey], to: Callable[[int], CallbackData]) -> list[InlineKeyboardButton]:
    """Return the buttons that lead to the pages before and after."""
    number = page.number or 0
    row = []
    if number > 0:
        row.append(InlineKeyboardButton(text="◀ previous", callback_data=to(number - 1).pack()))
    if page.next_url is not None:
        row.append(InlineKeyboardButton(text="next ▶", callback_data=to(number + 1).pack()))
    return row
