"""Collections: pages asked for one after another, or some ahead."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
from yarl import URL

from aiomatatika.errors import InvalidArgumentError, MatatikaError
from aiomatatika.paging.page import Page, PageDocument, read_page
from aiomatatika.paging.walk import PageWalk
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.reading import read_off_the_loop
from aiomatatika.transport.retry import Repeat

__all__ = ["Collection", "Page"]

_logger = logging.getLogger("aiomatatika")

T = TypeVar("T")

MAX_PAGES = 10_000
_MAX_PREFETCH = 100
_PROMISED = frozenset({200, 204})  # search answers 204 where nothing was found


def check_count(value: object, argument: str, *, least: int = 0, most: int = 10_000_000) -> None:
    """Raise `InvalidArgumentError` unless the value is a whole number of the range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidArgumentError(f"{argument} must be a whole number from {least} to {most}")


@attrs.frozen
class _Source(Generic[T]):
    """Brings the pages of one collection: one GET each."""

    client: Client
    cls: type[T]
    relation: str

    async def fetch(self, url: URL) -> Response:
        """GET one page."""
        return await self.client.send(Request(method="GET", url=url, repeat=Repeat.SAFE, promised=_PROMISED))

    async def try_fetch(self, url: URL) -> Response | MatatikaError:
        """GET one page ahead of its time: a failure that nobody comes to see is no unretrieved exception."""
        try:
            return await self.fetch(url)
        except MatatikaError as error:
            return error

    async def read(self, response: Response) -> PageDocument[T]:
        """Read the answer to a GET."""
        return response.promised(
            await read_off_the_loop(response, lambda each: read_page(each, self.cls, self.relation))
        )


class Collection(Generic[T]):
    """A paginated collection. Nothing is sent until it is iterated, and each iteration starts anew.

    ``async for item in collection`` gives the items of every page; `pages` gives the pages. Every page is one GET, with
    a deadline and repeats of its own. Leaving the loop early leaves nothing behind.

    Raises (while iterating):
        MatatikaError: As the tree in `errors` says; its ``next_url`` is the page that failed, for `at`.
        PaginationError: The pages loop, stand still or never end.
        UnsafeLinkError: A ``next`` link leaves the API. The items before it have been delivered.
    """

    def __init__(self, client: Client, url: URL, cls: type[T], relation: str, prefetch: int = 0) -> None:
        self._source = _Source(client, cls, relation)
        self._url = url
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
        return self._walk(self._prefetch, max_pages)

    async def page(self) -> Page[T]:
        """Return the page that the collection begins with, for programs that show one at a time. One GET.

        ``await session.apikeys.list(page=3, size=20).page()`` is the fourth; `Page.next_url` tells whether more follow.
        """
        return await anext(self._walk())

    async def first(self) -> T | None:
        """Return the first item, or None of an empty collection. One GET, unless the first pages are empty."""
        async for page in self._walk():
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
        total = 0
        async for page in self._walk():
            if page.total_elements is not None:
                return page.total_elements
            total += len(page.items)
        return total

    def at(self, url: str) -> Collection[T]:
        """Return the same collection from another page on: a ``next_url`` that a page or an error carried.

        Raises:
            UnsafeLinkError: The URL leaves the API. Nothing is sent.
        """
        source = self._source
        target = source.client.state.root.resolve(url)
        return Collection(source.client, target, source.cls, source.relation, self._prefetch)

    def _walk(self, prefetch: int = 0, max_pages: int = MAX_PAGES) -> Pages[T]:
        walk: PageWalk[T] = PageWalk(
            self._url,
            resolve=self._source.client.state.root.resolve,
            max_pages=max_pages,
            warn=lambda message: _logger.warning("%s: %s", self, message),
        )
        return Pages(self._source, walk, prefetch)

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

    def __init__(self, source: _Source[T], walk: PageWalk[T], prefetch: int) -> None:
        self._source = source
        self._walk: PageWalk[T] | None = walk  # None: it is over
        self._prefetch = prefetch
        self._ahead: deque[tuple[URL, asyncio.Task[Response | MatatikaError]]] = deque()
        self._busy = False

    def __aiter__(self) -> Pages[T]:
        return self

    async def __anext__(self) -> Page[T]:
        self._check_idle()
        walk = self._walk
        if walk is None or (url := walk.next_url) is None:
            raise StopAsyncIteration
        self._busy = True
        try:
            if walk.blocked is not None:
                raise walk.blocked
            page = walk.accept(await self._load(url))
            self._fetch_ahead(walk)
        except MatatikaError as error:
            self._walk = None
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

    async def aclose(self) -> None:
        """End the walk; a page that is being fetched ahead is given up."""
        self._check_idle()
        self._walk = None
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
            return await self._source.read(await self._source.fetch(url))
        _, task = self._ahead[0]
        await asyncio.wait({task})
        self._ahead.popleft()
        outcome = task.result()
        if isinstance(outcome, MatatikaError):
            raise outcome
        # Read here and not in the task: pages that come together would all be read before the first is delivered and
        # the next is asked for, and eight at a time would take a tenth longer.
        return await self._source.read(outcome)

    def _fetch_ahead(self, walk: PageWalk[T]) -> None:
        """Keep the pages after this one in flight, while the user works on it."""
        wanted = walk.upcoming(self._prefetch) if self._prefetch else []
        if [url for url, _ in self._ahead] != wanted[: len(self._ahead)]:
            self._drop_ahead()
        for url in wanted[len(self._ahead) :]:
            task = asyncio.get_running_loop().create_task(self._source.try_fetch(url))
            self._ahead.append((url, task))


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
