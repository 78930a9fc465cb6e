"""What is timed over the wire, for each variant: the first five rows of the goals, and a page of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmarks.kinds import KINDS, MIXED
from benchmarks.variants import Variant

__all__ = ["GOALS", "PAGES", "SCENARIOS", "Scenario"]

Batch = Callable[[Variant, int], Awaitable[object]]


@dataclass(frozen=True)
class Scenario:
    """A row of the tables.

    Attributes:
        name: What is done.
        batch: Does it so many times.
        calls: How many times in a batch.
        against_dicts: The goal: at most so many times what aiohttp and orjson take; 0: there is one for all kinds.
        against_models: The goal: at most so many times what aiohttp and pydantic take.
        items: Keys in an answer, for a figure per key.
        kind: The kind of the documents.
    """

    name: str
    batch: Batch
    calls: int
    against_dicts: float = 0
    against_models: float = 0
    items: int = 1
    kind: str = MIXED


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


GOALS = (
    Scenario("one key, one call after another", _one_after_another, 200, 1.20, 1.10),
    Scenario("page of 20 keys", _pages_of(20), 100, 1.55, 0.95, 20),
    Scenario("page of 200 keys", _pages_of(200), 20, 1.90, 0.80, 200),
    Scenario("page of 1,000 keys", _pages_of(1000), 5, 1.90, 0.70, 1000),
    Scenario("1,000 GETs of a key at once", _at_once, 1000, 1.30, 1.20),
)
# The mixed kind is measured anew among the others: only what is measured in the same rounds can be compared.
PAGES = tuple(Scenario(f"page of 200 keys, {kind}", _pages_of(200), 20, items=200, kind=kind) for kind in KINDS)
SCENARIOS = GOALS + PAGES
