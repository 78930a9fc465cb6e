"""The soak: a great many calls against a faulty server, 30 expired tokens, and a look at what is left behind.

Every hundredth request meets each kind of fault (`faulty`), every hundredth call each is cancelled, meets a server that
never answers, and one that never ends. Waits and tokens go by a clock that is moved, not waited for. It fails when a
call ends in what no contract knows, or when memory, file descriptors or tasks grow.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import http.client
import json
import logging
import os
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from aiomatatika import ClientCredentials, Deployment, MatatikaError, MatatikaSession, Timeouts
from aiomatatika.testing import ControlledClock
from benchmarks.documents import key_id
from benchmarks.faulty import KINDS
from benchmarks.memory import resident
from benchmarks.wire import served

EXPIRIES: Final = 30
WORKERS: Final = 32
_WARM_UP: Final = 3  # segments of the 31: about a tenth of the calls
_MOST_GROWTH: Final = 4 * 2**20
_BEYOND_A_TOKEN: Final = 90_000.0
_KEY: Final = key_id(1)

Call = Callable[[], Awaitable[object]]


class Soak:
    """The calls of one session, what they ended in, and what was left after each segment.

    Args:
        url: The faulty server's.
        calls: How many calls to make.
    """

    def __init__(self, url: str, calls: int) -> None:
        self.clock = ControlledClock()
        deployment = Deployment(f"{url}/api", token_url=f"{url}/oauth/token", alias_hosts=("app.matatika.com",))
        with self.clock.installed():
            self.session = MatatikaSession(ClientCredentials("soak", "soak-secret"), deployment=deployment)
        self.hasty = self.session.with_options(timeouts=Timeouts(total=0.1))
        self.calls = calls
        self.results: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.resident: list[int] = []
        self.descriptors: list[int] = []
        self.tasks: list[int] = []
        self._random = random.Random(7)
        keys, request = self.session.apikeys, self.session.request
        self._mix: list[tuple[float, str, Call]] = [
            (0.01, "cancelled", self._cancelled),
            (0.02, "no answer", lambda: self.hasty.request("GET", "/stall")),
            (0.03, "no end", lambda: self.hasty.request("GET", "/drip")),
            (0.08, "create", lambda: keys.create("nightly batch")),
            (0.18, "update", lambda: keys.update(_KEY, name="hourly batch")),
            (0.23, "delete", lambda: keys.delete(_KEY)),
            (0.28, "walk", lambda: keys.list(size=2).collect()),
            (0.33, "walk ahead", lambda: keys.list(size=2, prefetch=2).collect()),
            (0.38, "request", lambda: request("GET", "/workspaces")),
            (1.00, "get", lambda: keys.get(_KEY)),
        ]

    async def run(self) -> None:
        """Make all calls, a segment for each token."""
        async with self.session:
            for segment, left in enumerate(_shares(self.calls, EXPIRIES + 1)):
                if segment:
                    self.clock.advance(_BEYOND_A_TOKEN)
                budget = iter(range(left))
                async with asyncio.TaskGroup() as workers:
                    for _ in range(WORKERS):
                        workers.create_task(self._work(budget))
                await self._look()

    async def _work(self, budget: Iterator[int]) -> None:
        for _ in budget:
            chance = self._random.random()
            name, call = next((name, call) for share, name, call in self._mix if chance < share)
            self.results[f"{name}: {await self._outcome(call)}"] += 1

    async def _outcome(self, call: Call) -> str:
        try:
            await call()
        except MatatikaError as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001  # what no contract knows is what is looked for
            self.unexpected += traceback.format_exception(error) if len(self.unexpected) < 1000 else []
            return f"{type(error).__name__} (unexpected)"
        return "ok"

    async def _cancelled(self) -> None:
        """Cancel a call somewhere on its way."""
        _, _, call = self._random.choice(self._mix[3:])
        task = asyncio.ensure_future(call())
        for _ in range(self._random.randrange(30)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            await task

    async def _look(self) -> None:
        """Note what is there while nothing is in flight."""
        self.clock.sleeps.clear()  # a list of a million floats would be our own growth
        for _ in range(10):
            await asyncio.sleep(0.005)  # aiohttp closes sockets in the turns after
        gc.collect()
        self.resident.append(resident())
        self.descriptors.append(descriptors())
        self.tasks.append(len(asyncio.all_tasks()))


def _shares(calls: int, parts: int) -> list[int]:
    return [calls * (part + 1) // parts - calls * part // parts for part in range(parts)]


def descriptors() -> int:
    """Return how many file descriptors this process has open."""
    return len(os.listdir("/dev/fd")) - 1  # noqa: PTH208  # one for the listing itself


def counts_of(url: str) -> dict[str, int]:
    """Ask the server what it did."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("GET", "/counts")
    counts: dict[str, int] = json.loads(connection.getresponse().read())
    connection.close()
    return counts


class _Counting(logging.Handler):
    """Counts log records, by level, instead of printing a hundred thousand."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count the record, formatted as a real handler would."""
        self.counts[record.levelname] += len(record.getMessage()) > 0


def judge(soak: Soak, counts: dict[str, int], before: int, after: int) -> list[str]:
    """Return what is wrong: nothing, one hopes."""
    growth = max(soak.resident[_WARM_UP:]) - soak.resident[_WARM_UP - 1]
    checks = [
        (not soak.unexpected, "a call ended in what is no documented error"),
        (growth < _MOST_GROWTH, f"memory grew by {growth / 2**20:.1f} MiB after the warm-up"),
        (max(soak.descriptors) <= before + WORKERS + 10, f"{max(soak.descriptors)} file descriptors were open at rest"),
        (after <= before, f"{after - before} file descriptors are left after close"),
        (set(soak.tasks) == {1}, f"{max(soak.tasks) - 1} tasks were left at rest"),
        (counts["tokens"] > EXPIRIES, f"{counts['tokens']} tokens were asked for in {EXPIRIES + 1} lifetimes"),
        (all(kind in counts for kind in KINDS), "not every kind of fault came about"),
        (sum(soak.results.values()) == soak.calls, "calls are missing"),
    ]
    return [text for good, text in checks if not good]


def report(soak: Soak, counts: dict[str, int], logged: Counter[str], seconds: float) -> None:
    """Print the figures."""
    print("\ncalls by result")
    for name, count in sorted(soak.results.items()):
        print(f"  {count:>9,}  {name}")
    print("\nfaults that the server made")
    for name in KINDS:
        print(f"  {counts.get(name, 0):>9,}  {name}")
    rest = [size / 2**20 for size in soak.resident]
    warm, growth = rest[_WARM_UP - 1], max(rest[_WARM_UP:]) - rest[_WARM_UP - 1]
    print(
        f"\n{soak.calls:,} calls, {counts['requests']:,} requests, {seconds:.0f} s, {soak.calls / seconds:,.0f} calls/s"
    )
    print(f"tokens       {counts['tokens']} asked for, {EXPIRIES} expired")
    print(f"log          {', '.join(f'{count:,} {level}' for level, count in sorted(logged.items()))}")
    print(f"memory       {rest[0]:.1f} MiB after the first segment, {warm:.1f} warmed up, {rest[-1]:.1f} at the end")
    print(f"             {growth:+.2f} MiB at most after the warm-up")
    print(f"descriptors  {soak.descriptors[0]} after the first segment, {max(soak.descriptors)} at most, at rest")
    print(f"tasks        {max(soak.tasks)} at most, at rest")


def main() -> int:
    """Run the soak; 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="how many calls to make (default: a million)")
    calls = parser.parse_args().calls
    logger, counting = logging.getLogger("aiomatatika"), _Counting()
    logger.addHandler(counting)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    with served("benchmarks.faulty") as (url, _):
        before = descriptors()
        soak = Soak(url, calls)
        began = time.perf_counter()
        asyncio.run(soak.run())
        seconds = time.perf_counter() - began
        counts = counts_of(url)
        report(soak, counts, counting.counts, seconds)
        wrong = judge(soak, counts, before, descriptors())
    print("".join(soak.unexpected[:200]), end="")
    print(*(f"FAILED: {text}" for text in wrong), sep="\n") if wrong else print("ok")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
