"""The page number in a URL, and whether two URLs ask for the same page."""

from __future__ import annotations

import pytest
from yarl import URL

from aiomatatika.paging.page_urls import is_same_page, page_number, with_page_number

PLACE = "https://api.example.com/api/a&page=9"


def url(query: str) -> URL:
    return URL(f"{PLACE}?{query}" if query else PLACE, encoded=True)


@pytest.mark.parametrize(
    "query, number, with_7",
    [
        ("", None, "page=7"),
        ("page=0", 0, "page=7"),
        ("page=12", 12, "page=7"),
        ("size=2&page=10&q=%20+%2C%FF", 10, "size=2&page=7&q=%20+%2C%FF"),
        *((f"page={text}", None, "page=7") for text in ("", "x", "1x", "01", "%31", "٣", "1234567890123456")),
        ("page=123456789012345", 123456789012345, "page=7"),
        ("page=1&page=2", None, "page=7&page=7"),
        ("subpage=1&pages=2", None, "subpage=1&pages=2&page=7"),
    ],
)
def test_the_number_is_read_and_replaced_and_nothing_else_is_touched(
    query: str, number: int | None, with_7: str
) -> None:
    assert page_number(url(query)) == number
    assert str(with_page_number(url(query), 7)) == f"{PLACE}?{with_7}"


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("a=1", "a=1", True),
        ("q=a%20b&s=x,y", "s=x%2Cy&q=a+b", True),
        ("q=%e9", "q=%E9", True),
        ("q=%FF", "q=%FE", False),
        ("q=a+b", "q=a%2Bb", False),
        ("s=1&s=2", "s=2&s=1", False),
        ("a=1", "a=1&b=", False),
        ("a=1", "a=2", False),
    ],
)
def test_the_same_page_may_be_written_in_many_ways(one: str, other: str, same: bool) -> None:
    assert is_same_page(url(one), url(other)) is same
    assert not is_same_page(url(one), URL(f"https://api.example.com/b?{one}", encoded=True))
