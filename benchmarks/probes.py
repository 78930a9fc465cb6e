"""What has to be measured in a process of its own: memory, how long an import takes, and a first use."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from statistics import median
from typing import Any, Final

__all__ = ["GROUPS", "first_use_seconds", "import_profile", "import_seconds", "memory"]

GROUPS: Final = ("apikeys", "workspaces", "pipelines", "jobs", "datasets")
_STEADY_FROM: Final = 10
_IMPORT: Final = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"


def _compiled() -> dict[str, str]:
    """Return an environment in which the first run compiles, as an installer does: else each would."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def import_seconds(modules: str) -> float:
    """Return how long a fresh interpreter takes to import some modules."""
    command = [sys.executable, "-c", _IMPORT.format(modules)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=_compiled()).stdout)


def import_profile() -> dict[str, float]:
    """Return the milliseconds that each module takes beyond the dependencies of the goal; the longest first."""
    code = "import aiohttp, attrs, cattrs, msgspec, sys; print('-- ours', file=sys.stderr); import aiomatatika.session"
    command = [sys.executable, "-X", "importtime", "-c", code]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.partition("-- ours\n")[2]
    rows = [line.removeprefix("import time:").split("|") for line in lines.splitlines() if "|" in line]
    times = {name.strip(): int(own) / 1000 for own, _, name in rows}
    return dict(sorted(times.items(), key=lambda item: -item[1]))


def first_use_seconds(url: str, group: str) -> float:
    """Return the CPU time of a group's import and first page, in a process whose session has sent a request before."""
    command = [sys.executable, "-m", __spec__.name, url, group]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=_compiled()).stdout)


def memory(url: str) -> dict[str, float]:
    """Walk 100,000 keys in a process of its own; return what memory did, in MiB."""
    command = [sys.executable, "-m", __spec__.name, url]
    result: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


async def _walk(url: str) -> dict[str, Any]:
    from aiomatatika import BearerToken, Deployment, MatatikaSession
    from benchmarks.documents import key_id
    from benchmarks.kinds import ODD
    from benchmarks.memory import forget_the_peak, peak, resident
    from benchmarks.variants.ours import ALIAS

    async with MatatikaSession(BearerToken("bench-token"), deployment=Deployment(url, alias_hosts=ALIAS)) as session:
        await session.apikeys.get(key_id(ODD))
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


async def _first_use(url: str, group: str) -> float:
    from aiomatatika import BearerToken, Deployment, MatatikaSession
    from benchmarks.documents import resource_id
    from benchmarks.variants.ours import ALIAS

    arguments = () if group in {"apikeys", "workspaces"} else (resource_id(1),)
    async with MatatikaSession(BearerToken("bench-token"), deployment=Deployment(url, alias_hosts=ALIAS)) as session:
        await session.request("GET", "/apikeys", params={"size": 20})
        began = time.process_time()
        page = await getattr(session, group).list(*arguments).page()
        seconds = time.process_time() - began
        if len(page.items) != 20:
            raise RuntimeError(f"the first page of {group} is not whole")
    return seconds


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_walk(sys.argv[1]) if len(sys.argv) == 2 else _first_use(*sys.argv[1:]))))
