"""`make bench` measures everything and writes RESULTS.md; `make bench-quick` watches the first five goals."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.limits import limits
from benchmarks.machine import machine
from benchmarks.measure import pin
from benchmarks.parts import parts
from benchmarks.probes import import_profile
from benchmarks.report import results, row
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.stages import functions, ladder
from benchmarks.variants import ALL, QUICK
from benchmarks.wire import served
from benchmarks.worker import Worker, working

_RESULTS: Final = Path(__file__).with_name("RESULTS.md")
_TOLERANCE: Final = 1.5  # of a goal: beyond it is no noise


def _timed(scenario: Scenario, workers: Mapping[str, Worker], rounds: int) -> dict[str, list[float]]:
    """Return the seconds for a call of each variant, of each round: A B C A B C …, after one of each for warmth."""
    for worker in workers.values():
        worker.seconds(scenario)
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(rounds):
        for name, worker in workers.items():
            seconds[name].append(worker.seconds(scenario))
    return seconds


def _quick(url: str, rounds: int) -> int:
    print(f"{'ratio to':42} {'aiohttp + orjson':>18} {'aiohttp + pydantic':>21}")
    failed = 0
    with working(QUICK, url) as workers:
        for scenario in SCENARIOS:
            each = row(scenario, _timed(scenario, workers, rounds))
            failed += each.exceeds(_TOLERANCE)
            print(each, "FAILED" if each.exceeds(_TOLERANCE) else "", flush=True)
    return 1 if failed else 0


def _whole(url: str, rounds: int, conditions: str) -> str:
    figures = {}
    with working(ALL, url) as workers:
        for scenario in SCENARIOS:
            figures[scenario] = _timed(scenario, workers, rounds)
            print(row(scenario, figures[scenario]), flush=True)
    rest = asyncio.run(limits(url, rounds))
    print(*(f"{limit.name}: {limit.found}; goal {limit.goal}" for limit in rest), sep="\n", flush=True)
    rungs = asyncio.run(ladder(url, rounds))
    return results(figures, rest, rungs, parts(), import_profile(), asyncio.run(functions()), conditions, rounds)


def main() -> int:
    """Run what the arguments say; 1 when the quick run finds a ratio far beyond its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three variants, five rows, nothing is written")
    parser.add_argument("--rounds", type=int, help="how often each variant is measured")
    parser.add_argument("--to", type=Path, default=_RESULTS, help="the file to write (default: RESULTS.md here)")
    options = parser.parse_args()
    with served("benchmarks.server") as (url, process_id):
        conditions = f"{', '.join(machine())}; {pin(process_id)}"
        if options.quick:
            return _quick(url, options.rounds or 9)
        text = _whole(url, options.rounds or 21, conditions)
    options.to.write_text(text, encoding="utf-8")
    print(f"written: {options.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
