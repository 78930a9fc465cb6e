"""What has to be measured in a process of its own: memory, and how long an import takes."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
from statistics import median
from typing import Any, Final

__all__ = ["import_seconds", "memory"]

_STEADY_FROM: Final = 10
_IMPORT: Final = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"


def import_seconds(modules: str) -> float:
    """Return how long a fresh interpreter takes to import some modules."""
    command = [sys.executable, "-c", _IMPORT.format(modules)]
    # Compiled by the first run, as an installer does: else what was edited last would be compiled each time.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout)


def import_profile() -> dict[str, float]:
    """Return the milliseconds that each module takes beyond the dependencies of the goal; the longest first."""
    code = "import aiohttp, attrs, cattrs, msgspec, sys; print('-- ours', file=sys.stderr); import aiomatatika.session"
    command = [sys.executable, "-X", "importtime", "-c", code]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.partition("-- ours\n")[2]
    rows = [line.removeprefix("import time:").split("|") for line in lines.splitlines() if "|" in line]
    times = {name.strip(): int(own) / 1000 for own, _, name in rows}
    return dict(sorted(times.items(), key=lambda item: -item[1]))


def memory(url: str) -> dict[str, float]:
    """Walk 100,000 keys in a process of its own; return what memory did, in MiB."""
    command = [sys.executable, "-m", __spec__.name, url]
    result: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


async def _walk(url: str) -> dict[str, Any]:
    from aiomatatika import BearerToken, Deployment, MatatikaSession
    from benchmarks.memory import forget_the_peak, peak, resident
    from benchmarks.payloads import key_id
    from benchmarks.variants.ours import ALIAS

    async with MatatikaSession(BearerToken("bench-token"), deployment=Deployment(url, alias_hosts=ALIAS)) as session:
        await session.apikeys.get(key_id(1))
        gc.collect()
        idle = resident()
        forget_the_peak()
        sizes: list[int] = []
        keys = 0
        async for page in session.apikeys.list(size=1000).pages():
            keys += len(page.items)
            sizes.append(resident())
        sizes.append(peak())
    above = [(size - idle) / 2**20 for size in sizes]
    steady = above[_STEADY_FROM:-1]
    return {
        "keys": keys,
        "most": max(above),
        # Medians: the allocator takes an arena of 1 MiB now and then, and gives it back.
        "later growth": median(steady[len(steady) // 2 :]) - median(steady[: len(steady) // 2]),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_walk(sys.argv[1]))))
