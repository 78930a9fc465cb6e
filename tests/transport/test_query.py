"""Query parameters: Python values as the API reads them."""

from __future__ import annotations

import enum
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from yarl import URL

from aiomatatika import InvalidArgumentError, Secret
from aiomatatika.transport.query import query_string, with_params

PLACE = "https://api.example.com/api/x"


class Word(enum.StrEnum):
    READY = "ready"


class Number(enum.IntEnum):
    TWO = 2


class Odd(enum.Enum):
    TRUE = True
    BYTES = b"canary"


@pytest.mark.parametrize(
    "value, query",
    [
        *(("name,asc", "q=name,asc"), ("", "q="), ("a b+c&d=é/@:;", "q=a+b%2Bc%26d%3D%C3%A9/@:%3B"), (5, "q=5")),
        *((-0.5, "q=-0.5"), (True, "q=true"), (False, "q=false"), (None, ""), ([], "")),
        *((["a", None, 2, True], "q=a&q=2&q=true"), (("a", "a"), "q=a&q=a"), (date(2026, 1, 2), "q=2026-01-02")),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "q=2026-01-02T03:04:00"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, timezone(timedelta(hours=5))), "q=2026-01-01T22:04:05.000006"),
        (UUID(int=1), "q=00000000-0000-0000-0000-000000000001"),
        *((Word.READY, "q=ready"), (Number.TWO, "q=2"), (Odd.TRUE, "q=true")),
    ],
)
def test_a_value_as_it_is_sent(value: Any, query: str) -> None:
    assert query_string({"q": value}) == query


@pytest.mark.parametrize(
    "value",
    [
        *(b"canary", {"canary": 1}, {"canary"}, object(), Secret("canary"), Decimal(1), iter(["canary"]), 1j),
        *(float("nan"), float("inf"), 10**5_000, "canary\ud800", Odd.BYTES, [["canary"]], [b"canary"], time(1)),
        *(datetime(2026, 1, 2), datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))),  # noqa: DTZ001  # naive
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_has_no_form_in_a_query_is_refused_and_not_shown(value: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        query_string({"q": value})
    assert re.fullmatch(
        r"the query parameter 'q' cannot be this \w+: it must be text, a finite number, a bool, a date, an aware "
        r"datetime, a UUID, an Enum, or a list of these",
        str(caught.value),
    )
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_message_shows_no_more_than_the_beginning_of_a_long_name() -> None:
    with pytest.raises(InvalidArgumentError, match=f"'{'n' * 60}'"):
        query_string({"n" * 61: b""})


@pytest.mark.parametrize("params", [[("a", 1), ("b", [2, 3]), ("a", 4)], (("a", 1), ["b", (2, 3)], ("a", 4))])
def test_pairs_keep_their_order_and_may_repeat_a_name(params: Any) -> None:
    assert query_string(params) == "a=1&b=2&b=3&a=4"


@pytest.mark.parametrize(
    "params", ["a=1", b"", 5, object(), {"a"}, iter([("a", 1)]), ["ab"], [("a",)], [("a", 1, 2)], [None]]
)
def test_what_is_neither_a_mapping_nor_pairs_is_refused(params: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^params must be a mapping or a list of pairs"):
        query_string(params)


@pytest.mark.parametrize("name", ["", 5, None, b"a", "\ud800"])
def test_a_name_is_text(name: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^the name of a query parameter must be a str that is not empty"):
        query_string({name: 1})


@pytest.mark.parametrize(
    "url, params, expected",
    [
        *((PLACE, {"a b&": 1}, f"{PLACE}?a+b%26=1"), (f"{PLACE}?a=%FF%2C", {"b": 1}, f"{PLACE}?a=%FF%2C&b=1")),
        *((f"{PLACE}?a=1", {"a": 2}, f"{PLACE}?a=1&a=2"), (f"{PLACE}?a=1", {"a": None}, f"{PLACE}?a=1")),
        (PLACE, [], PLACE),
    ],
)
def test_parameters_are_added_to_a_query_that_stays_as_it_is(url: str, params: Any, expected: str) -> None:
    assert str(with_params(URL(url, encoded=True), params)) == expected
