"""The budget of repeats: what it pays, when it probes, and what becomes of calls in an outage."""

from __future__ import annotations

import itertools

from aiomatatika.transport.retry_budget import RetryBudget


def emptied(now: float = 0.0) -> RetryBudget:
    budget = RetryBudget()
    assert [budget.take(now) for _ in range(76)] == [True] * 75 + [False]
    return budget


def probes(budget: RetryBudget, until: float, step: float = 0.125) -> list[float]:
    """Ask again and again, and return the moments at which the budget paid."""
    return [moment for n in range(1, int(until / step) + 1) if budget.take(moment := n * step)]


def test_an_empty_budget_lets_probes_through_at_growing_intervals() -> None:
    moments = probes(emptied(), 100)
    assert moments[:6] == [0.5, 1, 1.5, 2, 2.5, 3]
    intervals = [after - before for before, after in itertools.pairwise(moments)]
    assert all(before <= after + 0.25 for before, after in itertools.pairwise(intervals))
    assert intervals[-1] == 8
    assert max(intervals) == 8
    assert 20 < len(moments) < 40


def test_a_repeat_that_succeeds_after_an_outage_fills_the_budget_up() -> None:
    budget = emptied()
    budget.give_back(1)
    assert [budget.take(100) for _ in range(76)] == [True] * 75 + [False]
    assert probes_begin_anew(budget, 100)


def probes_begin_anew(budget: RetryBudget, now: float) -> bool:
    return [budget.take(now + seconds) for seconds in (0.49, 0.5, 0.99, 1)] == [False, True, False, True]


def test_first_attempts_that_succeed_fill_it_up_slowly() -> None:
    budget = emptied()
    for _ in range(5):
        assert not budget.take(0.25)
        budget.give_back(0)
    assert [budget.take(0.25), budget.take(0.25)] == [True, False]
    assert probes_begin_anew(budget, 0.25)


def test_without_an_outage_a_call_gives_back_what_its_repeats_cost_and_at_least_a_little() -> None:
    budget = RetryBudget()
    for _ in range(30):
        budget.take(0)
    budget.give_back(3)
    for _ in range(5):
        budget.give_back(0)
    assert sum(budget.take(0) for _ in range(100)) == 75 - 30 + 3 + 1


def test_a_budget_with_one_repeat_left_is_not_empty() -> None:
    budget = RetryBudget()
    for _ in range(74):
        budget.take(0)
    budget.give_back(1)
    assert [budget.take(0) for _ in range(3)] == [True, True, False]


def test_it_is_never_more_than_full() -> None:
    budget = RetryBudget()
    for repeats in (0, 3, 1_000):
        budget.give_back(repeats)
    assert sum(budget.take(0) for _ in range(100)) == 75
