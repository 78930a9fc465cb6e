"""Reports keys that were made or removed since it last looked, also while the bot was not running."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import aclosing

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramForbiddenError

from aiomatatika import ApiKey, MatatikaError, MatatikaSession, NotFoundError
from examples.bot.advice import advice
from examples.bot.flood import Sleep
from examples.bot.making import OwnChanges
from examples.bot.state import State
from examples.bot.text import messages, shown

_logger = logging.getLogger(__name__)

_WALKS = 3


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Describe what changed between two looks: names by id.

    A key that is gone and a new one of the same name count as one that was rotated, by anybody.
    """
    removed = {key_id: name for key_id, name in before.items() if key_id not in now}
    for key_id, name in now.items():
        if key_id in before:
            continue
        old = next((each for each, its_name in removed.items() if its_name == name), None)
        if old is None:
            yield f"🟢 made: <b>{shown(name)}</b> <code>{key_id}</code>"
        else:
            del removed[old]
            yield f"🔁 replaced: <b>{shown(name)}</b> <code>{old}</code> by <code>{key_id}</code>"
    for key_id, name in removed.items():
        yield f"🔴 removed: <b>{shown(name)}</b> <code>{key_id}</code>"


class Watcher:
    """Looks at the keys again and again, and tells every subscribed chat what has changed."""

    def __init__(
        self, bot: Bot, matatika: MatatikaSession, state: State, changes: OwnChanges, sleep: Sleep, *, every: float
    ) -> None:
        self._bot = bot
        self._matatika = matatika
        self._state = state
        self._changes = changes
        self._sleep = sleep
        self._every = every
        self._outage = False

    async def run(self) -> None:
        """Look and tell until cancelled."""
        while True:
            try:
                await self._look()
                await self._send_reports()
            except Exception:
                _logger.exception("the watcher stumbled, and goes on")
            await self._sleep(self._every)

    async def _look(self) -> None:
        mark = self._changes.mark()
        try:
            seen = await self._walk()
            before = self._known()
            now = seen and seen | await self._still_there(before or {}, seen)
        except MatatikaError as error:
            self._lost_sight(error)
            return
        self._regained_sight()
        if now is None or mark is None or mark != self._changes.mark():
            return  # a list in motion: the next look sees it settled
        if before is not None:
            for text in messages(differences(before, now)):
                self._state.report(text)
        self._state.api, self._state.keys = self._matatika.deployment.api_url, now
        self._state.save()  # what was seen, and what is to be told of it, at once

    def _known(self) -> dict[str, str] | None:
        """Return what was seen before, unless that was somewhere else."""
        return self._state.keys if self._state.api == self._matatika.deployment.api_url else None

    async def _walk(self) -> dict[str, str] | None:
        """Return the names of all keys by id; None where they changed under each walk.

        A key removed during a walk moves others across the border of a page that was read already.
        """
        for _ in range(_WALKS):
            seen: dict[str, str] = {}
            totals = set()
            async with aclosing(self._matatika.apikeys.list(size=100, prefetch=1).pages()) as pages:
                async for page in pages:
                    totals.add(page.total_elements)
                    seen |= dict(map(_id_and_name, page.items))
            if totals <= {len(seen), None}:
                return seen
        _logger.info("the list of keys does not stand still: next time, then")
        return None

    async def _still_there(self, before: Mapping[str, str], seen: Mapping[str, str]) -> dict[str, str]:
        """Ask for each key that is missing by its id: only a 404 is a removal."""
        found = []
        for key_id in before.keys() - seen.keys():
            try:
                found.append(_id_and_name(await self._matatika.apikeys.get(key_id)))
            except NotFoundError:
                continue
        return dict(found)

    def _lost_sight(self, error: MatatikaError) -> None:
        _logger.warning("the watcher cannot look: %s: %s", type(error).__name__, error)
        if not self._outage:
            self._outage = True
            self._state.report(f"👀 I cannot watch the keys. {advice(error)} I go on trying.")

    def _regained_sight(self) -> None:
        if self._outage:
            self._outage = False
            self._state.report("👀 I can watch the keys again.")

    async def _send_reports(self) -> None:
        """Send what is to be sent, and keep what Telegram does not take now."""
        for report in list(self._state.reports):
            chat_id, text = report
            if report not in self._state.reports:
                continue  # its chat was struck off
            try:
                await self._bot.send_message(chat_id, text)
            except (TelegramForbiddenError, TelegramBadRequest) as error:
                _logger.info("chat %d gets no more reports: %s", chat_id, type(error).__name__)
                self._state.unsubscribe(chat_id)
            except AiogramError as error:
                _logger.warning("a report waits until the next look: %s", type(error).__name__)
                return
            else:
                self._state.reports.remove(report)
                self._state.save()


def _id_and_name(key: ApiKey) -> tuple[str, str]:
    row = key.to_dict()  # what JSON can hold, and no secret: the state file keeps it
    return row["id"], row["name"] or ""
