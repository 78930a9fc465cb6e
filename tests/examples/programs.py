"""What the tests of all the programs share: where these are, what they are started with, and waiting for them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LIST, ONE, TOKENS = "/api/apikeys", "/api/apikeys/*", "/oauth/token"
_SETTINGS = ("MATATIKA_", "BOT_", "TELEGRAM_", "PYTHON")


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without any settings, so that a program finds the project from any folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    return kept | {"PYTHONPATH": str(ROOT)} | variables


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)


def watched(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> Callable[[], Any]:
    """Return what waits until a method is called, and has had the time to act where it gives nobody any."""
    called, method = asyncio.Event(), getattr(owner, name)

    async def noticed(*args: Any, **options: Any) -> None:
        called.set()
        await method(*args, **options)

    async def was_called() -> None:
        await called.wait()
        for _ in range(10):
            await asyncio.sleep(0)  # long enough for 0 s to pass

    monkeypatch.setattr(owner, name, noticed)
    return was_called
