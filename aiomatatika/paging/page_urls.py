"""The page number in a URL, and whether two URLs ask for the same page. No I/O."""

from __future__ import annotations

import re
from operator import itemgetter
from urllib.parse import parse_qsl

from yarl import URL

__all__ = ["is_same_page", "page_number", "with_page_number"]

_PAGE = re.compile(r"(?:(?<=&)|^)page=([^&]*)")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


def page_number(url: URL) -> int | None:
    """Return the page number that a URL asks for; None where there is none, or not one alone in plain digits."""
    values = _PAGE.findall(url.raw_query_string)
    return int(values[0]) if len(values) == 1 and _NUMBER.fullmatch(values[0]) else None


def with_page_number(url: URL, number: int) -> URL:
    """Return the URL with another page number. The rest of the query goes out as it came, byte for byte."""
    place, _, query = str(url).partition("?")
    numbered, found = _PAGE.subn(f"page={number}", query)
    if not found:
        numbered = f"{query}&page={number}" if query else f"page={number}"
    return URL(f"{place}?{numbered}", encoded=True)


def is_same_page(one: URL, other: URL) -> bool:
    """Tell whether two URLs ask for the same page, however each encodes and orders its query."""
    return str(one) == str(other) or _meaning(one) == _meaning(other)


def _meaning(url: URL) -> tuple[str, list[tuple[str, str]]]:
    place, _, query = str(url).partition("?")
    # surrogateescape: bytes that are not UTF-8 stay apart from one another.
    parameters = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    return place, sorted(parameters, key=itemgetter(0))  # the values of one name keep their order
