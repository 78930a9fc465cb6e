"""Pages as Spring makes them: page, size and sort, and the links from one page to the next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from aiomatatika.testing.error_responses import RefusedError

__all__ = ["Listing", "Page", "page_of"]

T = TypeVar("T")

_MAX_SIZE = 2_000  # Spring's own limit: it cuts larger sizes without a word


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """What a list is made of.

    Attributes:
        items: All items, in the order in which they are listed without ``sort``.
        url: Its href, without a query.
        size: The size of a page where the query gives none.
        value: Returns the property of an item to sort by; None where the item does not have it.
        title: What the items are, for errors.
        filters: The other query parameters, which the links repeat.
    """

    items: Collection[T]
    url: str
    size: int
    value: Callable[[T, str], object]
    title: str
    filters: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True)
class Page(Generic[T]):
    """One page: its items, its links and its ``page`` object."""

    items: list[T]
    links: dict[str, Any]
    numbers: dict[str, int]


def page_of(parameters: Sequence[tuple[str, str]], listing: Listing[T]) -> Page[T]:
    """Return the page that a query asks for.

    Args:
        parameters: ``page`` (from 0), ``size``, and ``sort`` (``name,asc``) once or several times. A malformed number
            is ignored.
        listing: The list.

    Raises:
        RefusedError: The items have no such property to sort by.
    """
    query = dict(reversed(parameters))
    number = _number(query.get("page"), minimum=0, default=0)
    size = min(_number(query.get("size"), minimum=1, default=listing.size), _MAX_SIZE)
    sorts = [value for name, value in parameters if name == "sort" and value]
    ordered = _sorted(listing, sorts)
    count = len(ordered)
    total_pages = -(-count // size)
    others = [*(("sort", sort) for sort in sorts), *listing.filters.items()]

    def link(page: int) -> dict[str, str]:
        text = urlencode([("page", page), ("size", size), *others], safe=",", quote_via=quote)
        return {"href": f"{listing.url}?{text}"}

    links: dict[str, Any] = {}
    if total_pages > 1:
        links["first"] = link(0)
        if number > 0:
            links["prev"] = link(number - 1)
    links["self"] = link(number)
    if total_pages > 1:
        if number + 1 < total_pages:
            links["next"] = link(number + 1)
        links["last"] = link(total_pages - 1)
    numbers = {"size": size, "totalElements": count, "totalPages": total_pages, "number": number}
    return Page(ordered[number * size : (number + 1) * size], links, numbers)


def _sorted(listing: Listing[T], sorts: list[str]) -> list[T]:
    items = list(listing.items)
    for sort in reversed(sorts):  # sorting keeps the order of what is equal: the last one goes first
        name, _, direction = sort.partition(",")
        keyed = [(_sort_key(listing.value(item, name)), item) for item in items]
        if keyed and all(key == _MISSING for key, _ in keyed):
            raise RefusedError(400, f"No property '{name}' found for type '{listing.title}'")
        keyed.sort(key=lambda pair: pair[0], reverse=direction.lower() == "desc")
        items = [item for _, item in keyed]
    return items


_MISSING = (2, 0.0, "")


def _sort_key(value: object) -> tuple[int, float, str]:
    """Return a key by which values of any kind have an order: numbers, texts, what is missing."""
    match value:
        case None:
            return _MISSING
        case bool() | int() | float():
            return (0, float(value), "")
        case _:
            return (1, 0.0, str(value))


def _number(text: str | None, *, minimum: int, default: int) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 9:
        return default
    number = int(text)
    return number if number >= minimum else default
