"""Whether and when to repeat: a table, and what holds for every number in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import example, given, strategies as st

from aiomatatika import Repeat, Retries
from aiomatatika.transport.retry import (
    Failure,
    RetryBudget,
    parse_http_date,
    parse_retry_after,
    repeat_by_method,
    wait_before_repeat,
)

NOW = 1_700_000_000.0
AT_NOW = "Tue, 14 Nov 2023 22:13:20 GMT"


def wait(
    failure: Failure = Failure.FAILED,
    repeat: Repeat = Repeat.SAFE,
    *,
    attempt: int = 1,
    lost: int = 0,
    retries: Retries | None = None,
    retry_after: float | None = None,
    time_left: float = 60,
    chance: float = 0.5,
) -> float | None:
    return wait_before_repeat(
        failure,
        repeat,
        attempt=attempt,
        lost=lost,
        retries=retries or Retries(),
        retry_after=retry_after,
        time_left=time_left,
        chance=chance,
    )


# What the method says of itself


@pytest.mark.parametrize(
    "method, repeat",
    [
        *((method, Repeat.SAFE) for method in ("GET", "HEAD", "OPTIONS")),
        *((method, Repeat.IDEMPOTENT) for method in ("PUT", "DELETE")),
        *((method, Repeat.ONCE) for method in ("POST", "PATCH", "PURGE", "get", "")),
    ],
)
def test_a_method_that_promises_nothing_is_sent_once(method: str, repeat: Repeat) -> None:
    assert repeat_by_method(method) is repeat


# Whether


@pytest.mark.parametrize(
    "failure, repeatable",
    [
        (Failure.NOT_SENT, {Repeat.SAFE, Repeat.IDEMPOTENT, Repeat.ONCE}),
        (Failure.THROTTLED, {Repeat.SAFE, Repeat.IDEMPOTENT, Repeat.ONCE}),
        (Failure.LOST, {Repeat.SAFE, Repeat.IDEMPOTENT}),
        (Failure.DAMAGED, {Repeat.SAFE, Repeat.IDEMPOTENT}),
        (Failure.FAILED, {Repeat.SAFE, Repeat.IDEMPOTENT}),
        (Failure.NEVER, set()),
    ],
)
@pytest.mark.parametrize("repeat", Repeat)
def test_what_may_have_been_carried_out_is_not_repeated_where_twice_is_not_once(
    failure: Failure, repeatable: set[Repeat], repeat: Repeat
) -> None:
    lost = int(failure in {Failure.LOST, Failure.DAMAGED})
    assert (wait(failure, repeat, lost=lost) is not None) is (repeat in repeatable)


@pytest.mark.parametrize("failure", [Failure.LOST, Failure.DAMAGED])
def test_a_second_answer_that_is_lost_ends_the_call(failure: Failure) -> None:
    assert wait(failure, lost=1) is not None
    assert wait(failure, attempt=2, lost=2) is None


def test_earlier_losses_do_not_end_a_call_that_was_now_refused() -> None:
    for failure in (Failure.NOT_SENT, Failure.THROTTLED, Failure.FAILED):
        assert wait(failure, attempt=2, lost=2) is not None


@pytest.mark.parametrize("attempts", [1, 3, 20])
@pytest.mark.parametrize("failure", Failure)
def test_the_last_attempt_is_the_last(attempts: int, failure: Failure) -> None:
    assert wait(failure, attempt=attempts, retries=Retries(attempts=attempts)) is None


# How long


@pytest.mark.parametrize("attempt, longest", [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (19, 8)])
def test_the_wait_is_drawn_from_a_range_that_doubles_up_to_its_limit(attempt: int, longest: float) -> None:
    retries = Retries(attempts=20)
    assert wait(attempt=attempt, retries=retries, chance=0) == 0
    assert wait(attempt=attempt, retries=retries, chance=0.25) == longest / 4
    assert wait(attempt=attempt, retries=retries, chance=0.999) == pytest.approx(longest * 0.999)


def test_a_first_delay_above_the_longest_is_cut_to_it() -> None:
    assert wait(retries=Retries(first_delay=10, longest_delay=2), chance=0.5) == 1


def test_what_the_server_asks_for_comes_before_the_jitter() -> None:
    assert wait(Failure.THROTTLED, retry_after=3, chance=0) == 3
    assert wait(Failure.THROTTLED, retry_after=3, chance=0.5) == 3.25
    assert wait(Failure.THROTTLED, retry_after=0, chance=0.5) == 0.25


def test_a_wait_that_the_deadline_does_not_leave_room_for_is_not_begun() -> None:
    assert wait(retry_after=60, time_left=60) is None
    assert wait(retry_after=61, time_left=60) is None
    assert wait(time_left=0) is None
    assert wait(time_left=-1, chance=0) is None
    assert wait(time_left=0.25, chance=0.5) is None


def test_what_the_server_asks_for_is_not_given_up_for_the_jitter() -> None:
    assert wait(retry_after=59, time_left=60, attempt=2, retries=Retries(first_delay=8), chance=0.9) == 59.5


@given(
    failure=st.sampled_from(Failure),
    repeat=st.sampled_from(Repeat),
    attempt=st.integers(1, 25),
    lost=st.integers(0, 3),
    retries=st.builds(
        Retries,
        attempts=st.integers(1, 20),
        first_delay=st.floats(0.001, 86_400),
        longest_delay=st.floats(0.001, 86_400),
    ),
    retry_after=st.none() | st.floats(0, 10**9),
    time_left=st.floats(-10, 86_400),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_every_wait_is_what_the_server_asked_for_and_ends_before_the_deadline(
    failure: Failure,
    repeat: Repeat,
    attempt: int,
    lost: int,
    retries: Retries,
    retry_after: float | None,
    time_left: float,
    chance: float,
) -> None:
    seconds = wait(
        failure,
        repeat,
        attempt=attempt,
        lost=lost,
        retries=retries,
        retry_after=retry_after,
        time_left=time_left,
        chance=chance,
    )
    if seconds is not None:
        assert attempt < retries.attempts
        assert (retry_after or 0) <= seconds <= time_left
        assert seconds - (retry_after or 0) <= retries.longest_delay * 1.001


# The budget


def test_a_hundred_repeats_empty_the_budget() -> None:
    budget = RetryBudget()
    assert [budget.take() for _ in range(101)] == [True] * 100 + [False]


def test_a_call_that_succeeded_gives_back_what_its_repeats_cost() -> None:
    budget = RetryBudget()
    while budget.take():
        pass
    budget.give_back(2)
    assert [budget.take() for _ in range(3)] == [True, True, False]


def test_five_calls_without_repeats_give_back_one() -> None:
    budget = RetryBudget()
    while budget.take():
        pass
    for _ in range(5):
        assert not budget.take()
        budget.give_back(0)
    assert [budget.take(), budget.take()] == [True, False]


def test_the_budget_is_never_more_than_full() -> None:
    budget = RetryBudget()
    budget.give_back(3)
    assert budget.take()
    budget.give_back(1000)
    assert [budget.take() for _ in range(101)] == [True] * 100 + [False]


# Dates


@pytest.mark.parametrize("text", [AT_NOW, "Tuesday, 14-Nov-23 22:13:20 GMT", "Tue Nov 14 22:13:20 2023"])
def test_an_http_date_has_three_forms(text: str) -> None:
    assert parse_http_date(text) == NOW


def test_a_day_of_one_digit_is_padded_with_a_space() -> None:
    assert (
        parse_http_date("Sun Nov  6 08:49:37 1994") == parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777
    )


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "canary",
        "2023-11-14T22:13:20Z",
        "14 Nov 2023 22:13:20 GMT",
        "Tue, 14 Nov 2023 22:13:20",
        "Tue, 14 Nov 2023 22:13:20 UTC",
        "Tue, 14 Nov 2023 22:13:20 +0000",
        "Tue, 14 Nov 2023 22:13:20 GMT ",
        "Tue, 14 Nov 23 22:13:20 GMT",
        "Tue, 14 Nvo 2023 22:13:20 GMT",
        "Tue, 32 Nov 2023 22:13:20 GMT",
        "Tue, 14 Nov 2023 24:13:20 GMT",
        "Tue, 14 Nov 2023 22:13:60 GMT",
        "Tue, ١٤ Nov 2023 22:13:20 GMT",
        "tue, 14 nov 2023 22:13:20 gmt",
        "Tue, 14 Nov 2023 22:13:20 GMT, Tue, 14 Nov 2023 22:13:20 GMT",
    ],
)
def test_what_is_no_http_date_is_none(text: str | None) -> None:
    assert parse_http_date(text) is None


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001  # the zone is the other argument
def test_every_date_that_a_server_can_write_is_read(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert parse_http_date(format_datetime(moment, usegmt=True)) == moment.timestamp()


# Retry-After


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("0", 0),
        ("120", 120),
        (" 2\t", 2),
        ("007", 7),
        ("999999999", 999_999_999),
        ("9999999999", 10**9),
        ("9" * 5000, 10**9),
        (AT_NOW, 0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 10**9),
    ],
)
def test_retry_after_is_seconds_or_a_date_never_negative_and_never_endless(text: str, seconds: float) -> None:
    assert parse_retry_after(text, now=NOW) == seconds


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "-5",
        "+5",
        "1e3",
        "1_000",
        "٣",
        "²",
        "0x10",
        "1.5",
        "1,5",
        "nan",
        "inf",
        "5s",
        "5 5",
        "\n5",
        "5\xa0",
    ],
)
def test_any_other_retry_after_says_nothing(text: str | None) -> None:
    assert parse_retry_after(text, now=NOW) is None


date_like = st.tuples(
    st.sampled_from(["Mon, ", "Sunday, ", "Tue "]),
    st.text(st.sampled_from("0123456789 -:JanFebGMT"), max_size=25),
    st.sampled_from(["", " GMT", " 2023"]),
).map("".join)
exact_form = st.from_regex(
    re.compile(
        r"(Mon|Sun), \d\d (Jan|Feb|Xyz) \d{4} \d\d:\d\d:\d\d GMT|Mon (Jan|Foo) [ \d]\d \d\d:\d\d:\d\d \d{4}", re.ASCII
    ),
    fullmatch=True,
)


@given(st.text(st.characters()) | date_like | exact_form | st.integers().map(str), st.floats(-1e12, 1e12))
@example("Sun, 00 Jan 0000 00:00:00 GMT", NOW)
@example("Sunday, 31-Feb-00 99:99:99 GMT", NOW)
def test_whatever_the_text_there_is_a_number_of_seconds_or_none(text: str, now: float) -> None:
    seconds = parse_retry_after(text, now=now)
    assert seconds is None or 0 <= seconds <= 10**9
    if seconds is not None:
        assert text.isascii()
