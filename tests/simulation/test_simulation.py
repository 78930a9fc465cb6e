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
BATCH = 20


def told(seed: int) -> str:
    run = simulate(seed)
    return "\n".join((*run.trace, *run.violations)) if run.violations else ""


@pytest.mark.parametrize("first", range(0, 200, BATCH))
def test_the_ledger_adds_up(first: int) -> None:
    failed = [text for seed in range(first, first + BATCH) if (text := told(seed))]
    assert not failed, "\n\n".join(failed)


@pytest.mark.parametrize("seed", FAILED_ONCE)
def test_the_ledger_adds_up_where_it_did_not(seed: int) -> None:
    assert not told(seed)


def test_a_seed_has_one_trace_in_every_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--first", "40", "--seeds", "5", "--workers", "1"]
    other = {**os.environ, "PYTHONHASHSEED": "4242", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=other, check=True, text=True, stdout=subprocess.PIPE)
    here = hashlib.sha256("".join(simulate(seed).digest for seed in range(40, 45)).encode()).hexdigest()[:16]
    *_, figures, result = done.stdout.splitlines()
    assert figures.endswith(f"digest {here}")
    assert result == "5 passed, 0 failed"
