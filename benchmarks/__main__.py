"""`make bench` measures everything and writes RESULTS.md; `make bench-quick` watches the first five goals."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Final

from benchmarks.in_memory import in_memory
from benchmarks.limits import limits
from benchmarks.machine import machine
from benchmarks.measure import pin
from benchmarks.probes import import_profile
from benchmarks.report import Found, results
from benchmarks.rows import Row, Timed, row
from benchmarks.scenarios import GOALS, PAGES, Scenario
from benchmarks.stages import functions, ladder
from benchmarks.variants import ALL, DICTS, MODELS, PEERS, QUICK
from benchmarks.wire import served
from benchmarks.worker import Worker, working

_RESULTS: Final = Path(__file__).with_name("RESULTS.md")
_TOLERANCE: Final = 1.25  # of a goal: beyond it is no noise
# Each variant has a new process so many times, for what a call takes depends by a seventh on where its memory lies.
_SITTINGS: Final = 7
_SITTINGS_OF_PEERS: Final = 2  # they have no goals, and some of them take long


def _timed(scenarios: Sequence[Scenario], names: Sequence[str], url: str, rounds: int) -> Timed:
    """Return the seconds for a call, of each round: A B C A B C …, after one of each for warmth.

    Peers are left out of most rounds, where they have ``nan``.
    """
    timed: Timed = {scenario: {name: [] for name in names} for scenario in scenarios}
    for sitting in range(_SITTINGS):
        present = [name for name in names if name not in PEERS or sitting < _SITTINGS_OF_PEERS]
        with working(present, url) as workers:
            for scenario in scenarios:
                _sit(scenario, workers, timed[scenario], max(1, rounds // _SITTINGS))
    return timed


def _sit(scenario: Scenario, workers: Mapping[str, Worker], timed: dict[str, list[float]], rounds: int) -> None:
    for worker in workers.values():
        worker.seconds(scenario)
    for _ in range(rounds):
        for name, seconds in timed.items():
            seconds.append(workers[name].seconds(scenario) if name in workers else nan)


def _goals(names: Sequence[str], url: str, rounds: int) -> tuple[Timed, list[Row]]:
    timed = _timed(GOALS, names, url, rounds)
    rows = [row(scenario, timed[scenario]) for scenario in GOALS]
    print(f"{'ratio to':42} {DICTS:>18} {MODELS:>21}")
    for each in rows:
        print(each, "FAILED" if each.exceeds(_TOLERANCE) else "", flush=True)
    return timed, rows


def _quick(url: str, rounds: int) -> int:
    _, rows = _goals(QUICK, url, rounds)
    return 1 if any(each.exceeds(_TOLERANCE) for each in rows) else 0


def _whole(url: str, rounds: int) -> Found:
    goals, _ = _goals(ALL, url, rounds)
    pages = _timed(PAGES, ALL, url, rounds)
    cells = in_memory(rounds)
    rest = asyncio.run(limits(url, rounds))
    print(*(f"{limit.name}: {limit.found}; goal {limit.goal}" for limit in rest), sep="\n", flush=True)
    rungs = asyncio.run(ladder(url, rounds))
    return Found(goals, pages, cells, rest, rungs, import_profile(), asyncio.run(functions()))


def main() -> int:
    """Run what the arguments say; 1 when the quick run finds a ratio beyond its goal and the noise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three variants, five rows, nothing is written")
    parser.add_argument("--rounds", type=int, help="how often each variant is measured")
    parser.add_argument("--to", type=Path, default=_RESULTS, help="the file to write (default: RESULTS.md here)")
    options = parser.parse_args()
    rounds = options.rounds or 21
    with served("benchmarks.server") as (url, process_id):
        conditions = f"{', '.join(machine())}; {pin(process_id)}; {rounds} rounds"
        if options.quick:
            return _quick(url, rounds)
        text = results(_whole(url, rounds), conditions)
    options.to.write_text(text, encoding="utf-8")
    print(f"written: {options.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
