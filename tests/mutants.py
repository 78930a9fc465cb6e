"""Does a test notice? Break the protocol code in a sample of small ways, and run the tests on each (mutmut).

``python -m tests.mutants`` prints the share of the mutants that some test killed, and each that survived as a diff. It
fails below 95 of 100. Which files are mutated, and by which tests they are judged: ``[tool.mutmut]`` in pyproject.toml.

mutmut judges a mutant in a fork of a process that has run the tests before, by the tests that ran the function then. So
it misses what is done once a process: converters, readers, constants. What it lets live is judged a second time, by all
of the tests in a new process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path("mutants")
SETTINGS = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
GOAL = 0.95
SECONDS = 600  # for all of the tests; whatever takes longer hangs
SURVIVED = {0, 5, 33}  # the tests passed; 5 and 33: none of them runs the function


def mutmut(*arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout


def exit_codes() -> dict[str, int | None]:
    """Return what mutmut wrote down of each mutant: the exit status of the tests, None where they did not run."""
    codes: dict[str, int | None] = {}
    for path in FOLDER.rglob("*.py.meta"):
        codes |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


def survives(name: str) -> bool:
    """Tell whether all tests pass with a mutant, in a process that imports it anew."""
    tests = [*SETTINGS["pytest_add_cli_args"], *SETTINGS["pytest_add_cli_args_test_selection"]]
    command = [sys.executable, "-m", "pytest", "--rootdir=.", "-x", "-q", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=FOLDER,
            env={**os.environ, "MUTANT_UNDER_TEST": name},
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def report(names: Iterable[str]) -> bool:
    codes = exit_codes()
    judged = {name: codes[name] for name in names if codes[name] is not None}
    doubtful = sorted(name for name, code in judged.items() if code in SURVIVED)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        survivors = [name for name, lives in zip(doubtful, pool.map(survives, doubtful), strict=True) if lives]
    for name in survivors:
        print(mutmut("show", name))
    killed = len(judged) - len(survivors)
    print(f"{killed} of {len(judged)} mutants killed: {killed / max(len(judged), 1):.1%}")
    return killed >= GOAL * len(judged)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=300, help="how many mutants; 0: all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: %(default)s)")
    options = parser.parse_args()
    prepared = mutmut("run", "none-of-them")  # makes the mutants, and learns which test runs which function
    names = sorted(exit_codes())
    if not names:
        print(prepared)
        return 1
    if options.sample:
        names = random.Random(options.seed).sample(names, min(options.sample, len(names)))
    ran = mutmut("run", *names)
    if all(exit_codes()[name] is None for name in names):
        print(ran)  # the tests fail without any mutant
        return 1
    return 0 if report(names) else 1


if __name__ == "__main__":
    sys.exit(main())
