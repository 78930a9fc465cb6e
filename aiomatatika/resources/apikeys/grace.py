"""Waiting for what must not be cut short, however often the one who waits is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["finish_in_grace"]

# Seconds that a task may take to unwind once it is cancelled itself.
_UNWIND_TIMEOUT = 0.5


async def finish_in_grace(task: asyncio.Task[Any], seconds: float) -> asyncio.CancelledError | None:
    """Wait until a task has ended, and return the cancellation that came meanwhile, if one did.

    From the first cancellation on the task has so many seconds, however often the caller is cancelled again: anyio's
    scopes do so on every turn of the loop. Then the task itself is cancelled, and left to itself where it resists.
    """
    cancelled: asyncio.CancelledError | None = None
    while cancelled is None and not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None and not await _wait(task, seconds):
        task.cancel()
        await _wait(task, _UNWIND_TIMEOUT)
    return cancelled


async def _wait(task: asyncio.Task[Any], seconds: float) -> bool:
    """Wait for a task through any number of cancellations; tell whether it has ended in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not task.done() and (left := end - loop.time()) > 0:
        try:
            await asyncio.wait({task}, timeout=left)
        except asyncio.CancelledError:  # each turn of the loop can bring another
            continue
    return task.done()
