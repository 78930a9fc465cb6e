"""One variant in a process of its own: it runs a batch when it is told to, and says how long that took.

Of its own, so that what one of them has imported and keeps is not walked through by the garbage collector of another.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.variants import Variant, load

__all__ = ["Worker", "working"]


class Worker:
    """The handle of a variant's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def seconds(self, scenario: Scenario) -> float:
        """Have a batch run; return the seconds for a call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(SCENARIOS.index(scenario), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait(10)}")
        return float(answer) / scenario.calls


@contextlib.contextmanager
def working(names: Sequence[str], url: str) -> Iterator[dict[str, Worker]]:
    """Run a process for each variant, until the block ends."""
    with contextlib.ExitStack() as processes:
        workers = {}
        for name in names:
            command = [sys.executable, "-m", __spec__.name, name, url]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            # Leaving a Popen closes its pipes, at whose end the worker ends, and waits for it.
            workers[name] = Worker(processes.enter_context(process))
        yield workers


async def _work(name: str, url: str) -> None:
    loop = asyncio.get_running_loop()
    variants: dict[str, Variant] = {}
    while order := await loop.run_in_executor(None, sys.stdin.readline):
        scenario = SCENARIOS[int(order)]
        if scenario.kind not in variants:
            variants[scenario.kind] = load(name)(f"{url}/{scenario.kind}")
            await variants[scenario.kind].open()
        variant = variants[scenario.kind]
        gc.collect()
        began = time.perf_counter()
        await scenario.batch(variant, scenario.calls)
        print(time.perf_counter() - began, flush=True)
    for variant in variants.values():
        await variant.close()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # nobody's log is part of the comparison
    asyncio.run(_work(*sys.argv[1:]))
