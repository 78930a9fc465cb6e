"""A collection: pages, items and the short forms, each against a server. Where a walk goes is told in `test_walk`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from aiomatatika import (
    MatatikaError,
    MatatikaSession,
    PaginationError,
    ResponseError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer

from .pages import LIST, numbers_of, page_of, serve


async def test_nothing_is_sent_before_it_is_iterated_and_each_iteration_starts_anew(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    keys = session.apikeys.list()
    items = aiter(keys)
    assert not server.requests
    assert (await anext(items)).name == "default"
    assert server.requests.methods() == ["GET"]
    server.add_api_keys(1)
    assert len(await keys.collect()) == 2


async def test_a_page_says_where_it_stands(server: MatatikaServer, session: MatatikaSession) -> None:
    server.add_api_keys(4)
    pages = [page async for page in session.apikeys.list(size=2).pages()]
    assert [key.id for page in pages for key in page.items] == list(server.api_keys)
    assert [(page.number, page.size, page.total_elements, page.total_pages) for page in pages] == [
        (number, 2, 5, 3) for number in range(3)
    ]
    url = f"{server.url}{LIST}?page="
    assert [page.next_url for page in pages] == [f"{url}1&size=2", f"{url}2&size=2", None]


async def test_no_content_is_an_empty_collection(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path=LIST, status=204)
    assert await session.apikeys.list().first() is None


FIRST = page_of([1], following="?page=1")


@pytest.mark.parametrize(
    "pages, kind, next_query",
    [
        ([[]], ResponseError, ""),
        ([FIRST, {"_embedded": {"apikeys": [5]}}], ResponseError, "?page=1"),
        ([FIRST, page_of([2], following="/oauth")], UnsafeLinkError, "?page=1"),
        ([FIRST, page_of([1])], PaginationError, "?page=1"),
    ],
)
async def test_an_error_tells_of_its_call_and_its_page_and_ends_the_iteration(
    server: MatatikaServer, session: MatatikaSession, pages: list[Any], kind: type[MatatikaError], next_query: str
) -> None:
    serve(server, *pages)
    iterator = session.apikeys.list().pages()
    with pytest.raises(kind) as caught:
        async for _ in iterator:
            pass
    error = caught.value
    assert (error.method, error.path, error.attempts) == ("GET", LIST, 1)
    assert error.next_url == f"{server.url}{LIST}{next_query}"
    assert [page async for page in iterator] == []
    assert len(server.requests.api) == len(pages)


async def test_what_is_odd_about_a_collection_is_one_warning_that_names_it(
    server: MatatikaServer, session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    serve(server, page_of([1], page={"size": 9, "totalPages": 1, "number": 0, "totalElements": 2}))
    assert numbers_of(await session.apikeys.list(size=9).collect()) == [1]
    ((logger, _, text),) = [record for record in caplog.record_tuples if record[1] >= 30]
    assert logger == "aiomatatika"
    collection = f"<Collection of ApiKey at {LIST}>"
    assert text == f"{collection}: the walk delivered another number of items than the server counts"


async def test_each_page_has_a_deadline_of_its_own(server: MatatikaServer, session: MatatikaSession) -> None:
    server.add_api_keys(2)
    got = []
    async for key in session.apikeys.list(size=1):
        got.append(key.id)
        await server.clock.sleep(50)  # of the 60 that a call may take
    assert got == list(server.api_keys)


# The short forms


@pytest.mark.parametrize("pages", [1, 2])
async def test_first_asks_for_no_page_beyond_the_first_that_holds_something(
    server: MatatikaServer, session: MatatikaSession, pages: int
) -> None:
    serve(server, *[page_of([], following="?page=1")] * (pages - 1), page_of([7, 8], following="?page=2"))
    first = await session.apikeys.list(prefetch=5).first()
    assert first is not None
    assert (first.id.int, len(server.requests.api)) == (7, pages)


@pytest.mark.parametrize(
    "limit, items, requests", [(None, 5, 3), (0, 0, 0), (1, 1, 1), (2, 2, 1), (3, 3, 2), (9, 5, 3)]
)
async def test_collect_asks_for_no_page_beyond_its_limit(
    server: MatatikaServer, session: MatatikaSession, limit: int | None, items: int, requests: int
) -> None:
    server.add_api_keys(4)
    keys = await session.apikeys.list(size=2).collect(limit)
    assert [key.id for key in keys] == list(server.api_keys)[:items]
    assert len(server.requests.api) == requests


@pytest.mark.parametrize("total, count, requests", [({"totalElements": 45}, 45, 1), ({}, 3, 2)])
async def test_count_takes_the_word_of_the_server_or_walks(
    server: MatatikaServer, session: MatatikaSession, total: dict[str, int], count: int, requests: int
) -> None:
    serve(server, page_of([1, 2], following="?page=1", page=total), page_of([3], page=total))
    assert await session.apikeys.list(prefetch=3).count() == count
    assert len(server.requests.api) == requests


async def test_one_page_alone_is_one_get_and_leads_to_the_next(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.add_api_keys(9)
    keys = session.apikeys.list(page=1, size=4, prefetch=3)
    page = await keys.page()
    assert (page.number, server.requests.methods()) == (1, ["GET"])
    assert page.next_url is not None
    last = await keys.at(page.next_url).page()
    assert [key.id for key in [*page.items, *last.items]] == list(server.api_keys)[4:]
    assert last.next_url is None


# What it is not, and what it does not take


async def test_it_is_not_awaitable_and_says_what_to_do(session: MatatikaSession) -> None:
    keys: Any = session.apikeys.list()
    with pytest.raises(TypeError, match=r"async for item in collection.*await collection\.collect\(\)"):
        await keys


async def test_numbers_have_bounds(session: MatatikaSession) -> None:
    ask: dict[str, Callable[[int], Any]] = {
        "prefetch must be a whole number from 0 to 100": lambda number: session.apikeys.list(prefetch=number),
        "max_pages must be a whole number from 1 to 10000000": lambda number: keys.pages(max_pages=number),
        "limit must be a whole number from 0 to 10000000": lambda number: keys.collect(number).send(None),
    }
    keys = session.apikeys.list()
    for bounds, made in ask.items():
        least, most = (int(word) for word in bounds.split() if word.isdigit())
        for number in (least - 1, most + 1):
            with pytest.raises(ValueError, match=f"^{bounds}$"):
                made(number)
        if not bounds.startswith("limit"):
            for number in (least, most):
                made(number)


async def test_two_tasks_do_not_share_an_iteration_and_one_that_was_closed_gives_nothing_more(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.add_api_keys(30)
    held = server.faults.add(path=LIST, delay=(release := asyncio.Event()))
    pages = session.apikeys.list().pages()
    first = asyncio.ensure_future(anext(pages))
    await held.wait()
    for again in (anext(pages), pages.aclose()):
        with pytest.raises(RuntimeError, match="two tasks"):
            await again
    release.set()
    assert len((await first).items) == 20
    await pages.aclose()
    assert [page async for page in pages] == []
