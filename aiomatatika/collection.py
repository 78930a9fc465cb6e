"""Collections and the walk over their pages.

The walk follows HAL ``next`` links, each judged by the origin rule; it goes on by page number where the server sends
none though its ``page`` object says that more follow. It ends, whatever the server sends: pages that loop, stand still
or never end are a `PaginationError`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from yarl import URL

from aiomatatika.decoding import Mismatch
from aiomatatika.errors import LinkError, MatatikaError, PaginationError, ResponseError
from aiomatatika.paging import Page, PageDocument, read_page
from aiomatatika.seen import Seen, identities
from aiomatatika.transport.call import Caller
from aiomatatika.transport.message import Reply, Request
from aiomatatika.transport.retry import Repeat

__all__ = ["Collection", "Page"]

_logger = logging.getLogger("aiomatatika")

T = TypeVar("T")

MAX_PAGES = 10_000
_MAX_PREFETCH = 100


def check_count(value: object, argument: str, *, least: int = 0, most: int = 10_000_000) -> None:
    """Raise `ValueError` unless the value is a whole number of the range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{argument} must be a whole number from {least} to {most}")


class Collection(Generic[T]):
    """A paginated collection. Nothing is sent until it is iterated, and each iteration starts anew.

    ``async for item in collection`` gives the items of every page; `pages` gives the pages. Every page is one GET, with
    a deadline and repeats of its own. Leaving the loop early leaves nothing behind.

    Raises (while iterating):
        MatatikaError: As the tree in `errors` says; its ``next_url`` is the page that failed, for `at`.
        PaginationError: The pages loop, stand still or never end.
        UnsafeLinkError: A ``next`` link leaves the API. The items before it have been delivered.
    """

    def __init__(self, caller: Caller, url: URL, cls: type[T], relation: str, prefetch: int = 0) -> None:
        self._caller = caller
        self._url = url
        self._cls = cls
        self._relation = relation
        self._prefetch = prefetch
        check_count(prefetch, "prefetch", most=_MAX_PREFETCH)

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(self.pages())

    def pages(self, *, max_pages: int = MAX_PAGES) -> Pages[T]:
        """Return an iterator over the pages; one GET each.

        Args:
            max_pages: Where a walk without end is given up with a `PaginationError`.
        """
        check_count(max_pages, "max_pages", least=1)
        return Pages(self, self._url, self._prefetch, max_pages)

    async def page(self) -> Page[T]:
        """Return the page that the collection begins with, for programs that show one at a time. One GET.

        ``await session.apikeys.list(page=3, size=20).page()`` is the fourth; `Page.next_url` tells whether more follow.
        """
        return await anext(Pages(self, self._url, 0, MAX_PAGES))

    async def first(self) -> T | None:
        """Return the first item, or None of an empty collection. One GET, unless the first pages are empty."""
        async for page in Pages(self, self._url, 0, MAX_PAGES):
            if page.items:
                return page.items[0]
        return None

    async def collect(self, limit: int | None = None) -> list[T]:
        """Return the items of all pages as a list.

        Args:
            limit: At most so many; no page beyond is asked for (but `prefetch` may be on its way). 0: none.
        """
        if limit is not None:
            check_count(limit, "limit")
        items: list[T] = []
        if limit == 0:
            return items
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                items += page.items
                if limit is not None and len(items) >= limit:
                    break
        return items[:limit]

    async def count(self) -> int:
        """Return how many items there are: one GET, or a walk where the server does not say."""
        pages = Pages(self, self._url, 0, MAX_PAGES)
        total = 0
        async for page in pages:
            if page.total_elements is not None:
                return page.total_elements
            total += len(page.items)
        return total

    def at(self, url: str) -> Collection[T]:
        """Return the same collection from another page on: a ``next_url`` that a page or an error carried.

        Raises:
            UnsafeLinkError: The URL leaves the API. Nothing is sent.
        """
        target = self._caller.core.root.resolve(url)
        return Collection(self._caller, target, self._cls, self._relation, self._prefetch)

    if not TYPE_CHECKING:  # a type checker is to say that it is not awaitable

        def __await__(self) -> Any:
            raise TypeError(
                "a Collection is not awaitable: use 'async for item in collection' for its items, "
                "or 'await collection.collect()' for a list of them"
            )

    def __repr__(self) -> str:
        return f"<Collection of {self._cls.__name__} at {self._url.raw_path}>"

    async def _fetch(self, url: URL) -> Reply:
        """GET one page."""
        return await self._caller.send(Request(method="GET", url=url, repeat=Repeat.SAFE))

    async def _settle(self, url: URL) -> Reply | MatatikaError:
        """GET one page ahead of its time: a failure that nobody comes to see is no unretrieved exception."""
        try:
            return await self._fetch(url)
        except MatatikaError as error:
            return error

    def _read(self, url: URL, reply: Reply) -> PageDocument[T]:
        """Read the answer to a GET."""
        page = read_page(reply.url, reply.status, reply.body, reply.media_type, self._cls, self._relation)
        if isinstance(page, Mismatch):
            error = ResponseError(page.text)
            error.method, error.path, error.attempts = "GET", url.raw_path, reply.attempts
            error.status = reply.status
            raise error
        return page

    def _resolve(self, href: str, base: URL) -> URL:
        return self._caller.core.root.resolve(href, base)


def _digest(url: URL) -> bytes:
    """Return what a URL is known by: a walk of 10,000 pages remembers each, and a cursor can be long."""
    return hashlib.blake2b(str(url).encode(), digest_size=16).digest()


class Pages(Generic[T]):
    """The walk over the pages of a collection: an asynchronous iterator, made by `Collection.pages`.

    It holds no connection between two pages. With ``prefetch`` it has tasks, which `aclose`, the end of the walk, an
    error, a cancellation or forgetting the iterator all end.
    """

    def __init__(self, collection: Collection[T], url: URL, prefetch: int, max_pages: int) -> None:
        self._collection = collection
        self._prefetch = prefetch
        self._max_pages = max_pages
        self._next: URL | None = url
        self._error: MatatikaError | None = None
        self._ahead: deque[tuple[URL, asyncio.Task[Reply | MatatikaError]]] = deque()
        self._busy = False
        self._visited: set[bytes] = set()
        self._seen = Seen()
        self._previous: PageDocument[T] | None = None  # without its items: they are the caller's
        self._previous_ids: list[Hashable] = []
        self._began_at: int | None = None
        self._pages = 0
        self._delivered = 0
        self._links_seen = False
        self._warned = False

    def __aiter__(self) -> Pages[T]:
        return self

    async def __anext__(self) -> Page[T]:
        self._check_idle()
        if self._next is None:
            raise StopAsyncIteration
        url = self._next
        self._busy = True
        try:
            self._raise_kept_error()
            page = self._accept(await self._load(url))
            self._fetch_ahead()
        except MatatikaError as error:
            self._next = self._error = None
            self._drop_ahead()
            error.next_url = error.next_url or str(url)
            raise
        except BaseException:
            self._drop_ahead()
            raise
        finally:
            self._busy = False
        return page

    def _check_idle(self) -> None:
        if self._busy:
            raise RuntimeError("two tasks iterate over the same pages: give each an iteration of its own")

    def _raise_kept_error(self) -> None:
        if self._error is not None:
            raise self._error

    async def aclose(self) -> None:
        """End the walk; a page that is being fetched ahead is given up."""
        self._check_idle()
        self._next = None
        tasks = self._drop_ahead()
        if tasks:
            await asyncio.wait(tasks)

    def __del__(self) -> None:
        for _, task in self._ahead:
            loop = task.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

    def _drop_ahead(self) -> list[asyncio.Task[Any]]:
        tasks: list[asyncio.Task[Any]] = [task for _, task in self._ahead]
        self._ahead.clear()
        for task in tasks:
            task.cancel()
        return tasks

    async def _load(self, url: URL) -> PageDocument[T]:
        if not self._ahead:
            reply = await self._collection._fetch(url)  # noqa: SLF001  # one idea in two classes
        else:
            _, task = self._ahead[0]
            await asyncio.wait({task})
            self._ahead.popleft()
            outcome = task.result()
            if isinstance(outcome, MatatikaError):
                raise outcome
            reply = outcome
        # Read here and not in the task: pages that come together would all be read before the first is delivered and
        # the next is asked for, and eight at a time would take a tenth longer.
        return self._collection._read(url, reply)  # noqa: SLF001  # as above

    def _accept(self, page: PageDocument[T]) -> Page[T]:
        """Check a page against the walk so far, and find out where the walk goes on."""
        before, asked = self._previous, self._next
        if (
            before is not None
            and before.number is not None
            and page.number is not None
            and page.number <= before.number
        ):
            raise PaginationError(f"the collection stands still: page {page.number} came after page {before.number}")
        ids = identities(page.items)
        if ids and ids == self._previous_ids and None not in ids:
            raise PaginationError("the collection stands still: two pages hold the same items")
        items = self._seen.only_new(page.items, ids)
        self._visited.add(_digest(page.url))
        if asked is not None and asked is not page.url:  # redirected
            self._visited.add(_digest(asked))
        self._pages += 1
        self._delivered += len(items)
        if before is None:
            self._began_at = page.number
        elif page.total_elements != before.total_elements:
            self._warn("the number of items changed during the walk: some may be missing")
        self._previous, self._previous_ids = msgspec.structs.replace(page, items=[]), ids
        try:
            self._next = self._where_next(page)
        except LinkError as error:
            # Kept for the next step: the items of this page are good.
            self._error = error
        next_url = None if self._next is None or self._error is not None else str(self._next)
        return Page(
            items=items,
            number=page.number,
            size=page.size,
            total_elements=page.total_elements,
            total_pages=page.total_pages,
            next_url=next_url,
        )

    def _where_next(self, page: PageDocument[T]) -> URL | None:
        if len(page.next_hrefs) > 1:
            raise PaginationError(f"the page has {len(page.next_hrefs)} next links")
        in_all, number = page.pages_in_all, page.number_or_asked
        more = in_all is not None and number + 1 < in_all
        if page.next_hrefs:
            self._links_seen = True
            url = self._collection._resolve(page.next_hrefs[0], page.url)  # noqa: SLF001  # as above
        elif more and not self._links_seen:
            url = page.url.update_query(page=str(number + 1))
        else:
            if more:
                self._warn("the next links end before the last page that the server counts")
            elif self._began_at == 0 and page.total_elements not in (None, self._delivered):
                self._warn("the walk delivered another number of items than the server counts")
            return None
        if _digest(url) in self._visited:
            raise PaginationError("the pages loop: a next link leads to a page that was there before")
        if self._pages >= self._max_pages:
            endless = PaginationError(f"no end after {self._pages} pages; go on with collection.at(error.next_url)")
            endless.next_url = str(url)
            raise endless
        return url

    def _warn(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            _logger.warning("%s: %s", self._collection, message)

    def _fetch_ahead(self) -> None:
        """Keep the pages after this one in flight, while the caller works on it."""
        if not self._prefetch or self._next is None or self._error is not None:
            self._drop_ahead()
            return
        wanted = self._urls_ahead(self._next)
        if [url for url, _ in self._ahead] != wanted[: len(self._ahead)]:
            self._drop_ahead()
        for url in wanted[len(self._ahead) :]:
            task = asyncio.get_running_loop().create_task(self._collection._settle(url))  # noqa: SLF001  # as above
            self._ahead.append((url, task))

    def _urls_ahead(self, url: URL) -> list[URL]:
        """Return the next URL and, where pages are numbered and counted, those after it."""
        page = self._previous
        in_all, number = (page.pages_in_all, page.number) if page else (None, None)
        if in_all is None or number is None or url.query.get("page") != str(number + 1):
            return [url]
        room = self._max_pages - self._pages
        last = min(in_all, number + 1 + min(self._prefetch, room))
        return [url, *(url.update_query(page=str(each)) for each in range(number + 2, last))]


class _Items(AsyncIterator[T]):
    """The items of all pages, one after another."""

    __slots__ = ("_items", "_pages")

    def __init__(self, pages: Pages[T]) -> None:
        self._pages = pages
        self._items: deque[T] = deque()

    async def __anext__(self) -> T:
        while not self._items:
            self._items.extend((await anext(self._pages)).items)
        return self._items.popleft()

    async def aclose(self) -> None:
        """End the walk."""
        await self._pages.aclose()
        self._items.clear()
