"""What is timed: the first five rows of the goals, for each variant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks.variants import Variant

__all__ = ["SCENARIOS", "Scenario"]

Batch = Callable[[Variant, int], Awaitable[object]]


@dataclass(frozen=True)
class Scenario:
    """A row of the goals.

    Attributes:
        name: What is done.
        batch: Does it so many times.
        calls: How many times in a batch.
        against_dicts: The goal: at most so many times what aiohttp and orjson take.
        against_peer: The goal: at most so many times what aiohttp and pydantic take.
        items: Keys in an answer, for a figure per key.
    """

    name: str
    batch: Batch
    calls: int
    against_dicts: float
    against_peer: float
    items: int = 1


async def _one_after_another(variant: Variant, calls: int) -> None:
    for _ in range(calls):
        await variant.one()


async def _at_once(variant: Variant, calls: int) -> None:
    await asyncio.gather(*(variant.one() for _ in range(calls)))


def _pages_of(size: int) -> Batch:
    async def pages(variant: Variant, calls: int) -> None:
        for _ in range(calls):
            if await variant.page(size) != size:
                raise RuntimeError(f"{variant!r} did not bring {size} keys")

    return pages


SCENARIOS = (
    Scenario("one resource, one call after another", _one_after_another, 200, 1.20, 1.10),
    Scenario("page of 20 keys, structured", _pages_of(20), 100, 1.55, 0.95, 20),
    Scenario("page of 200 keys", _pages_of(200), 30, 1.90, 0.80, 200),
    Scenario("page of 1,000 keys", _pages_of(1000), 8, 1.90, 0.70, 1000),
    Scenario("1,000 GETs at once through one session", _at_once, 1000, 1.30, 1.20),
)
