"""The whole bot: what it consists of, and in which order it starts and stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode

from aiomatatika import MatatikaSession
from examples.bot import basics, keys, newkey, rotate
from examples.bot.access import Access
from examples.bot.courier import Courier
from examples.bot.flood import Patience, Sleep
from examples.bot.making import KeyMaker, OwnChanges
from examples.bot.offers import Offers, OwnKey
from examples.bot.state import State
from examples.bot.trouble import Trouble
from examples.bot.updates import Updates
from examples.bot.watcher import Watcher

_logger = logging.getLogger(__name__)

_GRACE = 10.0  # seconds, for each step of the shutdown


def telegram_bot(token: str, url: str, session: AiohttpSession | None = None) -> Bot:
    """Return a bot that writes HTML, and shows no preview of links."""
    session = session or AiohttpSession()
    session.api = TelegramAPIServer.from_base(url)
    defaults = DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True)
    return Bot(token, session=session, default=defaults)


class KeyBot:
    """A bot and what it needs. The Matatika session is the caller's, and outlives it.

    Args:
        bot: The connection with Telegram; closed at the end.
        matatika: The one session that all handlers and the watcher share.
        state: What it remembers.
        users: Whom it obeys.
        watch_every: Seconds between two looks at the keys.
        sleep: How it waits; tests control time.
        grace: Seconds for each step of the shutdown.
    """

    def __init__(
        self,
        bot: Bot,
        matatika: MatatikaSession,
        state: State,
        *,
        users: Collection[int],
        watch_every: float = 300,
        sleep: Sleep = asyncio.sleep,
        grace: float = _GRACE,
    ) -> None:
        self.updates = Updates(state)
        self._bot = bot
        self._grace = grace
        bot.session.middleware(Patience(sleep))
        changes = OwnChanges()
        self._courier = Courier(bot, state, sleep)
        self._watcher = Watcher(bot, matatika, state, changes, sleep, every=watch_every)
        # aiogram passes these to every handler with a parameter of that name.
        self._dispatcher = Dispatcher(
            disable_fsm=True,
            matatika=matatika,
            maker=KeyMaker(matatika, self._courier, changes),
            offers=Offers(),
            own_key=OwnKey(matatika.client_id),
        )
        self._dispatcher.update.outer_middleware(self.updates)
        self._dispatcher.update.outer_middleware(Access(frozenset(users), state))
        self._dispatcher.update.outer_middleware(Trouble())
        for each in (basics.first_router, keys.router, newkey.router, rotate.router, basics.last_router):
            self._dispatcher.include_router(each())

    async def run(self, *, handle_signals: bool = True) -> None:
        """Run until `stop`, SIGINT or SIGTERM; then leave nothing behind.

        Raises:
            TelegramAPIError: Telegram cannot be reached, or refuses the token, at the start.
        """
        watching: asyncio.Task[None] | None = None
        try:
            await self._bot.delete_webhook()  # a bot with a webhook gets no updates
            await self._bot.set_my_commands(basics.COMMANDS)
            await self._courier.clear_away()
            await self.updates.explain_interruptions(self._bot)
            watching = asyncio.create_task(self._watcher.run())
            await self._dispatcher.start_polling(
                self._bot, polling_timeout=30, handle_signals=handle_signals, close_bot_session=False
            )
        finally:
            # No more updates. First the handlers, which may be making a key; then what they left in the chats.
            await self.updates.end(grace=self._grace)
            if watching is not None:
                watching.cancel()
                await asyncio.wait({watching})
            await self._courier.close(grace=self._grace)
            await self._bot.session.close()

    async def stop(self) -> None:
        """End `run`, once it polls."""
        await self._dispatcher.stop_polling()
