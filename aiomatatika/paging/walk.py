"""The rules of a walk over pages: what of each page is new, and where the walk goes on. No I/O.

It follows HAL ``next`` links, each judged by the origin rule, and goes on by page number where the server sends none
though its ``page`` object says that more follow. A collection without ``page`` objects goes on by page number from page
to page as long as they are full. It ends, whatever the server sends: pages that loop, stand still or never end are a
`PaginationError`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar

import msgspec
from yarl import URL

from aiomatatika.decoding.documents import path_list
from aiomatatika.errors import LinkError, PaginationError
from aiomatatika.paging.page import Page, PageDocument
from aiomatatika.paging.page_urls import is_same_page, page_number, with_page_number
from aiomatatika.paging.recent_ids import RecentIds, item_ids

__all__ = ["PageWalk"]

T = TypeVar("T")


class _LastPage(msgspec.Struct, frozen=True):
    """What is remembered of the last page. Its items are the user's, and are kept only where they have no ids."""

    number: int | None = None
    total_elements: int | None = None
    page_count: int | None = None
    ids: list[Hashable] = []
    items_without_ids: list[Any] | None = None
    is_repeat: bool = False


_NO_PAGE: Final = _LastPage()


class PageWalk(Generic[T]):
    """A walk: it says which page to ask for, and is told of each that came.

    Args:
        start: The URL of the first page.
        resolve: Judges a link by the origin rule: the href, and the URL that answered.
        max_pages: Where a walk without end is given up.
        warn: Is told, once, of what is odd about the collection.
        counted: Whether the collection has ``page`` objects, or is one page. Otherwise the page after a full one is
            asked for: it can be empty, or the same again where the server has no page numbers either.

    Attributes:
        next_url: The page to ask for; None: the walk is over, or blocked.
        blocked: Why the page after the last one cannot be asked for, if so. The pages before it are good.
    """

    def __init__(  # noqa: PLR0913  # the rules of one walk; each has its name
        self,
        start: URL,
        *,
        resolve: Callable[[str, URL], URL],
        max_pages: int,
        warn: Callable[[str], None],
        counted: bool = True,
    ) -> None:
        self.next_url: URL | None = start
        self.blocked: LinkError | None = None
        self._resolve = resolve
        self._max_pages = max_pages
        self._warn: Callable[[str], None] | None = warn
        self._is_counted = counted
        self._last = _NO_PAGE
        self._came_by_link = False
        self._had_links = False
        self._counted_from: int | None = None  # None: it began in the middle, and will be 0 until it shows to be 1
        self._began_at_first = False
        self._recent = RecentIds()
        # Hashes, for a cursor can be long and a walk have 10,000 pages: two of them agree once in 10**11 such walks.
        self._visited: set[int] = set()
        self._pages = 0
        self._items = 0
        self._predicted: list[URL] = []
        self._may_predict = True

    @property
    def is_over(self) -> bool:
        """Whether the last page was the last of the collection."""
        return self.next_url is None and self.blocked is None

    def accept(self, page: PageDocument[T]) -> Page[T]:
        """Take the page that `next_url` brought: return it with its new items, and move on.

        Raises:
            PaginationError: The walk stands still.
        """
        ids = item_ids(page.items)
        if self._pages:
            self._check_progress(page, ids)
        else:
            self._begin(page)
        self._remember(page, ids)
        items = self._recent.only_new(page.items, ids)
        asked = self.next_url
        self._visited |= {hash(asked), hash(page.url)}  # two, where it was redirected
        self._pages += 1
        self._items += len(items)
        if page.unreadable:
            self._warn_once(f"not what was promised, and left out: {path_list(page.unreadable)}")
        try:
            self.next_url = self._after(page)
        except LinkError as error:
            error.next_url = error.next_url or str(asked)
            self.next_url, self.blocked = None, error
        return Page(
            items=items,
            number=page.number,
            size=page.size,
            total_elements=page.total_elements,
            total_pages=page.total_pages,
            next_url=str(self.next_url) if self.next_url is not None else None,
        )

    def ahead(self, most: int) -> list[URL]:
        """Return the next pages: one where there are links alone, up to so many where pages are numbered and counted.

        Predictions end with the first that a link proves wrong, and none is taken back while a smaller count is the
        only reason: so a walk never fetches in vain what it has in flight more than once.
        """
        url = self.next_url
        if url is None:
            return []
        number, count = self._last.number, self._last.page_count
        if self._may_predict and number is not None and count is not None and page_number(url) == number + 1:
            end = min(count + (self._counted_from or 0), number + 1 + min(most, self._max_pages - self._pages))
            unpredicted = range(number + 2 + len(self._predicted), end)
            self._predicted += [with_page_number(url, each) for each in unpredicted]
        return [url, *self._predicted]

    def _begin(self, page: PageDocument[T]) -> None:
        """Find out whether pages count from 0, as this API's do, or from 1."""
        if page.number_or_asked == 0:
            self._counted_from = 0
        elif page.number == 1 and not page_number(page.url):
            self._counted_from = 1
        self._began_at_first = page.number is not None and page.number == self._counted_from

    def _remember(self, page: PageDocument[T], ids: list[Hashable]) -> None:
        self._last = _LastPage(
            number=page.number,
            total_elements=page.total_elements,
            page_count=page.page_count,
            ids=ids,
            items_without_ids=list(page.items) if None in ids else None,
            is_repeat=ids == self._last.ids,
        )

    def _check_progress(self, page: PageDocument[T], ids: list[Hashable]) -> None:
        before, number = self._last.number, page.number
        if before is not None and number is not None and number <= before:
            raise PaginationError(f"the collection stands still: page {number} came after page {before}")
        if page.total_elements != self._last.total_elements:
            self._warn_once("the number of items changed during the walk: some may be missing")
        if ids and ids == self._last.ids and not self._is_guess(page):
            self._check_repeat(page, advanced=before is not None and number is not None)

    def _check_repeat(self, page: PageDocument[T], *, advanced: bool) -> None:
        """Tell a server that stands still from one where exactly a page of items was put in before this page."""
        last = self._last
        if last.items_without_ids is not None:
            # Equal items may well be different ones: only where nothing else shows progress do they end the walk.
            stands_still = not advanced and not self._came_by_link and page.items == last.items_without_ids
        elif not advanced:
            stands_still = True
        elif page.total_elements is None:
            stands_still = last.is_repeat or not self._came_by_link
        else:
            stands_still = page.total_elements == last.total_elements
        if stands_still:
            raise PaginationError("the collection stands still: two pages hold the same items")
        if last.items_without_ids is None:
            self._warn_once("a page holds the items of the page before it: the collection changed during the walk")

    def _after(self, page: PageDocument[T]) -> URL | None:
        """Return the URL of the page after this one, None where it is the last."""
        if len(page.next_hrefs) > 1:
            raise PaginationError(f"the page has {len(page.next_hrefs)} next links")
        if page.next_is_template:
            raise LinkError("the next link is a URI template: not followed")
        self._came_by_link = bool(page.next_hrefs)
        if page.next_hrefs:
            self._had_links = True
            url = self._resolve(page.next_hrefs[0], page.url)
        elif not self._had_links and (self._more_follow(page) or self._may_follow(page)):
            url = with_page_number(page.url, page.number_or_asked + 1)
        else:
            self._check_whole(page)
            return None
        if self._predicted:
            url = self._as_predicted(url)
        if hash(url) in self._visited:
            raise PaginationError("the pages loop: a next link leads to a page that was there before")
        if self._pages >= self._max_pages:
            endless = PaginationError(f"no end after {self._pages} pages; go on with collection.at(error.next_url)")
            endless.next_url = str(url)
            raise endless
        return url

    def _as_predicted(self, url: URL) -> URL:
        """Return the predicted URL where it asks for the same page: it is on its way, perhaps in another encoding."""
        if is_same_page(url, self._predicted[0]):
            return self._predicted.pop(0)
        self._may_predict, self._predicted = False, []
        return url

    def _more_follow(self, page: PageDocument[T]) -> bool:
        """Tell whether this is not the last page, as far as the ``page`` object tells."""
        count, number = page.page_count, page.number_or_asked
        if count is None:
            return False
        if self._counted_from is None and number + 1 == count and page.size and page.total_elements is not None:
            # Only here can a walk that began in the middle see it: this page holds more than the last has left.
            self._counted_from = int(number * page.size + len(page.items) > page.total_elements)
        return number + 1 - (self._counted_from or 0) < count

    def _is_guess(self, page: PageDocument[T]) -> bool:
        """Tell whether nothing but its number speaks for a page: no link led to it, and nothing counts."""
        return not self._is_counted and not self._came_by_link and page.page_count is None

    def _may_follow(self, page: PageDocument[T]) -> bool:
        return self._is_guess(page) and page.is_full and not self._last.is_repeat

    def _check_whole(self, page: PageDocument[T]) -> None:
        if self._more_follow(page):
            self._warn_once("the next links end before the last page that the server counts")
        elif self._began_at_first and page.total_elements not in {None, self._items}:
            self._warn_once("the walk delivered another number of items than the server counts")

    def _warn_once(self, message: str) -> None:
        if self._warn is not None:
            self._warn(message)
            self._warn = None
