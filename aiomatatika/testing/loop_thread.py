"""A thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["LoopThread"]

T = TypeVar("T")

_PATIENCE = 10.0  # seconds: whatever runs in the loop is cancelled, so only code that blocks it takes longer


class LoopThread:
    """A running event loop in a thread that ends with `stop`, or with the process.

    Args:
        name: The thread's name.

    Raises:
        OSError: The machine has no file descriptors left for a loop.
    """

    def __init__(self, name: str) -> None:
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._loop, self._stopping = self._started.result()

    def _run(self) -> None:
        try:
            # Not by the loop policy: that is the program's, for the loops of the program.
            runner = asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)
            loop = runner.get_loop()
        except BaseException as error:  # noqa: BLE001  # raised where the thread is started
            self._started.set_exception(error)
            return
        with runner:
            runner.run(self._until_stopped(loop))

    async def _until_stopped(self, loop: asyncio.AbstractEventLoop) -> None:
        stopping = asyncio.Event()
        self._started.set_result((loop, stopping))
        await stopping.wait()

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run a coroutine in the loop, and return its result or raise its error here.

        Raises:
            RuntimeError: The caller is the loop's own thread, or the loop is blocked.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("the server's own thread cannot wait for itself: call this from another thread")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(_PATIENCE)
        except TimeoutError:
            if future.done():
                raise
            raise self._blocked() from None  # the coroutine still runs when the loop gets to it

    def stop(self) -> None:
        """Cancel what still runs, close the loop and end the thread.

        Raises:
            RuntimeError: The loop is blocked.
        """
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            raise self._blocked()

    def _blocked(self) -> RuntimeError:
        return RuntimeError(
            f"the thread {self._thread.name!r} does not respond: a function or iterator given to a fault blocks it"
        )
