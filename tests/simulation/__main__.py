"""Simulate many seeds on all cores: ``python -m tests.simulation --seeds 10000 --first 0``.

Prints what does not add up, seed by seed, and of all that fails the shortest trace, with the command that repeats it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from .run import Run, shortest, simulate

_CHUNK = 20  # seeds that a process is given at a time
_SHORTENED = 3  # failures of each kind, the shortest ones, of which the shortest trace is looked for


def _runs(seeds: range, without: tuple[str, ...], workers: int) -> Iterator[Run]:
    one = partial(simulate, without=without)
    if workers == 1 or len(seeds) <= _CHUNK:
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(one, seeds, chunksize=_CHUNK)


def _shortest_of_each_kind(failed: list[Run]) -> list[Run]:
    found = []
    for kind in sorted(set[str]().union(*(run.kinds for run in failed))):
        of_kind = sorted((run for run in failed if kind in run.kinds), key=lambda run: len(run.trace))
        found.append(min((shortest(run, kind) for run in of_kind[:_SHORTENED]), key=lambda run: len(run.trace)))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first of them (default: %(default)s)")
    parser.add_argument("--without", default="", metavar="PART,…", help="leave out parts, as a shortest trace does")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="how many processes")
    parser.add_argument("--trace", action="store_true", help="print every segment of every seed")
    options = parser.parse_args()
    without = tuple(filter(None, options.without.split(",")))
    began, seconds, failed, digest = time.perf_counter(), 0.0, list[Run](), hashlib.sha256()
    seeds = range(options.first, options.first + options.seeds)
    for run in _runs(seeds, without, options.workers):
        seconds += run.seconds
        digest.update(run.digest.encode())
        if options.trace:
            print("\n".join(simulate(run.seed, without, keeps_segments=True).trace))
        if run.violations:
            failed.append(run)
            print(f"seed {run.seed}: " + "\n    ".join(run.violations), flush=True)
    took = time.perf_counter() - began
    for run in _shortest_of_each_kind(failed) if not without else ():
        print(f"\n{min(run.kinds)}, with {', '.join(run.parts)}:", *run.trace, sep="\n")
        print(f"python -m tests.simulation --first {run.seed} --seeds 1 --trace --without {','.join(run.without)}")
    print(f"\n{len(seeds) / took:.1f} seeds and {seconds / 60 / took:.1f} virtual minutes a second; digest ", end="")
    print(digest.hexdigest()[:16])
    print(f"{len(seeds) - len(failed)} passed, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
