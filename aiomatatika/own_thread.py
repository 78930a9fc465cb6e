"""Blocking steps in a thread of their own, one after another: a slow disk holds up neither the loop nor other files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

__all__ = ["OwnThread"]

T = TypeVar("T")

# Seconds that a caller who leaves waits for a disk that does not respond.
_PATIENCE: Final = 5.0


class OwnThread:
    """A thread that lives from its first step to its last. The threads of the loop's executor can all be busy."""

    __slots__ = ("_executor",)

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "aiomatatika file")

    async def run(self, step: Callable[[], T]) -> T:
        """Run a step and return what it returns. A cancellation leaves at once; a step that has begun goes on."""
        return await asyncio.wrap_future(self._executor.submit(step))

    async def end(self, last: Callable[[], None]) -> None:
        """Run the last step, after the one that is under way; whoever is cancelled meanwhile leaves it to the thread.

        Args:
            last: It raises nothing.
        """
        ending = asyncio.wrap_future(self._executor.submit(last))
        self._executor.shutdown(wait=False)
        await asyncio.wait({ending}, timeout=_PATIENCE)
