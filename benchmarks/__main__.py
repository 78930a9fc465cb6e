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
_PEERS_EVERY: Final = 4  # rounds: they have no goals, and some of them take long


def _timed(scenarios: Sequence[Scenario], workers: Mapping[str, Worker], rounds: int) -> Timed:
    """Return the seconds for a call, of each round: A B C A B C …, after one of each for warmth.

    Peers are left out of most rounds, where they have ``nan``.
    """
    timed: Timed = {scenario: {name: [] for name in workers} for scenario in scenarios}
    for number in range(-1, rounds):
        for scenario in scenarios:
            for name, worker in workers.items():
                is_left_out = name in PEERS and number % _PEERS_EVERY and number >= 0
                seconds = nan if is_left_out else worker.seconds(scenario)
                if number >= 0:
                    timed[scenario][name].append(seconds)
    return timed


def _goals(workers: Mapping[str, Worker], rounds: int) -> tuple[Timed, list[Row]]:
    timed: Timed = {}
    rows = []
    print(f"{'ratio to':42} {DICTS:>18} {MODELS:>21}")
    for scenario in GOALS:
        timed |= _timed([scenario], workers, rounds)
        rows.append(row(scenario, timed[scenario]))
        print(rows[-1], "FAILED" if rows[-1].exceeds(_TOLERANCE) else "", flush=True)
    return timed, rows


def _quick(url: str, rounds: int) -> int:
    with working(QUICK, url) as workers:
        _, rows = _goals(workers, rounds)
    return 1 if any(each.exceeds(_TOLERANCE) for each in rows) else 0


def _whole(url: str, rounds: int) -> Found:
    with working(ALL, url) as workers:
        goals, _ = _goals(workers, rounds)
        pages = _timed(PAGES, workers, max(_PEERS_EVERY, rounds // 2))
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
