"""The schedule of a wait."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from aiomatatika import InvalidArgumentError
from aiomatatika.waiting.polling import Polling, seconds


def pauses(polling: Polling, chance: float, times: int, now: float = 0.0) -> list[float | None]:
    found: list[float | None] = []
    for _ in range(times):
        found.append(pause := polling.next(now, chance))
        now += pause or 0.0
    return found


@pytest.mark.parametrize(
    "chance, expected", [(0.0, [0, 1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10, 10]), (1.0, [0, 1.5, 2.25, 3.375, 5.0625])]
)
def test_the_first_question_is_asked_at_once_and_the_pauses_grow(chance: float, expected: list[float]) -> None:
    assert pauses(Polling(0.0, inf), chance, len(expected)) == expected
    assert pauses(Polling(0.0, inf), chance, 20)[-1] == 10 * (1 + chance / 2)


def test_a_change_sets_the_pauses_back() -> None:
    polling = Polling(0.0, inf)
    assert polling.has_changed("QUEUED")
    pauses(polling, 0.0, 5)
    assert not polling.has_changed("QUEUED")
    assert polling.next(0.0, 0.0) == 5.0625
    assert polling.has_changed("RUNNING")
    assert polling.next(0.0, 0.0) == 1


def test_the_last_question_is_asked_a_quarter_of_a_second_before_the_end() -> None:
    assert pauses(Polling(0.0, 4.0), 0.0, 5) == [0, 1, 1.5, 1.25, None]


@pytest.mark.parametrize("within, first", [(0.2, 0.0), (0.0, None)])
def test_a_wait_asks_once_where_it_can(within: float, first: float | None) -> None:
    assert pauses(Polling(0.0, within), 0.0, 2) == [first, None]


@pytest.mark.parametrize("asked, pause", [(None, 1), (0.5, 1), (5.0, 5.0), (9.75, 9.75), (9.8, None)])
def test_a_wait_that_the_server_asks_for_is_kept_or_too_long(asked: float | None, pause: float | None) -> None:
    polling = Polling(0.0, 10.0)
    polling.next(0.0, 0.0)
    polling.put_off(asked)
    assert polling.next(0.0, 0.0) == pause


@pytest.mark.parametrize("within, limit", [(None, inf), (0, 0), (2.5, 2.5)])
def test_none_is_as_long_as_it_takes(within: float | None, limit: float) -> None:
    assert seconds(within) == limit


@pytest.mark.parametrize("within", [-1, inf, float("nan"), True, "60"])
def test_a_limit_is_a_number_of_seconds(within: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="within must be seconds"):
        seconds(within)
