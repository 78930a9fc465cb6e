"""The other rows of the goals: the library against itself, against its dependencies, and against a number.

Documents are of the mixed kind.
"""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Final

from aiomatatika import BearerToken, ClientCredentials, Deployment, MatatikaSession
from aiomatatika.testing import ControlledClock
from benchmarks.documents import key_id
from benchmarks.kinds import MIXED, ODD
from benchmarks.measure import interleaved, ratio, summary
from benchmarks.probes import GROUPS, first_use_seconds, import_seconds, memory
from benchmarks.server import collection_root
from benchmarks.variants.ours import ALIAS

__all__ = ["Limit", "limits"]

_TASKS: Final = 10_000
_WALKS: Final = 3  # the allocator takes an arena of 1 MiB now and then
# `import aiomatatika` alone imports next to nothing: its names are late.
_OURS: Final = "aiomatatika.session"
_DEPENDENCIES: Final = "aiohttp, attrs, cattrs, msgspec"


@dataclass(frozen=True)
class Limit:
    """A goal and what came of it.

    Attributes:
        name: What was done.
        goal: What was to be reached, in words.
        found: What was found, in words.
        reached: Whether that is within the goal.
    """

    name: str
    goal: str
    found: str
    reached: bool


async def _prefetch(url: str, rounds: int) -> Limit:
    deployment = Deployment(url + collection_root(10_000, milliseconds=20), alias_hosts=ALIAS)
    async with MatatikaSession(BearerToken("bench-token"), deployment=deployment) as session:

        async def walk(ahead: int) -> None:
            keys = 0
            async for _ in session.apikeys.list(size=200, prefetch=ahead):
                keys += 1
            if keys != 10_000:
                raise RuntimeError(f"the walk brought {keys} keys")

        seconds = await interleaved({"ahead": lambda: walk(8), "sequential": lambda: walk(0)}, 1, rounds)
    part = ratio(seconds["ahead"], seconds["sequential"])
    walks = f"{summary(seconds['ahead']).median:.2f} s against {summary(seconds['sequential']).median:.2f} s"
    found = f"{part.median:.3f} ({part.least:.3f} to {part.most:.3f}; {walks})"
    name = "walking 10,000 keys, 200 a page, 20 ms latency: `prefetch=8`"
    return Limit(name, "≤ 0.16 of the sequential walk", found, part.median <= 0.16)


def _tokens(url: str) -> int:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("GET", "/counts")
    count: int = json.loads(connection.getresponse().read()).get("tokens", 0)
    connection.close()
    return count


async def _token_storm(url: str) -> Limit:
    clock = ControlledClock()
    deployment = Deployment(f"{url}/{MIXED}/api", token_url=f"{url}/oauth/token")
    with clock.installed():
        session = MatatikaSession(ClientCredentials("bench", "bench-secret"), deployment=deployment)
    async with session:
        await session.apikeys.get(key_id(ODD))
        clock.advance(90_000)
        before = _tokens(url)
        await asyncio.gather(*(session.apikeys.get(key_id(ODD)) for _ in range(_TASKS)))
        requests = _tokens(url) - before
    return Limit("10,000 tasks with an expired token", "1 token request", f"{requests} token request(s)", requests == 1)


def _memory(url: str) -> Limit:
    walks = [memory(url + collection_root(100_000)) for _ in range(_WALKS)]
    most, growth = max(walk["most"] for walk in walks), median(walk["later growth"] for walk in walks)
    reached = all(walk["keys"] == 100_000 for walk in walks) and most <= 8 and growth <= 0.5
    text = f"{most:.1f} MiB at most, {growth:+.1f} MiB from pages 11 to 55 to pages 56 to 100, by their medians"
    name = "memory while walking 100,000 keys, 1,000 a page"
    return Limit(name, "≤ 8 MiB above the idle session, flat from page 10 on", text, reached)


async def _imports(rounds: int) -> Limit:
    times: dict[str, list[float]] = {_OURS: [], _DEPENDENCIES: []}

    def importing(modules: str) -> Callable[[], None]:
        return lambda: times[modules].append(import_seconds(modules))

    for _ in range(rounds + 1):
        for modules in times:
            await asyncio.to_thread(importing(modules))
    ours, theirs = times[_OURS][1:], times[_DEPENDENCIES][1:]
    part = ratio(ours, theirs)
    found = f"{part.median:.2f} ({part.least:.2f} to {part.most:.2f}; {summary(ours).median * 1e3:.0f} ms)"
    goal = "≤ 1.08 of importing aiohttp, attrs, cattrs and msgspec"
    return Limit("`from aiomatatika import MatatikaSession`", goal, found, part.median <= 1.08)


async def _first_uses(url: str, rounds: int) -> Limit:
    times: dict[str, list[float]] = {group: [] for group in GROUPS}

    def using(group: str) -> Callable[[], None]:
        return lambda: times[group].append(first_use_seconds(f"{url}/{MIXED}/api", group))

    for _ in range(rounds):
        for group in GROUPS:
            await asyncio.to_thread(using(group))
    group, most = max(((group, summary(each)) for group, each in times.items()), key=lambda item: item[1].median)
    found = f"{most.median * 1e3:.1f} ms ({most.least * 1e3:.1f} to {most.most * 1e3:.1f}) for `{group}`, the slowest"
    name = "first use of a group in a process, from its import to its first page: `" + "`, `".join(GROUPS) + "`"
    return Limit(name, "≤ 10 ms of CPU time", found, most.median <= 0.010)


async def limits(url: str, rounds: int) -> list[Limit]:
    """Measure them all."""
    prefetch = await _prefetch(url, max(3, rounds // 3))
    first_uses = await _first_uses(url, max(3, rounds // 3))
    return [prefetch, _memory(url), await _token_storm(url), await _imports(rounds), first_uses]
