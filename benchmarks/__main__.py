"""`make bench` measures everything and writes RESULTS.md; `make bench-quick` watches the first five goals."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from typing import Final

from benchmarks.limits import limits
from benchmarks.measure import pin
from benchmarks.report import results, row
from benchmarks.scenarios import SCENARIOS, timed
from benchmarks.stages import functions, ladder
from benchmarks.variants import ALL, QUICK
from benchmarks.wire import served

_RESULTS: Final = Path(__file__).with_name("RESULTS.md")
_TOLERANCE: Final = 1.5  # of a goal: beyond it is no noise


async def _quick(url: str, rounds: int) -> int:
    print(f"{'ratio to':42} {'aiohttp + orjson':>18} {'httpx + pydantic':>21}")
    failed = 0
    for scenario in SCENARIOS:
        each = row(scenario, await timed(scenario, url, QUICK, rounds))
        failed += each.exceeds(_TOLERANCE)
        print(each, "FAILED" if each.exceeds(_TOLERANCE) else "", flush=True)
    return 1 if failed else 0


async def _whole(url: str, rounds: int, pinned: str) -> str:
    figures = {}
    for scenario in SCENARIOS:
        print(f"{scenario.name} …", flush=True)
        figures[scenario] = await timed(scenario, url, ALL, rounds)
    print("prefetch, token storm, memory, import …", flush=True)
    rest = await limits(url, rounds)
    print("profile …", flush=True)
    text = results(figures, rest, await ladder(url, rounds), await functions(), pinned, rounds)
    print(*(row(scenario, seconds) for scenario, seconds in figures.items()), sep="\n")
    print(*(f"{limit.name}: {limit.found}; goal {limit.goal}" for limit in rest), sep="\n")
    return text


def main() -> int:
    """Run what the arguments say; 1 when the quick run finds a ratio far beyond its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three variants, five rows, nothing is written")
    parser.add_argument("--rounds", type=int, help="how often each variant is measured")
    parser.add_argument("--to", type=Path, default=_RESULTS, help="the file to write (default: RESULTS.md here)")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # nobody's log is part of the comparison
    with served("benchmarks.server") as (url, process_id):
        pinned = pin(process_id)
        if options.quick:
            return asyncio.run(_quick(url, options.rounds or 9))
        text = asyncio.run(_whole(url, options.rounds or 21, pinned))
    options.to.write_text(text, encoding="utf-8")
    print(f"written: {options.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
