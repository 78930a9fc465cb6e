"""Each rule of the ledger bites: it catches a broken copy of the library within 100 seeds."""

from __future__ import annotations

import pytest

from .broken import BROKEN, broken
from .run import shortest, simulate

# What is broken may leak.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


def caught(name: str) -> int:
    """Return the first seed that fails because the library is broken."""
    for seed in range(100):
        with broken(name) as kind:
            found = kind in simulate(seed).kinds
        if found and kind not in simulate(seed).kinds:
            return seed
    pytest.fail("100 seeds have not noticed")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_library_is_caught(name: str) -> None:
    caught(name)


def test_a_failure_is_shortened_to_what_it_needs() -> None:
    seed = caught("a call ends late")
    with broken("a call ends late") as kind:
        run = simulate(seed)
        short = shortest(run, kind)
        assert kind in short.kinds
        assert len(short.parts) < len(run.parts) / 2
        assert simulate(seed, short.without) == short
