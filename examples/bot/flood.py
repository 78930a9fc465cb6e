"""Telegram's flood limits: a 429 says how long to wait, and the call is made again after that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod

Sleep = Callable[[float], Awaitable[None]]

_ATTEMPTS = 3
_LONGEST_WAIT = 60


class Patience(BaseRequestMiddleware):
    """Waits as long as Telegram asks for, within reason. A refused call was not carried out."""

    def __init__(self, sleep: Sleep = asyncio.sleep) -> None:
        self._sleep = sleep

    async def __call__(
        self, make_request: NextRequestMiddlewareType[Any], bot: Bot, method: TelegramMethod[Any]
    ) -> Response[Any]:
        """Make a call, and repeat it when Telegram says so."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as refusal:
                if attempt == _ATTEMPTS or refusal.retry_after > _LONGEST_WAIT:
                    raise
                seconds = refusal.retry_after
            await self._sleep(seconds)
        raise AssertionError("the last attempt returns or raises")
