"""Pages as Spring makes them: page, size and sort, and the links from one page to the next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from urllib.parse import quote

from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.store import StoredKey

__all__ = ["PageOfKeys", "page_of_keys"]

_MAX_SIZE = 2_000  # Spring's own limit: it cuts larger sizes without a word
_SORTABLE = {
    "id": "id",
    "name": "name",
    "created": "created_ns",
    "lastModified": "last_modified_ns",
    "clientId": "client_id",
    "profileId": "profile_id",
}


@dataclass(slots=True)
class PageOfKeys:
    """One page: its items, its links and its ``page`` object."""

    items: list[StoredKey]
    links: dict[str, Any]
    numbers: dict[str, int]


def page_of_keys(query: Mapping[str, str], keys: Collection[StoredKey], default_size: int, url: str) -> PageOfKeys:
    """Return the page that a query asks for.

    Args:
        query: ``page`` (from 0), ``size`` and ``sort`` (``name,asc``). A malformed number is ignored.
        keys: All keys, in the order in which they are listed without ``sort``.
        default_size: The size of a page where the query gives none.
        url: The collection's href, without a query.

    Raises:
        RefusedError: Keys cannot be sorted by this property.
    """
    number = _number(query.get("page"), minimum=0, default=0)
    size = min(_number(query.get("size"), minimum=1, default=default_size), _MAX_SIZE)
    sort = query.get("sort", "")
    ordered = list(keys)
    if sort:
        field, _, direction = sort.partition(",")
        if field not in _SORTABLE:
            raise RefusedError(400, f"No property '{field}' found for type 'ApiKey'")
        ordered.sort(key=attrgetter(_SORTABLE[field]), reverse=direction.lower() == "desc")
    total_pages = -(-len(keys) // size)

    def link(page: int) -> dict[str, str]:
        suffix = f"&sort={quote(sort, safe=',')}" if sort else ""
        return {"href": f"{url}?page={page}&size={size}{suffix}"}

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
    return PageOfKeys(
        ordered[number * size : (number + 1) * size],
        links,
        {"size": size, "totalElements": len(keys), "totalPages": total_pages, "number": number},
    )


def _number(text: str | None, *, minimum: int, default: int) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 9:
        return default
    number = int(text)
    return number if number >= minimum else default
