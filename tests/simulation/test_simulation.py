"""The library, aiohttp and the server in one process: whatever happens, in whatever order, the ledger adds up."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .run import simulate

ROOT = Path(__file__).parents[2]
# One a line, with what it found.
FAILED_ONCE = [
    int(line.split()[0])
    for line in (Path(__file__).parent / "failed_seeds.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
BATCH = 100


def of_its_own(first: int, seeds: int, **environ: str) -> list[str]:
    """Simulate seeds in a process of their own, which nobody measures; return what it prints."""
    command = [sys.executable, "-m", "tests.simulation", "--workers", "1"]
    command += ["--first", str(first), "--seeds", str(seeds)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)} | environ
    done = subprocess.run(command, cwd=ROOT, env=environ, check=False, text=True, stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


@pytest.mark.parametrize("first", range(0, 200, BATCH))
def test_the_ledger_adds_up(first: int) -> None:
    assert of_its_own(first, BATCH)[-1] == f"{BATCH} passed, 0 failed"


@pytest.mark.parametrize("seed", FAILED_ONCE)
def test_the_ledger_adds_up_where_it_did_not(seed: int) -> None:
    run = simulate(seed)
    assert not run.violations, "\n".join((*run.trace, *run.violations))


def test_a_seed_has_one_trace_in_every_process() -> None:
    here = hashlib.sha256("".join(simulate(seed).digest for seed in range(40, 45)).encode()).hexdigest()[:16]
    *_, figures, result = of_its_own(40, 5, PYTHONHASHSEED="4242")
    assert figures.endswith(f"digest {here}")
    assert result == "5 passed, 0 failed"
