"""Retry-After and HTTP-dates: whatever a server writes is a number of seconds, or nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import example, given, strategies as st

from aiomatatika.transport.retry_after import parse_http_date, parse_retry_after, server_retry_after, server_time

NOW = 1_700_000_000.0
AT_NOW = "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.mark.parametrize(
    "text, seconds",
    [
        *((AT_NOW, NOW), ("Tuesday, 14-Nov-23 22:13:20 GMT", NOW), ("Tue Nov 14 22:13:20 2023", NOW)),
        *(("Sun Nov  6 08:49:37 1994", 784_111_777), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777)),
    ],
)
def test_an_http_date_has_three_forms(text: str, seconds: float) -> None:
    assert parse_http_date(text) == seconds


NO_DATES = [
    *("", "canary", "2023-11-14T22:13:20Z", "14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20"),
    *(f"Tue, 14 Nov 2023 22:13:20 {zone}" for zone in ("UTC", "+0000", "GMT ", f"GMT, {AT_NOW}")),
    *(f"Tue, {date} 22:13:20 GMT" for date in ("14 Nov 23", "14 Nvo 2023", "32 Nov 2023", "١٤ Nov 2023")),
    *(f"Tue, 14 Nov 2023 {time} GMT" for time in ("24:13:20", "22:13:60")),
    "tue, 14 nov 2023 22:13:20 gmt",
]


@pytest.mark.parametrize("text", [None, *NO_DATES])
def test_anything_else_is_no_http_date(text: str | None) -> None:
    assert parse_http_date(text) is None


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001  # the zone is the other argument
def test_every_date_that_a_server_can_write_is_read(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert parse_http_date(format_datetime(moment, usegmt=True)) == moment.timestamp()


@pytest.mark.parametrize(
    "text, seconds",
    [
        *(("0", 0), ("120", 120), (" 2\t", 2), ("007", 7), ("999999999", 999_999_999), ("1000000000", 10**9)),
        *(("9999999999", 10**9), ("9" * 5000, 10**9), (AT_NOW, 0), ("Tue, 14 Nov 2023 22:13:50 GMT", 30)),
        *(("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 10**9)),
        *((text, None) for text in (None, "", " ", "-5", "+5", "1e3", "1_000", "٣", "²", "0x10", "1.5", "1,5")),
        *((text, None) for text in ("nan", "inf", "5s", "5 5", "\n5", "5\xa0")),
    ],
)
def test_retry_after_is_seconds_or_a_date_never_negative_and_never_endless(
    text: str | None, seconds: float | None
) -> None:
    assert parse_retry_after(text, now=NOW) == seconds


def test_a_date_counts_from_the_servers_own_time() -> None:
    later = "Tue, 14 Nov 2023 22:13:50 GMT"
    assert server_retry_after({"Retry-After": later, "Date": AT_NOW}, NOW + 9_999) == 30
    assert server_retry_after({"Retry-After": later, "Date": "yesterday"}, NOW + 10) == 20
    assert server_retry_after({}, NOW) is None
    assert server_time({"Date": AT_NOW}, 5) == NOW
    assert server_time({}, 5) == 5


LIKE_A_DATE = re.compile(
    r"(Mon|Sun), \d\d (Jan|Feb|Xyz) \d{4} \d\d:\d\d:\d\d GMT|Mon (Jan|Foo) [ \d]\d \d\d:\d\d:\d\d \d{4}", re.ASCII
)


@given(st.text() | st.integers().map(str) | st.from_regex(LIKE_A_DATE, fullmatch=True), st.floats(-1e12, 1e12))
@example("Sun, 00 Jan 0000 00:00:00 GMT", NOW)
@example("Sunday, 31-Feb-00 99:99:99 GMT", NOW)
def test_whatever_the_text_there_is_a_number_of_seconds_or_none(text: str, now: float) -> None:
    seconds = parse_retry_after(text, now=now)
    assert seconds is None or (0 <= seconds <= 10**9 and text.isascii())
