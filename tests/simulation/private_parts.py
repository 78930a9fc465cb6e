"""What the simulation knows of the insides of asyncio, aiohttp and Python, and what for. All of it stands here.

- Virtual time and the order of ready tasks: the members of `BaseEventLoop` that its subclasses define, and its queues.
- Sets of tasks and of connections: their order is that of addresses unless the members bring a hash.
- aiohttp keeps the age of its idle connections by a clock that it has imported by name.
- aiohttp starts some of its tasks at once where Python allows that (3.12), past the task factory.
- Names of versions are on the wire, and their length moves the places where a segment ends.
- `uuid4` and `secrets` draw from the system.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from aiohttp.client_proto import ResponseHandler

__all__ = ["NumberedTask", "TurningLoop", "patched"]


class _Selector:
    """Has nothing to wait for but the time."""

    def __init__(self, loop: TurningLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> tuple[()]:
        self._loop.wait(timeout)
        return ()


class NumberedTask(asyncio.Task[Any]):
    """A task that hashes alike in every process."""

    def __init__(self, coro: Any, *, loop: TurningLoop, **more: Any) -> None:
        self._hash = loop.next_number()
        super().__init__(coro, loop=loop, **more)

    def __hash__(self) -> int:
        return self._hash


class _NumberedConnection(ResponseHandler):
    """A connection that hashes alike in every process."""

    __slots__ = ("_hash",)

    def __init__(self, loop: Any) -> None:
        self._hash: int = loop.next_number()
        super().__init__(loop)

    def __hash__(self) -> int:
        return self._hash


class TurningLoop(asyncio.BaseEventLoop):
    """A loop without a selector, whose subclass decides how time passes and which of the ready tasks goes first."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._selector = _Selector(self)
        self.set_debug(False)  # it measures real time
        self.set_task_factory(lambda loop, coro, **more: NumberedTask(coro, loop=self, **more))

    def next_number(self) -> int:
        """Return 1, 2, 3, …"""
        self._number += 1
        return self._number

    def next_timer(self) -> float:
        """Return the time of the first timer; there is one."""
        return float(self._scheduled[0]._when)  # type: ignore[attr-defined]

    def wait(self, timeout: float | None) -> None:
        """Let time pass: until the next timer, or not at all (0); None: there is no timer."""
        raise NotImplementedError

    def reorder(self, steps: list[Any]) -> None:
        """Change the order of steps of different tasks that are ready in one turn."""

    def _run_once(self) -> None:
        # Steps of tasks only: of other callbacks asyncio documents the order, and protocols rely on it.
        ready = self._ready  # type: ignore[attr-defined]
        places = [n for n, each in enumerate(ready) if isinstance(_owner(each), asyncio.Task)]
        if len(places) > 1:
            steps = [ready[n] for n in places]
            self.reorder(steps)
            for place, step in zip(places, steps, strict=True):
                ready[place] = step
        super()._run_once()  # type: ignore[misc]

    def _process_events(self, events: object) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def _owner(handle: Any) -> object:
    return getattr(handle._callback, "__self__", None)


@contextmanager
def patched(loop: TurningLoop, seed: int) -> Iterator[None]:
    """Take time, chance and versions from the loop and the seed while a seed runs."""
    oldest_python = SimpleNamespace(**{**vars(sys), "version_info": (3, 11)})
    chance, state = random.Random(f"{seed}/system"), random.getstate()
    random.seed(f"{seed}/global")  # aiohttp shuffles those that wait for a connection
    with ExitStack() as stack:
        for target, new in (
            ("os.urandom", chance.randbytes),
            ("random._urandom", chance.randbytes),
            ("aiohttp.connector.monotonic", loop.time),
            ("aiohttp.connector.ResponseHandler", _NumberedConnection),
            *((f"aiohttp.{name}.sys", oldest_python) for name in ("client_reqrep", "connector", "web_protocol")),
            ("aiohttp.web_response.SERVER_SOFTWARE", "server"),
            ("platform.python_version", lambda: "3"),
        ):
            stack.enter_context(mock.patch(target, new))
        try:
            yield
        finally:
            random.setstate(state)
