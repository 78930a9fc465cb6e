"""Whether to repeat, and after how long: a table, and what holds for every number in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from aiomatatika import Repeat, Retries
from aiomatatika.transport.failure import Failure, failure_of
from aiomatatika.transport.repeat import repeat_by_method
from aiomatatika.transport.retry import FailedAttempt, wait_before_repeat

SAFE, IDEMPOTENT, ONCE = Repeat


def wait(
    failure: Failure = Failure.FAILED,
    retries: Retries = Retries(),  # noqa: B008  # frozen
    *,
    time_left: float = 60,
    chance: float = 0.5,
    **facts: Any,
) -> float | None:
    failed = FailedAttempt(failure=failure, **{"repeat": SAFE, "number": 1, **facts})
    return wait_before_repeat(failed, retries, time_left=time_left, chance=chance)


@pytest.mark.parametrize(
    "repeat, methods",
    [
        (SAFE, ["GET", "HEAD", "OPTIONS"]),
        (IDEMPOTENT, ["PUT", "DELETE"]),
        (ONCE, ["POST", "PATCH", "PURGE", "get", ""]),
    ],
)
def test_a_method_that_promises_nothing_is_sent_once(repeat: Repeat, methods: list[str]) -> None:
    assert [repeat_by_method(method) for method in methods] == [repeat] * len(methods)


@pytest.mark.parametrize(
    "failure, statuses",
    [
        (Failure.THROTTLED, [429]),
        (Failure.FAILED, [408, 425, 500, 502, 503, 504, 506, 599]),
        (None, [200, 302, 400, 401, 404, 407, 409, 418, 424, 426, 499, 501, 505, 600, 999]),
    ],
)
def test_what_an_error_status_stands_for(failure: Failure | None, statuses: list[int]) -> None:
    assert [failure_of(status) for status in statuses] == [failure] * len(statuses)


@pytest.mark.parametrize(
    "failure, may_have_acted, repeated",
    [
        *((Failure.NOT_SENT, False, {SAFE, IDEMPOTENT, ONCE}), (Failure.THROTTLED, False, {SAFE, IDEMPOTENT, ONCE})),
        *((Failure.LOST, True, {SAFE, IDEMPOTENT}), (Failure.DAMAGED, True, {SAFE, IDEMPOTENT})),
        *((Failure.FAILED, True, {SAFE, IDEMPOTENT}), (Failure.NEVER, False, set())),
    ],
)
def test_what_may_have_been_done_is_not_repeated_where_twice_differs_from_once(
    failure: Failure, may_have_acted: bool, repeated: set[Repeat]
) -> None:
    assert failure.may_have_acted is may_have_acted
    lost = int(failure in {Failure.LOST, Failure.DAMAGED})
    assert {repeat for repeat in Repeat if wait(failure, repeat=repeat, lost=lost) is not None} == repeated


@pytest.mark.parametrize("failure", [each for each in Failure if each is not Failure.NEVER])
def test_a_second_response_that_is_lost_ends_the_call_and_no_other_failure_does(failure: Failure) -> None:
    assert wait(failure, number=2, lost=1) is not None
    ends = failure in {Failure.LOST, Failure.DAMAGED}
    assert (wait(failure, number=2, lost=2) is None) is ends


@pytest.mark.parametrize("attempts", [1, 5, 19])
@pytest.mark.parametrize("failure", [each for each in Failure if each is not Failure.NEVER])
def test_the_last_attempt_is_the_last(attempts: int, failure: Failure) -> None:
    assert wait(failure, Retries(attempts=attempts), number=attempts) is None
    assert wait(failure, Retries(attempts=attempts + 1), number=attempts) is not None


@pytest.mark.parametrize("number, longest", [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (19, 8)])
def test_the_wait_is_drawn_from_the_upper_half_of_a_range_that_doubles(number: int, longest: float) -> None:
    retries = Retries(attempts=20)
    for chance, share in ((0, 0.5), (0.5, 0.75), (0.75, 0.875)):
        assert wait(retries=retries, number=number, chance=chance) == longest * share


def test_a_first_delay_above_the_longest_is_cut_to_it() -> None:
    assert wait(retries=Retries(first_delay=10, longest_delay=2), chance=0.5) == 1.5


@pytest.mark.parametrize(
    "retry_after, time_left, chance, seconds",
    [
        (3, 60, 0, 3),
        (3, 60, 0.5, 3.25),
        (0, 60, 0.5, 0.375),
        (59.9, 60, 0.9, 59.95),  # kept, and the jitter gives way
        *((60, 60, 0, None), (61, 60, 0, None), (None, 0, 0, None), (None, -1, 0, None), (None, 0.375, 0.5, None)),
        (None, 0.376, 0.5, 0.375),
    ],
)
def test_what_the_server_asks_for_comes_first_and_the_deadline_last(
    retry_after: float | None, time_left: float, chance: float, seconds: float | None
) -> None:
    waited = wait(Failure.THROTTLED, retry_after=retry_after, time_left=time_left, chance=chance)
    assert waited == (None if seconds is None else pytest.approx(seconds))


@given(
    failure=st.sampled_from(Failure),
    repeat=st.sampled_from(Repeat),
    number=st.integers(1, 25),
    lost=st.integers(0, 3),
    retries=st.builds(Retries, st.integers(1, 20), st.floats(0.001, 86_400), st.floats(0.001, 86_400)),
    retry_after=st.none() | st.floats(0, 10**9),
    time_left=st.floats(-10, 86_400),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_every_wait_is_what_the_server_asked_for_and_ends_before_the_deadline(
    failure: Failure, retries: Retries, time_left: float, chance: float, **facts: Any
) -> None:
    seconds = wait(failure, retries, time_left=time_left, chance=chance, **facts)
    if seconds is not None:
        asked = facts["retry_after"] or 0
        assert facts["number"] < retries.attempts
        assert asked <= seconds <= time_left
        assert seconds - asked <= retries.longest_delay * 1.001
