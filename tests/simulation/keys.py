"""What users do with API keys."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection
from typing import Any

from .ledger import Call, Ledger
from .loop import VirtualLoop

__all__ = ["Keys"]


class Keys:
    """The keys of a program, and the calls on them.

    Attributes:
        mine: Those that the users work on.
    """

    def __init__(self, loop: VirtualLoop, ledger: Ledger, features: Collection[str], stable: list[str]) -> None:
        self._loop, self._ledger, self._features, self._stable = loop, ledger, features, stable
        self.mine: list[Any] = []

    def draw(self, rng: random.Random) -> str:
        """Say what a user does next."""
        kind = rng.choice(("walk", "walk", "create", "create", "create", "update", "rotate", "delete", "get"))
        return kind if self.mine or kind == "walk" else "create"

    async def walk(self, call: Call, rng: random.Random) -> None:
        keys = call.session.apikeys.list(size=rng.choice((None, 1, 3, 7)), prefetch=rng.choice((0, 0, 1, 4)))
        steps: Any = keys.pages() if rng.random() < 0.5 else aiter(keys)
        leaves_early = rng.random() < 0.15
        call.limit = float("inf")
        items: list[str] = []
        while True:
            began = self._loop.time()
            try:
                step = await anext(steps)
            except StopAsyncIteration:
                break
            finally:
                self._ledger.took(f"{call}, a page,", began, call.total)
            items += [str(key.id) for key in getattr(step, "items", [step])]
            await asyncio.sleep(rng.choice((0, 0, 0.3, 2)))
            if leaves_early and rng.random() < 0.3:
                await steps.aclose()
                return
        self._ledger.walked(call, items, self._stable)

    def _sink(self, call: Call, rng: random.Random) -> Any:
        wait = rng.choice((0.0, 0.5))
        how = rng.choice(("none", "at once", "later", *(("full",) if "sink" in self._features else ())))

        def at_once(key: Any) -> None:
            if how == "full":
                raise OSError("disk full")
            self._ledger.hold(key)

        async def later(key: Any) -> None:
            await asyncio.sleep(wait)
            self._ledger.hold(key)

        call.limit += wait
        call.grace += wait
        return {"none": None, "later": later}.get(how, at_once)

    async def create(self, call: Call, rng: random.Random) -> None:
        ready, call.grace = rng.choice((0.0, 20.0)), 5.0
        call.limit += ready
        draft, save = None, self._sink(call, rng)
        if rng.random() < 0.2:
            call.limit += call.total
            draft = await call.session.apikeys.initialise()
        self._keep(await call.session.apikeys.create(call.label, draft=draft, ready_within=ready, save=save))

    async def rotate(self, call: Call, rng: random.Random) -> None:
        ready, call.grace = rng.choice((5.0, 45.0)), 5.0
        call.limit = 3 * call.limit + ready
        old, save = rng.choice(self.mine), self._sink(call, rng)
        self._ledger.let_go.add(str(old.id))
        self._keep(await call.session.apikeys.rotate(self._named(old, rng), ready_within=ready, save=save))

    def _keep(self, key: Any) -> None:
        self._ledger.hold(key, returned=True)
        self.mine.append(key)

    def _named(self, key: Any, rng: random.Random) -> Any:
        return key.id if "by_id" in self._features and rng.random() < 0.5 else key

    async def get(self, call: Call, rng: random.Random) -> None:
        await call.session.apikeys.get(rng.choice(self.mine))

    async def update(self, call: Call, rng: random.Random) -> None:
        await call.session.apikeys.update(self._named(rng.choice(self.mine), rng), name=call.label)

    async def delete(self, call: Call, rng: random.Random) -> None:
        key = rng.choice(self.mine)
        self._ledger.let_go.add(str(key.id))
        if "shared" not in self._features:
            self.mine.remove(key)  # nobody else works on it from now on
        await call.session.apikeys.delete(self._named(key, rng))
