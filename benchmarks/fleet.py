"""One token for a fleet: how many token requests many processes make around one store, and how long they take.

On a file and on a Redis: processes with a cold store make calls side by side; the token is revoked while they do; then
processes start one after another, each for one call. It fails when a token is asked for more often than promised.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiomatatika.testing import MatatikaServer
from tests.fleet import redis_server, workers

_REMEMBERED = 1_000  # requests


@asynccontextmanager
async def stores(folder: Path) -> AsyncIterator[dict[str, Path | str]]:
    private = folder / "private"
    private.mkdir(mode=0o700)
    async with redis_server(folder) as redis:
        yield {"file": private / "tokens.json", "Redis": redis.url}


class Fleet:
    """Processes around one store, and what they cost.

    Args:
        name: The kind of store.
        store: The path of a file, or the URL of a Redis.
    """

    def __init__(self, name: str, store: Path | str) -> None:
        self._name = name
        self._store = store
        self._calls_left = 0
        self._half_done = asyncio.Event()
        self.kept = True

    async def measure(self, processes: int, calls: int, starts: int) -> None:
        """Count the token requests of a cold start, of a revoked token, and of warm starts."""
        async with MatatikaServer() as server:
            server.requests.limit = _REMEMBERED
            server.requests.on_finished = self._count
            async with workers(server, self._store, processes) as fleet:
                for what in ("cold", "revoked meanwhile"):
                    issued, began = server.tokens_issued, time.perf_counter()
                    self._calls_left, self._half_done = processes * calls // 2, asyncio.Event()
                    running = asyncio.gather(*(worker.call(calls) for worker in fleet))
                    if what != "cold":
                        await self._half_done.wait()
                        server.revoke_tokens()
                    ends = await running
                    seconds = time.perf_counter() - began
                    self._report(f"{processes} x {calls:,} calls, {what}", ends, server.tokens_issued - issued, seconds)
            issued, began = server.tokens_issued, time.perf_counter()
            ends = [await self._started(server) for _ in range(starts)]
            seconds = time.perf_counter() - began
            self._report(f"{starts} processes in a row, warm", ends, server.tokens_issued - issued, seconds, promised=0)

    def _count(self, _: object) -> None:
        self._calls_left -= 1
        if self._calls_left <= 0:
            self._half_done.set()

    async def _started(self, server: MatatikaServer) -> str:
        async with workers(server, self._store, 1) as (worker,):
            return await worker.call()

    def _report(self, what: str, ends: list[str], tokens: int, seconds: float, *, promised: int = 1) -> None:
        failed = [end for end in ends if end != "done"]
        kept = tokens == promised and not failed
        self.kept = self.kept and kept
        verdict = "as promised" if kept else f"FAILED: {promised} promised, {failed[:3]}"
        print(f"{self._name:5} {what:35} token requests: {tokens}  {seconds:6.1f} s  {verdict}", flush=True)


async def run(options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        async with stores(Path(folder)) as kinds:
            fleets = [Fleet(name, store) for name, store in kinds.items()]
            for fleet in fleets:
                await fleet.measure(options.processes, options.calls, options.starts)
    return all(fleet.kept for fleet in fleets)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--calls", type=int, default=2_000, help="of each process")
    parser.add_argument("--starts", type=int, default=50, help="processes that start one after another")
    return 0 if asyncio.run(run(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
