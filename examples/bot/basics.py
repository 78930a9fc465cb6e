"""/start, /help, /whoami, and what the bot does not understand."""

from __future__ import annotations

from aiogram import Bot, Router, html
from aiogram.filters import Command
from aiogram.types import BotCommand, CallbackQuery, Message

from aiomatatika import MatatikaSession, Profile
from examples.bot.access import is_for
from examples.bot.buttons import acknowledge
from examples.bot.text import shown

COMMANDS = [
    BotCommand(command="keys", description="list the API keys"),
    BotCommand(command="newkey", description="NAME: make a key; its secret goes to your private chat"),
    BotCommand(command="rotate", description="NAME or id: replace a key by a successor"),
    BotCommand(command="whoami", description="whose keys these are, and at which API"),
    BotCommand(command="help", description="list the commands"),
]
_HELP = "\n".join(["I look after API keys.", "", *(f"/{each.command} - {each.description}" for each in COMMANDS)])


async def _help(message: Message) -> None:
    await message.answer(_HELP)


async def _whoami(message: Message, matatika: MatatikaSession) -> None:
    where = html.quote(matatika.deployment.api_url)
    key = await matatika.apikeys.list(size=1).first()
    if key is None:
        # Without a key there is no link to its owner; the account can have several profiles.
        names = [shown(each.name) async for each in matatika.profiles.list()]
        await message.answer(f"An account of {', '.join(names)} at {where}, without any API key.")
        return
    owner = await matatika.follow(key, "profile", Profile)
    handle = f" ({shown(owner.handle)})" if owner.handle else ""
    await message.answer(f"These are the API keys of <b>{shown(owner.name)}</b>{handle} at {where}.")


async def _unknown(message: Message, bot: Bot) -> None:
    if await is_for(bot, message):
        await message.answer("I do not know that. /help lists what I can do.")


async def _unknown_button(press: CallbackQuery) -> None:
    await acknowledge(press, "That button is from another time. /help lists what I can do.")


def first_router() -> Router:
    """Return the handlers of known commands."""
    router = Router(name="basics")
    router.message.register(_help, Command("start", "help"))
    router.message.register(_whoami, Command("whoami"))
    return router


def last_router() -> Router:
    """Return the handlers of everything else."""
    router = Router(name="unknown")
    router.message.register(_unknown)
    router.callback_query.register(_unknown_button)
    return router
