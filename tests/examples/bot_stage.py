"""A bot at work between two real servers, Matatika's and a stand-in for Telegram, in a time of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiogram.client.session.aiohttp import AiohttpSession

from aiomatatika import ClientCredentials, MatatikaSession
from aiomatatika.testing import MatatikaServer
from examples.bot.app import KeyBot, telegram_bot
from examples.bot.stand_in import Shown, StandIn
from examples.bot.state import State

ALICE, BOB, MALLORY = 11, 22, 66
GROUP = -500
TOKEN = "77:canary-of-the-bots-token"
EVERY = 300.0


class ManualTime:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, future))
        await future

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for end, future in self._sleepers:
            if end <= self.now and not future.done():
                future.set_result(None)


class QuickSession(AiohttpSession):
    """aiogram's own, but for the quarter of a second that it waits for TLS at its end."""

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.002)


class Stage:
    def __init__(self, server: MatatikaServer, telegram: StandIn, state: State, bot: KeyBot, time: ManualTime) -> None:
        self.server = server
        self.telegram = telegram
        self.state = state
        self.bot = bot
        self.time = time
        self.running: asyncio.Task[None] | None = None

    async def handled(self, update_id: int) -> list[Shown]:
        """Return what the bot wrote since, once it is done."""
        before = len(self.telegram.messages)
        async with asyncio.timeout(30):
            await self.bot.updates.handled(update_id)
        return self.telegram.messages[before:]

    async def ask(self, text: str, *, user: int = ALICE, chat: int | None = None) -> list[Shown]:
        return await self.handled(self.telegram.say(text, user=user, chat=chat))

    async def answer(self, text: str, *, user: int = ALICE, chat: int | None = None) -> Shown:
        return (await self.ask(text, user=user, chat=chat))[-1]

    async def press(self, message: Shown, label: str, *, user: int = ALICE) -> list[Shown]:
        return await self.handled(self.telegram.press(message, label, user=user))

    async def look(self) -> list[str]:
        """Have the watcher look, and return what it told."""
        before, looks = len(self.telegram.messages), self.time.sleeps.count(EVERY)
        self.time.advance(EVERY)
        await until(lambda: self.time.sleeps.count(EVERY) > looks)
        return [each.text for each in self.telegram.messages[before:]]

    async def stop(self) -> None:
        assert self.running is not None
        await self.bot.stop()
        async with asyncio.timeout(30):
            await self.running

    @property
    def names(self) -> list[str]:
        return [key.name for key in self.server.api_keys.values()]

    def secret_of(self, name: str) -> str:
        return next(key for key in self.server.api_keys.values() if key.name == name).client_secret.reveal()

    @property
    def visible(self) -> list[Shown]:
        return [each for each in self.telegram.messages if not each.deleted]

    def alerts(self) -> list[str]:
        return [
            fields["text"] for name, fields in self.telegram.calls if "text" in fields and name.startswith("answer")
        ]


@asynccontextmanager
async def stage(
    server: MatatikaServer,
    telegram: StandIn,
    *,
    state: State | None = None,
    credentials: ClientCredentials | None = None,
    **options: Any,
) -> AsyncIterator[Stage]:
    """Run a bot for Alice and Bob, and end it in order."""
    time, state = ManualTime(), state or State()
    own = MatatikaSession(credentials, deployment=server.deployment) if credentials else server.session()
    async with own as matatika:
        bot = KeyBot(
            telegram_bot(TOKEN, telegram.url, QuickSession()),
            matatika,
            state,
            users={ALICE, BOB},
            watch_every=EVERY,
            sleep=time.sleep,
            **{"grace": 2.0, **options},
        )
        on = Stage(server, telegram, state, bot, time)
        on.running = asyncio.create_task(bot.run(handle_signals=False))
        try:
            await until(
                lambda: (on.running and on.running.done()) or (EVERY in time.sleeps and telegram.polled.is_set())
            )
            yield on
        finally:
            if not on.running.done():
                await on.stop()
            await on.running
            telegram.polled.clear()
