"""The rules of a walk over pages: what of each page is new, and where the walk goes on. No I/O.

It follows HAL ``next`` links, each judged by the origin rule, and goes on by page number where the server sends none
though its ``page`` object says that more follow. It ends, whatever the server sends: pages that loop, stand still or
never end are a `PaginationError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar
from uuid import UUID

import msgspec
from yarl import URL

from aiomatatika.decoding.documents import path_list
from aiomatatika.errors import LinkError, PaginationError
from aiomatatika.paging.page import Page, PageDocument

__all__ = ["PageWalk", "RecentIds", "item_ids"]

T = TypeVar("T")

# A walk remembers up to twice as many ids and a page, so that its memory is bounded.
_REMEMBERED_IDS = 5_000


def item_ids(items: Iterable[object]) -> list[Hashable]:
    """Return what tells each item apart: its id, or None where it has none."""
    # A UUID hashes and compares in Python, its number does not: 0.1 us an item against 0.3 us.
    ids = [getattr(item, "id", None) for item in items]
    return [each.int if type(each) is UUID else each for each in ids]


def _digest(url: URL) -> bytes:
    """Return what a URL is known by: a walk of 10,000 pages remembers each, and a cursor can be long."""
    return hashlib.blake2b(str(url).encode(), digest_size=16).digest()


class RecentIds:
    """The ids of the items delivered last: in two sets, the older of which is forgotten when the newer is full."""

    __slots__ = ("_newer", "_older")

    def __init__(self) -> None:
        self._newer: set[Hashable] = set()
        self._older: set[Hashable] = set()

    def only_new(self, items: list[T], ids: list[Hashable]) -> list[T]:
        """Return the items that were not seen before, and remember them."""
        if len(self._newer) >= _REMEMBERED_IDS:
            self._newer, self._older = set(), self._newer
        unique = set(ids)
        if (
            len(unique) == len(ids)
            and None not in unique
            and unique.isdisjoint(self._newer)
            and unique.isdisjoint(self._older)
        ):
            self._newer |= unique
            return items
        return [item for item, identity in zip(items, ids, strict=True) if identity is None or self._is_new(identity)]

    def _is_new(self, identity: Hashable) -> bool:
        if identity in self._newer or identity in self._older:
            return False
        self._newer.add(identity)
        return True


class PageWalk(Generic[T]):
    """A walk, told of each page in turn.

    Args:
        start: The URL of the first page.
        resolve: Judges a link by the origin rule: the href, and the URL that answered.
        max_pages: Where a walk without end is given up.
        warn: Is told, once, of what is odd about the collection.

    Attributes:
        next_url: The page to ask for; None: the walk is over.
        blocked: Why that page cannot be asked for, if it cannot. The items before it have been good.
    """

    def __init__(
        self, start: URL, *, resolve: Callable[[str, URL], URL], max_pages: int, warn: Callable[[str], None]
    ) -> None:
        self.next_url: URL | None = start
        self.blocked: LinkError | None = None
        self._resolve = resolve
        self._max_pages = max_pages
        self._warn: Callable[[str], None] | None = warn
        self._last: PageDocument[T] | None = None  # without its items: they are the user's
        self._last_ids: list[Hashable] = []
        self._first_number: int | None = None
        self._recent = RecentIds()
        self._visited: set[bytes] = set()
        self._pages = 0
        self._items = 0
        self._had_links = False

    def accept(self, page: PageDocument[T]) -> Page[T]:
        """Take the page that `next_url` brought: return it with its new items, and move on.

        Raises:
            PaginationError: The walk stands still.
        """
        ids = item_ids(page.items)
        self._check_progress(page, ids)
        items = self._recent.only_new(page.items, ids)
        self._visited.update(_digest(url) for url in {self.next_url, page.url} if url)  # two where it was redirected
        self._pages += 1
        self._items += len(items)
        if self._last is None:
            self._first_number = page.number
        elif page.total_elements != self._last.total_elements:
            self._warn_once("the number of items changed during the walk: some may be missing")
        if page.unreadable:
            self._warn_once(f"not what was promised, and left out: {path_list(page.unreadable)}")
        self._last, self._last_ids = msgspec.structs.replace(page, items=[]), ids
        try:
            self.next_url = self._after(page)
        except LinkError as error:
            self.blocked = error
        return Page(
            items=items,
            number=page.number,
            size=page.size,
            total_elements=page.total_elements,
            total_pages=page.total_pages,
            next_url=str(self.next_url) if self.next_url and not self.blocked else None,
        )

    def upcoming(self, most: int) -> list[URL]:
        """Return the next URL and, where pages are numbered and counted, up to so many after it."""
        url, page = self.next_url, self._last
        if url is None or self.blocked:
            return []
        total, number = (page.page_count, page.number) if page else (None, None)
        if total is None or number is None or url.query.get("page") != str(number + 1):
            return [url]
        last = min(total, number + 1 + min(most, self._max_pages - self._pages))
        return [url, *(url.update_query(page=str(each)) for each in range(number + 2, last))]

    def _check_progress(self, page: PageDocument[T], ids: list[Hashable]) -> None:
        before = self._last.number if self._last else None
        if before is not None and page.number is not None and page.number <= before:
            raise PaginationError(f"the collection stands still: page {page.number} came after page {before}")
        if ids and ids == self._last_ids and None not in ids:
            raise PaginationError("the collection stands still: two pages hold the same items")

    def _after(self, page: PageDocument[T]) -> URL | None:
        """Return the URL of the page after this one, None where it is the last."""
        if len(page.next_hrefs) > 1:
            raise PaginationError(f"the page has {len(page.next_hrefs)} next links")
        if page.next_hrefs:
            self._had_links = True
            url = self._resolve(page.next_hrefs[0], page.url)
        elif page.says_more_follow and not self._had_links:
            url = page.url.update_query(page=str(page.number_or_asked + 1))
        else:
            self._check_whole(page)
            return None
        if _digest(url) in self._visited:
            raise PaginationError("the pages loop: a next link leads to a page that was there before")
        if self._pages >= self._max_pages:
            endless = PaginationError(f"no end after {self._pages} pages; go on with collection.at(error.next_url)")
            endless.next_url = str(url)
            raise endless
        return url

    def _check_whole(self, page: PageDocument[T]) -> None:
        if page.says_more_follow:
            self._warn_once("the next links end before the last page that the server counts")
        elif self._first_number == 0 and page.total_elements not in (None, self._items):
            self._warn_once("the walk delivered another number of items than the server counts")

    def _warn_once(self, message: str) -> None:
        if self._warn is not None:
            self._warn(message)
            self._warn = None
