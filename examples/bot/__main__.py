"""``python -m examples.bot``: on Telegram where TELEGRAM_BOT_TOKEN is set, else in this terminal."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from aiogram.exceptions import TelegramAPIError, TelegramNotFound, TelegramUnauthorizedError

from aiomatatika import MatatikaError
from aiomatatika.testing import demo_session
from examples.bot.app import KeyBot, telegram_bot
from examples.bot.settings import Settings, SettingsError
from examples.bot.stand_in import StandIn
from examples.bot.state import State, StateError
from examples.bot.terminal import USER, Chat, chat


async def _on_telegram(settings: Settings, token: str) -> None:
    state = State.at(settings.state)
    async with demo_session() as matatika:
        print(f"The bot looks after the keys at {matatika.deployment.api_url}. Ctrl-C ends it.", flush=True)
        bot = telegram_bot(token, settings.telegram)
        await KeyBot(
            bot,
            matatika,
            state,
            users=settings.users,
            watch_every=settings.watch_every,
        ).run()


async def _in_terminal(settings: Settings) -> None:
    state = State.at(settings.state)
    window = Chat()
    async with demo_session() as matatika, StandIn(on_event=window.show) as telegram:
        print(f"The bot looks after the keys at {matatika.deployment.api_url}.", flush=True)
        bot = KeyBot(
            telegram_bot(telegram.token, telegram.url),
            matatika,
            state,
            users={USER},
            watch_every=settings.watch_every,
        )
        talking = asyncio.create_task(chat(bot, telegram, window))
        try:
            await bot.run()
        finally:
            talking.cancel()
            await asyncio.wait({talking})


def main() -> int:
    """Run the bot, and return the exit status."""
    try:
        settings = Settings.from_env(os.environ)
        logging.basicConfig(
            level=logging.INFO if settings.token else logging.WARNING, format="%(asctime)s %(name)s: %(message)s"
        )
        if settings.token:
            asyncio.run(_on_telegram(settings, settings.token.reveal()))
        else:
            asyncio.run(_in_terminal(settings))
    except KeyboardInterrupt:
        return 130
    except (SettingsError, StateError, MatatikaError) as error:
        print(error, file=sys.stderr)
        return 2
    except (TelegramUnauthorizedError, TelegramNotFound):
        print(
            "Telegram does not know TELEGRAM_BOT_TOKEN: @BotFather shows the token, or makes a new one.",
            file=sys.stderr,
        )
        return 2
    except TelegramAPIError as error:
        print(f"Telegram cannot be reached, or refuses the bot: {type(error).__name__}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
