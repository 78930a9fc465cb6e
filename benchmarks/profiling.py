"""`make profile`: the ladder, single functions, and the time that each module and function has for its own."""

from __future__ import annotations

import asyncio
import cProfile
import pstats
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, Final

from benchmarks.kinds import MIXED
from benchmarks.measure import pin
from benchmarks.stages import Stage, functions, ladder
from benchmarks.variants.ours import Ours
from benchmarks.wire import served

_ROUNDS: Final = 15
_MOST_LINES: Final = 30
_PACKAGES: Final = ("aiomatatika", "aiohttp", "yarl", "multidict", "cattrs", "asyncio")


def _owner(file: str) -> str:
    """Return the package that a file is of; generated code and C functions stand for themselves."""
    if file.startswith("<cattrs"):
        return "cattrs (generated)"
    if file == "~":
        return "C functions"
    return next((name for name in _PACKAGES if name in PurePath(file).parts), "other")


async def _profile(variant: Ours, size: int | None, calls: int) -> pstats.Stats:
    profile = cProfile.Profile()
    for warm in (True, False):
        if not warm:
            profile.enable()
        for _ in range(calls):
            await (variant.one() if size is None else variant.page(size))
    profile.disable()
    return pstats.Stats(profile)


def _print_stats(title: str, stats: Any, calls: int) -> None:
    owners: Counter[str] = Counter()
    rows = []
    for (file, line, name), (_, count, own, _, _) in stats.stats.items():
        owners[_owner(file)] += own
        place = f"{'/'.join(PurePath(file).parts[-2:])}:{line} {name}" if line else name
        rows.append((own / calls * 1e6, count / calls, _owner(file), place))
    print(f"\n{title}: microseconds of its own in a call, under the profiler (which doubles small functions)")
    for owner, own in owners.most_common():
        print(f"  {own / calls * 1e6:8.1f}  {owner}")
    print("  the library's own functions")
    for own, count, _, place in sorted(row for row in rows if row[2] in {"aiomatatika", "cattrs (generated)"})[::-1][
        :_MOST_LINES
    ]:
        print(f"  {own:8.2f}  {count:6.1f} x  {place}")


def print_stages(title: str, stages: Iterable[Stage]) -> None:
    """Print steps and their microseconds."""
    print(f"\n{title}")
    for stage in stages:
        print(f"  {stage.microseconds:9.2f} us  {stage.name}")


async def _main(url: str) -> None:
    print_stages("the ladder: one GET, each rung with all before it", await ladder(url, _ROUNDS))
    print_stages("single functions, best of many", await functions())
    variant = Ours(f"{url}/{MIXED}")
    _print_stats("one key", await _profile(variant, None, 1000), 1000)
    _print_stats("a page of 200 keys", await _profile(variant, 200, 100), 100)
    await variant.close()


if __name__ == "__main__":
    with served("benchmarks.server") as (server_url, process_id):
        print(pin(process_id))
        asyncio.run(_main(server_url))
