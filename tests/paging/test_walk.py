"""The rules of the walk, without a server: pages in; the next page to ask for, or an error, out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import pytest
from yarl import URL

from aiomatatika import Deployment, LinkError, PaginationError, UnsafeLinkError
from aiomatatika.paging.page import PageDocument
from aiomatatika.paging.walk import PageWalk
from aiomatatika.transport.urls import ApiRoot

ROOT = ApiRoot.of(Deployment("https://api.example.com/api"))
START = "https://api.example.com/api/apikeys"
REDIRECTED = URL("https://api.example.com/api/keys/?x=1")

CHANGED = "the number of items changed during the walk: some may be missing"
REPEATED = "a page holds the items of the page before it: the collection changed during the walk"
ENDS_EARLY = "the next links end before the last page that the server counts"
MISCOUNTED = "the walk delivered another number of items than the server counts"
STANDS = "the collection stands still"
SAME_ITEMS = f"{STANDS}: two pages hold the same items"
LOOPS = "the pages loop: a next link leads to a page that was there before"

Page = dict[str, Any]


@attrs.frozen
class Item:
    id: int


@attrs.frozen
class Row:
    """An item without an id."""

    value: int


def page(items: Iterable[Any], *hrefs: str, **members: Any) -> Page:
    """Return a page with the items of these ids, and these next links."""
    return {"items": [Item(each) if isinstance(each, int) else each for each in items], "next_hrefs": hrefs, **members}


def counted(number: int | None, total: int, items: Iterable[Any], *hrefs: str, size: int = 2) -> Page:
    """Return a page of two with a page object."""
    pages = -(-total // size)
    return page(items, *hrefs, number=number, size=size, total_elements=total, total_pages=pages)


class Walked:
    """A walk that was given these pages, for as long as it asked for one.

    Attributes:
        asked: The queries of the pages that it asked for, one more than it was given where it would go on.
        got: The ids that it delivered, or the items that have none.
        error: What ended it.
        warnings: What it said of the collection.
        ahead: The queries of the pages that it would have in flight after each page.
    """

    def __init__(
        self, *pages: Page, start: str = START, max_pages: int = 100, prefetch: int = 0, counted: bool = True
    ) -> None:
        self.asked: list[str] = []
        self.got: list[Any] = []
        self.error: LinkError | None = None
        self.warnings: list[str] = []
        self.ahead: list[list[str]] = []
        walk: PageWalk[Any] = PageWalk(
            URL(start, encoded=True),
            resolve=ROOT.resolve,
            max_pages=max_pages,
            warn=self.warnings.append,
            counted=counted,
        )
        for each in pages:
            if (url := walk.next_url) is None:
                break
            self.asked.append(url.raw_query_string)
            document: dict[str, Any] = {"url": url, **each}
            try:
                delivered = walk.accept(PageDocument(**document))
            except PaginationError as error:
                self.error = error
                return
            self.got += [getattr(item, "id", item) for item in delivered.items]
            assert delivered.next_url == (None if walk.next_url is None else str(walk.next_url))
            if prefetch:
                self.ahead.append([url.raw_query_string for url in walk.ahead(prefetch)])
        self.error = walk.blocked
        if walk.next_url is not None:
            self.asked.append(walk.next_url.raw_query_string)


# Where it goes on


@pytest.mark.parametrize(
    "start, first, following",
    [
        ("", {"number": 0, "total_pages": 2}, "page=1"),
        ("", {"number": 0, "total_elements": 3, "size": 2}, "page=1"),
        ("", {"number": 0, "total_elements": 2, "size": 2}, None),
        ("", {"number": 0, "total_elements": 3}, None),
        ("", {"number": 0, "total_elements": 3, "size": 0}, None),
        ("", {"number": 1, "total_pages": 2}, "page=2"),
        ("", {"total_pages": 2}, "page=1"),
        ("?page=4", {"total_pages": 6}, "page=5"),
        ("?page=4", {"total_pages": 5}, None),
        ("?size=2&q=%20+%2C%FF&page=0&x", {"number": 0, "total_pages": 2}, "size=2&q=%20+%2C%FF&page=1&x"),
        ("?subpage=7", {"number": 0, "total_pages": 2}, "subpage=7&page=1"),
        ("", {"number": 0, "total_pages": 2, "url": REDIRECTED}, "x=1&page=1"),
    ],
)
def test_where_there_is_no_link_it_goes_on_by_number_for_as_long_as_the_page_object_says(
    start: str, first: Page, following: str | None
) -> None:
    walked = Walked(page([1, 2], **first), start=START + start)
    assert walked.asked[1:] == ([] if following is None else [following])
    assert walked.error is None


@pytest.mark.parametrize(
    "start, pages",
    [
        *((start, [(1, [2, 3]), (2, [4, 5]), (3, [6])]) for start in ("", "?page=0", "?page=1")),
        # One that begins in the middle of pages that count from 0.
        *(("?page=1", [(1, [3, 4]), (2, items)]) for items in ([5], [5, 6])),
    ],
)
def test_pages_end_with_the_last_whether_they_count_from_0_or_from_1(
    start: str, pages: list[tuple[int, list[int]]]
) -> None:
    total = 5 if len(pages) == 3 else 4 + len(pages[-1][1])
    walked = Walked(*(counted(number, total, items) for number, items in pages), start=START + start)
    assert walked.got == [each for _, items in pages for each in items]
    assert (walked.asked[1:], walked.error, walked.warnings) == ([f"page={n}" for n, _ in pages[1:]], None, [])


@pytest.mark.parametrize(
    "pages, got, error",
    [
        ([page([1, 2]), page([3, 4]), page([5])], [1, 2, 3, 4, 5], None),
        ([page([1, 2]), page([])], [1, 2], None),
        # A server without page numbers sends the same again, or all at once.
        ([page([1, 2]), page([1, 2])], [1, 2], None),
        ([page([1, 2, 3])], [1, 2, 3], None),
        # Links and counts are believed before.
        ([page([1, 2], "?b"), page([3, 4])], [1, 2, 3, 4], None),
        ([page([1, 2], "?b"), page([1, 2], "?c")], [1, 2], SAME_ITEMS),
        ([counted(0, 2, [1, 2])], [1, 2], None),
    ],
)
def test_where_nothing_counts_the_page_after_a_full_one_is_asked_for(
    pages: list[Page], got: list[int], error: str | None
) -> None:
    walked = Walked(*pages, start=f"{START}?size=2", counted=False)
    assert (walked.got, len(walked.asked), walked.warnings) == (got, len(pages), [])
    assert (walked.error and str(walked.error)) == error


# Where it ends


@pytest.mark.parametrize(
    "last, error, said",
    [
        (page([9], "?page=1", "?page=2"), PaginationError, "the page has 2 next links"),
        (page([9], "https://evil.example/"), UnsafeLinkError, "a link names another host than the API's: not followed"),
        (page([9], "?page={n}"), LinkError, "a link is a URI template: expand it, or percent-encode its braces"),
        (page([9], "?page=2", next_is_template=True), LinkError, "the next link is a URI template: not followed"),
        *((page([9], href), PaginationError, LOOPS) for href in ("", "?page=1", START)),
        *((page([9], href, url=REDIRECTED), PaginationError, LOOPS) for href in (f"{START}?page=1", "/api/keys/?x=1")),
    ],
)
def test_a_page_that_leads_nowhere_is_delivered_before_its_error(last: Page, error: type, said: str) -> None:
    walked = Walked(page([1], "?page=1"), last)
    assert (walked.got, type(walked.error), str(walked.error)) == ([1, 9], error, said)
    assert walked.error is not None
    assert walked.error.next_url == f"{START}?page=1"


def test_a_walk_without_end_is_given_up_and_says_where_to_go_on() -> None:
    endless = [page([number], f"?page={number + 1}") for number in range(5)]
    walked = Walked(*endless, max_pages=3)
    assert walked.got == [0, 1, 2]
    assert isinstance(walked.error, PaginationError)
    assert str(walked.error) == "no end after 3 pages; go on with collection.at(error.next_url)"
    assert walked.error.next_url == f"{START}?page=3"
    assert Walked(*endless[:2], page([2]), max_pages=3).error is None


def still(*pages: Page) -> tuple[Any, ...]:
    return pages, None, SAME_ITEMS, []


@pytest.mark.parametrize(
    "pages, got, error, warnings",
    [
        # Links are followed, and an empty page is not the end.
        ([page([1, 2], "?a"), page([], "/api/apikeys?b"), page([3], f"{START}?c"), page([4])], [1, 2, 3, 4], None, []),
        ([page([], "?b"), page([], "?c"), page([1])], [1], None, []),
        # They stand still.
        ([page([1], "?b", number=4), page([2], number=4)], [1], f"{STANDS}: page 4 came after page 4", []),
        ([page([1], "?b", number=4), page([2], number=3)], [1], f"{STANDS}: page 3 came after page 4", []),
        still(page([1, 2], "?b"), page([1, 2], "?c")),
        still(page([1, 2], "?b", number=0), page([1, 2], "?c")),
        still(counted(0, 4, [1, 2], "?b"), counted(1, 4, [1, 2])),
        still(page([1, 2], number=0, total_pages=3), page([1, 2], number=1, total_pages=3)),
        still(page([1], "?b", number=0), page([1], "?c", number=1), page([1], "?d", number=2)),
        still(page([Row(1)], total_pages=3), page([Row(1)], total_pages=3)),
        still(page([1, Row(1)], total_pages=3), page([1, Row(1)], total_pages=3)),
        # They hold the same, and still advance.
        ([counted(0, 4, [1, 2], "?b"), counted(1, 6, [1, 2], "?c"), counted(2, 6, [3])], [1, 2, 3], None, [CHANGED]),
        ([counted(0, 4, [1, 2]), counted(1, 6, [1, 2]), counted(2, 6, [3])], [1, 2, 3], None, [CHANGED]),
        ([page([1], "?b", number=0), page([1], "?c", number=1), page([2], number=2)], [1, 2], None, [REPEATED]),
        # Items without ids may be equal where the pages advance.
        ([page([Row(1)], "?b"), page([Row(1)])], [Row(1), Row(1)], None, []),
        ([page([Row(1)], number=n, total_pages=2) for n in (0, 1)], [Row(1), Row(1)], None, []),
        ([page([Row(1)], total_pages=2), page([Row(2)], total_pages=2)], [Row(1), Row(2)], None, []),
        # No item is delivered twice.
        (
            [page([1, 2, 2], "?b"), page([2, 3], "?c"), page([Row(0), 1, 4], "?d"), page([Row(0), 5, Row(0)])],
            [1, 2, 3, Row(0), 4, Row(0), 5, Row(0)],
            None,
            [],
        ),
        # What does not add up is said once.
        ([counted(0, 3, [1, 2], "?b"), counted(1, 3, [3])], [1, 2, 3], None, []),
        ([counted(0, 3, [1, 2], "?b"), counted(1, 4, [3, 4])], [1, 2, 3, 4], None, [CHANGED]),
        ([counted(0, 3, [1, 2], "?b"), counted(1, 4, [3], "?c"), counted(2, 5, [4])], [1, 2, 3, 4], None, [CHANGED]),
        ([counted(0, 2, [1])], [1], None, [MISCOUNTED]),
        ([counted(0, 1, [1, 2])], [1, 2], None, [MISCOUNTED]),
        ([page([1], number=0, total_elements=0)], [1], None, [MISCOUNTED]),
        ([counted(1, 2, [1])], [1], None, [MISCOUNTED]),
        ([page([1], "?b", total_pages=5), page([2], total_pages=5)], [1, 2], None, [ENDS_EARLY]),
        *(([each], [each["items"][0].id], None, []) for each in (counted(2, 9, [5], size=9), page([1], number=0))),
        ([page([1], total_elements=7)], [1], None, []),
    ],
)
def test_the_outcome_of_a_walk(
    pages: list[Page], got: list[Any] | None, error: str | None, warnings: list[str]
) -> None:
    walked = Walked(*pages)
    assert (walked.error and str(walked.error), len(walked.asked)) == (error, len(pages))
    assert error is None or isinstance(walked.error, PaginationError)
    if got is not None:
        assert (walked.got, walked.warnings) == (got, warnings)


def test_what_the_user_does_to_a_list_of_items_is_nothing_to_the_walk() -> None:
    walk: PageWalk[Any] = PageWalk(URL(START), resolve=ROOT.resolve, max_pages=9, warn=print)
    walk.accept(PageDocument(url=URL(START), items=[Row(1)], total_pages=3)).items.clear()
    with pytest.raises(PaginationError, match="same items"):
        walk.accept(PageDocument(url=URL(f"{START}?page=1"), items=[Row(1)], total_pages=3))


@pytest.mark.parametrize("between, delivered", [(4_000, False), (7_999, False), (8_000, True)])
def test_four_thousand_ids_are_remembered_at_least_and_eight_thousand_at_most(between: int, delivered: bool) -> None:
    pages = [page([number], f"?page={number + 1}") for number in range(between)]
    assert (Walked(*pages, page([0]), max_pages=20_000).got[-1] == 0) is delivered


# Ahead


def pages_by(form: str, number: int, total: int = 7) -> Page:
    """Return a page whose next link has this form."""
    return page([number], *([form.format(number + 1)] if number + 1 < total else []), number=number, total_pages=total)


@pytest.mark.parametrize(
    "first, others, asked",
    [
        ("?page={}", "?page={}", "page={}"),
        ("?q=%20+%2C%FF&page={}&size=1", "?q=%20+%2C%FF&page={}&size=1", "q=%20+%2C%FF&page={}&size=1"),
        # The same page in another encoding.
        ("?q=a%20b&page={}&s=x,y", "?page={}&s=x%2Cy&q=a+b", "q=a%20b&page={}&s=x,y"),
    ],
)
def test_pages_are_predicted_by_replacing_the_number_alone(first: str, others: str, asked: str) -> None:
    walked = Walked(pages_by(first, 0), *(pages_by(others, number) for number in range(1, 7)), prefetch=3)
    queries = [asked.format(number) for number in range(1, 7)]
    assert walked.ahead == [queries[number : number + 3] for number in range(7)]
    assert walked.asked[1:] == queries


@pytest.mark.parametrize(
    "first, ahead",
    [
        (page([0], number=0, total_pages=3), ["page=1", "page=2"]),
        (page([0], number=1, total_pages=3), ["page=2", "page=3"]),
        (page([0], number=0, total_pages=1), []),
        (page([0], "https://evil.example/", number=0, total_pages=9), []),
        # Only the next one where the others cannot be told.
        (page([0], "?page=1", total_pages=7), ["page=1"]),
        (page([0], "?page=1", number=0), ["page=1"]),
        *((page([0], f"?{query}", number=0, total_pages=7), [query]) for query in ("page=2", "page=01", "cursor=1")),
        (page([0], "?page=1&page=1", number=0, total_pages=7), ["page=1&page=1"]),
    ],
)
def test_pages_are_predicted_for_as_long_as_there_are_some(first: Page, ahead: list[str]) -> None:
    assert Walked(first, prefetch=9).ahead == [ahead]


def test_no_page_beyond_max_pages_is_ahead() -> None:
    walked = Walked(*(pages_by("?page={}", number) for number in range(2)), prefetch=5, max_pages=3)
    assert walked.ahead == [["page=1", "page=2"], ["page=2"]]


@pytest.mark.parametrize("other", ["?page={}&q=2", "/api/keys?page={}&q=1", "?page={}&q=1&q=1", "?page={}"])
def test_the_first_prediction_that_is_wrong_is_the_last(other: str) -> None:
    walked = Walked(pages_by("?page={}&q=1", 0), pages_by(other, 1), pages_by(other, 2), prefetch=3)
    assert [len(each) for each in walked.ahead] == [3, 1, 1]
    assert walked.ahead[1] == [walked.asked[2]]


def test_a_prediction_is_not_taken_back_because_the_count_shrinks_and_more_are_made_where_it_grows() -> None:
    walked = Walked(pages_by("?page={}", 0, 5), pages_by("?page={}", 1, 3), pages_by("?page={}", 2, 9), prefetch=4)
    assert walked.ahead[1:] == [["page=2", "page=3", "page=4"], ["page=3", "page=4", "page=5", "page=6"]]
