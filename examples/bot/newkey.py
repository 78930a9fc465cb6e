"""/newkey NAME: a new key; its secret goes to the private chat, wherever the command came from."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message, User

from examples.bot.making import KeyMaker

_LONGEST_NAME = 100


async def _new_key(message: Message, command: CommandObject, event_from_user: User, maker: KeyMaker) -> None:
    name = " ".join((command.args or "").split())
    if not name:
        await message.answer("Which name shall it have? For example: /newkey nightly batch")
    elif len(name) > _LONGEST_NAME:
        await message.answer(f"That name is too long: {_LONGEST_NAME} characters are the most.")
    else:
        await message.answer(await maker.create(event_from_user.id, name))


def router() -> Router:
    """Return the handler."""
    router = Router(name="newkey")
    router.message.register(_new_key, Command("newkey"))
    return router
