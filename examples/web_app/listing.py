"""Which part of the list a page shows: its number, its order, and the name that is searched for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode

import attrs
from fastapi import Depends, Query

from aiomatatika import ApiKey, MatatikaSession

KEYS_A_PAGE = 10

Order = Literal["newest", "oldest", "name"]
ORDERS: Mapping[Order, str] = {"newest": "created,desc", "oldest": "created,asc", "name": "name,asc"}


class Place:
    """A place on the list, as its address says it."""

    def __init__(
        self,
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        sort: Order = "newest",
        q: Annotated[str, Query(max_length=200)] = "",
    ) -> None:
        self.number = page
        self.sort: Order = sort
        self.wanted = q.strip()

    def query(self, number: int | None = None, **more: object) -> str:
        """Return the query of this place, or of another page of the same list."""
        parts: dict[str, object] = {"page": number or self.number}
        if self.sort != "newest":
            parts["sort"] = self.sort
        if self.wanted:
            parts["q"] = self.wanted
        return urlencode(parts | more)


@attrs.frozen
class Part:
    """What is shown of a list."""

    keys: Sequence[ApiKey]
    total: int | None
    pages: int | None
    has_next: bool


async def load(session: MatatikaSession, place: Place) -> Part:
    """Load the keys of a place: one GET. To search, all keys are read, because the API does not search among them."""
    sort = ORDERS[place.sort]
    if not place.wanted:
        page = await session.apikeys.list(page=place.number - 1, size=KEYS_A_PAGE, sort=sort).page()
        return Part(page.items, page.total_elements, page.total_pages, page.next_url is not None)
    wanted = place.wanted.casefold()
    every = session.apikeys.list(size=100, sort=sort, prefetch=1)
    found = [key async for key in every if wanted in (key.name or "").casefold()]
    end = place.number * KEYS_A_PAGE
    return Part(found[end - KEYS_A_PAGE : end], len(found), math.ceil(len(found) / KEYS_A_PAGE), end < len(found))


AtPlace = Annotated[Place, Depends()]
