"""/rotate: choose a key, confirm, and get a successor; /rotate NAME_OR_ID goes straight to the question."""

from __future__ import annotations

from uuid import UUID

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, User
from pydantic import Field

from aiomatatika import ApiKey, MatatikaSession
from examples.bot.buttons import acknowledge, edit, pressed_by_owner
from examples.bot.listing import headline, line, load_page, turning
from examples.bot.making import KeyMaker
from examples.bot.offers import Offer, Offers, OwnKey
from examples.bot.text import plain, shown

_MOST_CANDIDATES = 8


class Choose(CallbackData, prefix="choose"):
    """The button that turns to a page of keys to choose from."""

    page: int = Field(ge=0, le=1_000_000)
    user: int


class Pick(CallbackData, prefix="pick"):
    """The button that stands for a key. It leads to the question only."""

    key: UUID
    user: int


class Decide(CallbackData, prefix="decide"):
    """The decision on an offer. What was offered the bot remembers: a button can be forged."""

    offer: str
    yes: bool


def _pick_button(key: ApiKey, user: int) -> list[InlineKeyboardButton]:
    text = plain(key.name)  # a button's text is no HTML
    return [InlineKeyboardButton(text=f"{text} · {str(key.id)[:8]}", callback_data=Pick(key=key.id, user=user).pack())]


async def _choices(matatika: MatatikaSession, number: int, user: int) -> tuple[str, InlineKeyboardMarkup]:
    page = await load_page(matatika, number)
    rows = [_pick_button(key, user) for key in page.items]
    rows.append(turning(page, lambda number: Choose(page=number, user=user)))
    return f"Which one shall be rotated? {headline(page)}:", InlineKeyboardMarkup(inline_keyboard=rows)


def _question(key: ApiKey, user: int, offers: Offers, own_key: OwnKey) -> tuple[str, InlineKeyboardMarkup | None]:
    if own_key.is_it(key):
        return (
            f"<b>{shown(key.name)}</b> is the key that I work with: I would lock myself out. Rotate it elsewhere.",
            None,
        )
    offer = offers.add(Offer(user, key))
    yes = InlineKeyboardButton(text="Rotate it", callback_data=Decide(offer=offer, yes=True).pack())
    no = InlineKeyboardButton(text="Leave it", callback_data=Decide(offer=offer, yes=False).pack())
    text = f"Rotate this key? What uses it stops working until it has the new secret.\n\n{line(key)}"
    return text, InlineKeyboardMarkup(inline_keyboard=[[yes, no]])


async def _named(matatika: MatatikaSession, wanted: str) -> list[ApiKey]:
    """Return the key with this id, or the keys with this name: names need not be unique."""
    try:
        return [await matatika.apikeys.get(UUID(wanted))]
    except ValueError:
        return [key async for key in matatika.apikeys.list(size=100, prefetch=1) if key.name == wanted]


async def _rotate(
    message: Message,
    command: CommandObject,
    event_from_user: User,
    matatika: MatatikaSession,
    offers: Offers,
    own_key: OwnKey,
) -> None:
    wanted, user = (command.args or "").strip(), event_from_user.id
    if not wanted:
        text, markup = await _choices(matatika, 0, user)
        await message.answer(text, reply_markup=markup)
        return
    match await _named(matatika, wanted):
        case []:
            await message.answer(f"There is no key named <b>{shown(wanted)}</b>. /keys shows the keys.")
        case [key]:
            text, question = _question(key, user, offers, own_key)
            await message.answer(text, reply_markup=question)
        case keys:
            some = keys[:_MOST_CANDIDATES]
            text = "\n\n".join([f"{len(keys)} keys have that name. Which one?", *map(line, some)])
            rows = [_pick_button(key, user) for key in some]
            await message.answer(text, reply_markup=InlineKeyboardMarkup(inline_keyboard=rows))


async def _turn(press: CallbackQuery, callback_data: Choose, matatika: MatatikaSession) -> None:
    if await pressed_by_owner(press, callback_data.user):
        await acknowledge(press)
        await edit(press, *await _choices(matatika, callback_data.page, press.from_user.id))


async def _pick(
    press: CallbackQuery, callback_data: Pick, matatika: MatatikaSession, offers: Offers, own_key: OwnKey
) -> None:
    if await pressed_by_owner(press, callback_data.user):
        await acknowledge(press)
        key = await matatika.apikeys.get(callback_data.key)
        await edit(press, *_question(key, press.from_user.id, offers, own_key))


async def _decide(
    press: CallbackQuery, callback_data: Decide, matatika: MatatikaSession, offers: Offers, maker: KeyMaker
) -> None:
    offer = offers.get(callback_data.offer)
    if offer is None:
        await acknowledge(press, "That question is settled, or I was restarted since. Send /rotate again.")
        return
    if not await pressed_by_owner(press, offer.user):
        return
    offers.take(callback_data.offer)  # no await between this and the look-up: one decision, one rotation
    await acknowledge(press)
    if not callback_data.yes:
        await edit(press, f"<b>{shown(offer.key.name)}</b> stays as it is.")
        return
    await edit(press, f"Rotating <b>{shown(offer.key.name)}</b> …")
    # Read again: rotating a key that is gone would make one that nobody asked for.
    key = await matatika.apikeys.get(offer.key)
    await edit(press, await maker.rotate(offer.user, key))


def router() -> Router:
    """Return the handlers."""
    router = Router(name="rotate")
    router.message.register(_rotate, Command("rotate"))
    router.callback_query.register(_turn, Choose.filter())
    router.callback_query.register(_pick, Pick.filter())
    router.callback_query.register(_decide, Decide.filter())
    return router
