"""Collections: pages fetched one after another, or some ahead. Where the walk goes is up to `walk`."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from yarl import URL

from aiomatatika.decoding.json_text import LARGE
from aiomatatika.errors import InvalidArgumentError, MatatikaError, PaginationError
from aiomatatika.paging.page import Page, PageDocument, read_page
from aiomatatika.paging.walk import PageWalk
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import DONE, Request, Response
from aiomatatika.transport.repeat import Repeat

__all__ = ["Collection", "Page", "PageSource", "Pages", "check_count"]

_logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_PAGES = 10_000
_MAX_PREFETCH = 100


def check_count(value: object, argument: str, *, least: int = 0, most: int = 10_000_000) -> None:
    """Raise `InvalidArgumentError` unless the value is a whole number of the range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidArgumentError(f"{argument} must be a whole number from {least} to {most}")


class PageSource(msgspec.Struct, Generic[T], frozen=True):
    """Where the pages of a collection come from.

    Attributes:
        client: Sends the GETs.
        cls: The class of the items.
        relation: The name that the items have in ``_embedded``.
        counted: Whether ``page`` objects count them, as of `PageWalk`.
    """

    client: Client
    cls: type[T]
    relation: str
    counted: bool = True

    def fetch(self, url: URL) -> Coroutine[Any, Any, Response]:
        """GET one page. To be awaited at once."""
        # DONE: a search that finds nothing ends with 204.
        return self.client.send(Request(method="GET", url=url, repeat=Repeat.SAFE, promised=DONE))

    async def try_fetch(self, url: URL) -> Response | MatatikaError:
        """GET one page ahead of its time. An error is returned, so that one that nobody comes to see is silent."""
        try:
            return await self.fetch(url)
        except MatatikaError as error:
            return error

    async def read(self, response: Response) -> PageDocument[T]:
        """Read a page, or raise a `ResponseError`; in a thread where it is large: the loop goes on meanwhile."""
        if len(response.body) <= LARGE:
            return response.promised(read_page(response, self.cls, self.relation))
        return response.promised(await asyncio.to_thread(read_page, response, self.cls, self.relation))

    async def page(self, response: Response) -> Page[T]:
        """Return the page that the response to another call than a GET holds.

        What the call did is done, and the items are good: a ``next`` that cannot be followed costs a WARNING alone.
        """
        name = f"{response.call.method} {response.call.path}"
        walk: PageWalk[T] = self.walk(response.url, MAX_PAGES, name, response.call.method)
        page = walk.accept(await self.read(response))
        if walk.blocked is not None:
            fields = response.call.log_fields(response.status)
            _logger.warning("%s: its next link is not followed: %s", name, walk.blocked, extra=fields)
        return page

    def walk(self, start: URL, max_pages: int, name: object, method: str = "GET") -> PageWalk[T]:
        """Return a walk that begins at a page; its warnings are logged under the name."""

        def warn(message: str) -> None:
            _logger.warning("%s: %s", name, message, extra={"method": method, "path": start.raw_path})

        root = self.client.state.root
        return PageWalk(start, resolve=root.resolve, max_pages=max_pages, warn=warn, counted=self.counted)


class Collection(Generic[T]):
    """A paginated collection. Nothing is sent until it is iterated, and each iteration starts anew.

    ``async for item in collection`` gives the items of every page; `pages` gives the pages. Every page is one GET, with
    a deadline and repeats of its own. Leaving the loop early leaves nothing behind.

    Raises (while iterating):
        MatatikaError: As the tree in `errors` says; its ``next_url`` is the page that failed, for `at`.
        PaginationError: The pages loop, stand still or never end.
        UnsafeLinkError: A ``next`` link leaves the API. The items before it have been delivered.
    """

    def __init__(self, source: PageSource[T], url: URL, prefetch: int = 0) -> None:
        self._source = source
        self._url = url
        self._prefetch = prefetch
        check_count(prefetch, "prefetch", most=_MAX_PREFETCH)  # last: a traceback with locals asks for the repr

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(self.pages())

    def pages(self, *, max_pages: int = MAX_PAGES) -> Pages[T]:
        """Return an iterator over the pages; one GET each.

        Args:
            max_pages: Where a walk without end is given up with a `PaginationError`.
        """
        check_count(max_pages, "max_pages", least=1)
        return Pages(self._source, self._walk(max_pages), self._prefetch)

    async def page(self) -> Page[T]:
        """Return the page that the collection begins with, for programs that show one at a time. One GET.

        ``await session.apikeys.list(page=3, size=20).page()`` is the fourth; `next_url` is None on the last.

        Raises:
            LinkError: The page has a ``next`` that cannot be followed: it is unsafe, leads back, or stands twice.
        """
        walk = self._walk()
        page = await anext(Pages(self._source, walk))
        if walk.blocked is not None:
            raise walk.blocked
        return page

    async def first(self) -> T | None:
        """Return the first item, or None of an empty collection. One GET, unless the first pages are empty."""
        async for page in Pages(self._source, self._walk()):
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
        pages = self.pages()
        try:
            async for page in pages:
                items += page.items
                if limit is not None and len(items) >= limit:
                    break
        finally:
            await pages.aclose()
        return items[:limit]

    async def count(self) -> int:
        """Return how many items there are: one GET, or a walk where the server does not say."""
        total = 0
        async for page in Pages(self._source, self._walk()):
            if page.total_elements is not None:
                return page.total_elements
            total += len(page.items)
        return total

    def at(self, url: str) -> Collection[T]:
        """Return the same collection from another page on: a ``next_url`` that a page or an error carried.

        Raises:
            UnsafeLinkError: The URL leaves the API. Nothing is sent.
            LinkError: The URL is a URI template. Nothing is sent.
        """
        return Collection(self._source, self._source.client.state.root.resolve(url), self._prefetch)

    def _walk(self, max_pages: int = MAX_PAGES) -> PageWalk[T]:
        return self._source.walk(self._url, max_pages, self)

    if not TYPE_CHECKING:  # a type checker is to say that it is not awaitable

        def __await__(self) -> Any:
            raise TypeError(
                "a Collection is not awaitable: use 'async for item in collection' for its items, "
                "or 'await collection.collect()' for a list of them"
            )

    def __repr__(self) -> str:
        return f"<Collection of {self._source.cls.__name__} at {self._url.raw_path}>"


class Pages(Generic[T]):
    """The pages of a collection, in order: an asynchronous iterator, made by `Collection.pages`.

    It holds no connection between two pages. With ``prefetch`` it has tasks, which `aclose`, the end of the walk, an
    error, a cancellation or forgetting the iterator all end.
    """

    def __init__(self, source: PageSource[T], walk: PageWalk[T], prefetch: int = 0) -> None:
        self._source = source
        self._walk: PageWalk[T] | None = walk  # None: it is over
        self._prefetch = prefetch
        self._ahead: deque[tuple[URL, asyncio.Task[Response | MatatikaError]]] = deque()
        self._dropped: set[asyncio.Task[Response | MatatikaError]] = set()  # cancelled, and not yet at their end
        self._after_those: list[URL] = []  # at most one: it goes out the moment that the first of them is back
        self._busy = False

    def __aiter__(self) -> Pages[T]:
        return self

    async def __anext__(self) -> Page[T]:
        self._check_idle()
        walk = self._walk
        if walk is None or walk.is_over:
            raise StopAsyncIteration
        self._busy = True
        try:
            return await self._step(walk)
        except MatatikaError as error:
            self._walk = None
            self._drop_ahead()
            if error.next_url is None and walk.next_url is not None:
                error.next_url = str(walk.next_url)
            raise
        except BaseException:
            self._drop_ahead()
            raise
        finally:
            self._busy = False

    async def _step(self, walk: PageWalk[T]) -> Page[T]:
        if walk.blocked is not None:
            raise walk.blocked
        assert walk.next_url is not None
        response = await (self._fetched_ahead() if self._ahead else self._source.fetch(walk.next_url))
        # Read here and not in the task: pages that come together would all be read before the first is delivered and
        # the next is asked for, and eight at a time would take a tenth longer.
        document = await self._source.read(response)
        try:
            page = walk.accept(document)
        except PaginationError as error:
            response.call.describe(error)
            raise
        if walk.blocked is not None:
            response.call.describe(walk.blocked)
        if self._prefetch:
            self._fetch_ahead(walk.ahead(self._prefetch + 1))
        return page

    def _check_idle(self) -> None:
        if self._busy:
            raise RuntimeError("two tasks iterate over the same pages: give each an iteration of its own")

    async def aclose(self) -> None:
        """End the walk; a page that is being fetched ahead is given up."""
        self._check_idle()
        self._walk = None
        self._drop_ahead()
        if self._dropped:
            await asyncio.wait(self._dropped)

    def __del__(self) -> None:
        for _, task in self._ahead:
            loop = task.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

    def _drop_ahead(self) -> None:
        if not self._ahead:
            self._after_those = []
            return
        for _, task in self._ahead:
            task.cancel()
            self._dropped.add(task)
            task.add_done_callback(self._dropped.discard)
        self._ahead.clear()
        self._after_those = []

    async def _fetched_ahead(self) -> Response:
        _, task = self._ahead[0]
        await asyncio.wait({task})
        self._ahead.popleft()
        fetched = task.result()
        if isinstance(fetched, MatatikaError):
            raise fetched
        if self._after_those:
            # On the wire before this page is read, for that takes a twentieth of the time that a request is under way.
            self._start(self._after_those)
            await asyncio.sleep(0)
        return fetched

    def _fetch_ahead(self, wanted: list[URL]) -> None:
        """Keep these pages in flight, but for the last, while the user works on the one before them."""
        if [url for url, _ in self._ahead] != wanted[: len(self._ahead)]:
            self._drop_ahead()
        self._start(wanted[len(self._ahead) : self._prefetch])
        self._after_those = wanted[self._prefetch :]

    def _start(self, urls: list[URL]) -> None:
        loop = asyncio.get_running_loop()
        self._ahead.extend((url, loop.create_task(self._source.try_fetch(url))) for url in urls)


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
