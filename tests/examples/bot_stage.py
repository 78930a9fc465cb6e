"""A bot at work between two real servers, Matatika's and a stand-in for Telegram, in a time of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
from aiogram.client.session.aiohttp import AiohttpSession

from aiomatatika import MatatikaSession
from aiomatatika.testing import MatatikaServer
from examples.bot.app import KeyBot, telegram_bot
from examples.bot.stand_in import Refusal, Shown, StandIn
from examples.bot.state import State

from .programs import until

ALICE, BOB, MALLORY = 11, 22, 66
GROUP = -500
TOKEN = "77:canary-of-the-bots-token"
EVERY, MINUTE = 300.0, 60.0


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

    def anybody_sleeps(self) -> bool:
        return any(not future.done() for _, future in self._sleepers)


class QuickSession(AiohttpSession):
    """aiogram's own, but for the quarter of a second that it waits for TLS at its end."""

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class Telegram(StandIn):
    """A Telegram that can deliver an update again."""

    def __init__(self) -> None:
        super().__init__(TOKEN)
        self.delivered: dict[int, dict[str, Any]] = {}

    def deliver(self, update: dict[str, Any]) -> int:
        update_id = super().deliver(update)
        self.delivered[update_id] = dict(update)
        return update_id

    def refuse(self, method: str, status: int = 500, description: str = "Internal", **options: Any) -> None:
        self.refusals.append(Refusal(method, status, description, **options))

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.messages]


@attrs.frozen
class Stage:
    server: MatatikaServer
    telegram: Telegram
    state: State
    bot: KeyBot
    time: ManualTime
    running: asyncio.Task[None]

    async def pass_pauses(self, *pauses: float) -> None:
        for pause in pauses:
            await until(lambda: pause in self.time.sleeps)  # noqa: B023  # not kept beyond this turn
            self.time.advance(pause)

    async def handled(self, update_id: int, *pauses: float) -> list[Shown]:
        """Return what the bot wrote since, once it is done, which takes it these pauses."""
        before = len(self.telegram.messages)
        await self.pass_pauses(*pauses)
        async with asyncio.timeout(60):
            await self.bot.updates.handled(update_id)
        return self.telegram.messages[before:]

    async def ask(self, text: str, *pauses: float, user: int = ALICE, chat: int | None = None) -> list[Shown]:
        return await self.handled(self.telegram.say(text, user=user, chat=chat), *pauses)

    async def answer(self, text: str, *, chat: int | None = None) -> Shown:
        return (await self.ask(text, chat=chat))[-1]

    async def press(self, message: Shown, label: str, *, user: int = ALICE) -> list[Shown]:
        """Press the button whose label begins so."""
        (label,) = [each for each in message.buttons if each.startswith(label)]
        return await self.handled(self.telegram.press(message, label, user=user))

    async def look(self) -> list[str]:
        """Have the watcher look, and return what it told."""
        before, looks = len(self.telegram.messages), self.time.sleeps.count(EVERY)
        self.time.advance(EVERY)
        await until(lambda: self.time.sleeps.count(EVERY) > looks)
        return self.telegram.texts[before:]

    async def delete(self, *key_ids: Any) -> None:
        """Delete keys, as somebody else does."""
        async with self.server.session() as session:
            for each in key_ids:
                await session.apikeys.delete(each)

    async def stop(self) -> None:
        await self.bot.stop()
        async with asyncio.timeout(60):
            await self.running

    @property
    def names(self) -> list[str]:
        return [key.name for key in self.server.api_keys.values()]

    def secret_of(self, name: str) -> str:
        return next(key for key in self.server.api_keys.values() if key.name == name).client_secret.reveal()

    @property
    def alert(self) -> str:
        """The text that the last press of a button was acknowledged with."""
        return [fields for name, fields in self.telegram.calls if name == "answerCallbackQuery"][-1].get("text", "")


Start = Callable[..., AbstractAsyncContextManager[Stage]]


@asynccontextmanager
async def stage(
    server: MatatikaServer, telegram: Telegram, state: State, *, session: MatatikaSession | None = None, grace: int = 60
) -> AsyncIterator[Stage]:
    """Run a bot for Alice and Bob, and end it in order."""
    time = ManualTime()
    async with session or server.session() as matatika:
        connection = telegram_bot(TOKEN, telegram.url, QuickSession())
        options: dict[str, Any] = {"watch_every": EVERY, "sleep": time.sleep, "grace": grace}
        bot = KeyBot(connection, matatika, state, users={ALICE, BOB}, **options)
        running = asyncio.create_task(bot.run(handle_signals=False))
        on = Stage(server, telegram, state, bot, time, running)
        try:
            await until(lambda: running.done() or (EVERY in time.sleeps and telegram.polled.is_set()))
            yield on
        finally:
            if not running.done():
                await on.stop()
            await running
            telegram.polled.clear()
        assert not time.anybody_sleeps(), "the end of the bot leaves nothing behind"
