"""A collection: pages, items and the short forms, each against a server. Where a walk goes is told in `test_walk`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from aiomatatika import (
    AuthenticationError,
    LinkError,
    MatatikaError,
    MatatikaSession,
    PaginationError,
    ResponseError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer

from .pages import LIST, numbers_of, page_of, serve


async def test_nothing_is_sent_before_it_is_iterated_and_each_iteration_starts_anew(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    keys = matatika_session.apikeys.list()
    items = aiter(keys)
    assert not matatika_server.requests
    assert (await anext(items)).name == "default"
    assert matatika_server.requests.methods() == ["GET"]
    matatika_server.add_api_keys(1)
    assert len(await keys.collect()) == 2


async def test_a_page_says_where_it_stands(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.add_api_keys(4)
    pages = [page async for page in matatika_session.apikeys.list(size=2).pages()]
    assert [key.id for page in pages for key in page.items] == list(matatika_server.api_keys)
    assert [(page.number, page.size, page.total_elements, page.total_pages) for page in pages] == [
        (number, 2, 5, 3) for number in range(3)
    ]
    url = f"{matatika_server.url}{LIST}?page="
    assert [page.next_url for page in pages] == [f"{url}1&size=2", f"{url}2&size=2", None]


async def test_pages_without_a_page_object_say_nothing_of_it(matatika_session: MatatikaSession) -> None:
    (page,) = [page async for page in matatika_session.profiles.list().pages()]
    assert (page.number, page.size, page.total_elements, page.total_pages, page.next_url) == (None,) * 5


async def test_no_content_is_an_empty_collection(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path=LIST, status=204)
    assert await matatika_session.apikeys.list().first() is None


@pytest.mark.parametrize(
    "pages, kind, next_query",
    [
        ([[]], ResponseError, ""),
        ([page_of([1], following="?page=1"), {"_embedded": {"apikeys": [5]}}], ResponseError, "?page=1"),
        ([page_of([1], following="?page=1"), page_of([2], following="/oauth")], UnsafeLinkError, "?page=1"),
        ([page_of([1], following="?page=1"), page_of([1])], PaginationError, "?page=1"),
    ],
)
async def test_an_error_tells_of_its_call_and_its_page_and_ends_the_iteration(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    pages: list[Any],
    kind: type[MatatikaError],
    next_query: str,
) -> None:
    serve(matatika_server, *pages)
    iterator = matatika_session.apikeys.list().pages()
    with pytest.raises(kind) as caught:
        async for _ in iterator:
            pass
    error = caught.value
    assert (error.method, error.path, error.attempts) == ("GET", LIST, 1)
    assert error.next_url == f"{matatika_server.url}{LIST}{next_query}"
    assert [page async for page in iterator] == []
    assert len(matatika_server.requests.api) == len(pages)


async def test_an_error_of_the_token_is_raised_with_the_page_to_go_on_from(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/oauth/token", status=401)
    with pytest.raises(AuthenticationError) as caught:
        await matatika_session.apikeys.list(page=3).collect()
    assert caught.value.next_url == f"{matatika_server.url}{LIST}?page=3"


async def test_what_is_odd_about_a_collection_is_one_warning_that_names_it(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, caplog: pytest.LogCaptureFixture
) -> None:
    page = {"size": 9, "totalPages": 1, "number": 0}
    serve(matatika_server, page_of([1], page=page | {"totalElements": 2}))
    assert numbers_of(await matatika_session.apikeys.list(size=9).collect()) == [1]
    ((logger, _, text),) = [record for record in caplog.record_tuples if record[1] >= 30]
    assert logger == "aiomatatika"
    assert (
        text
        == f"{matatika_session.apikeys.list()!r}: the walk delivered another number of items than the server counts"
    )


async def test_each_page_has_a_deadline_of_its_own(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(2)
    got = []
    async for key in matatika_session.apikeys.list(size=1):
        got.append(key.id)
        await matatika_server.clock.sleep(50)  # of the 60 that a call may take
    assert got == list(matatika_server.api_keys)


async def test_the_connection_is_free_between_two_pages(matatika_server: MatatikaServer) -> None:
    matatika_server.add_api_keys(2)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http,
        matatika_server.session(http=http) as session,
    ):
        async for key in session.apikeys.list(size=1):
            assert (await session.apikeys.get(key)).id == key.id


# The short forms


@pytest.mark.parametrize("pages", [1, 2])
async def test_first_asks_for_no_page_beyond_the_first_that_holds_something(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, pages: int
) -> None:
    serve(matatika_server, *[page_of([], following="?page=1")] * (pages - 1), page_of([7, 8], following="?page=2"))
    first = await matatika_session.apikeys.list(prefetch=5).first()
    assert first is not None
    assert first.id.int == 7
    assert len(matatika_server.requests.api) == pages


@pytest.mark.parametrize(
    "limit, items, requests", [(None, 5, 3), (0, 0, 0), (1, 1, 1), (2, 2, 1), (3, 3, 2), (9, 5, 3)]
)
async def test_collect_asks_for_no_page_beyond_its_limit(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, limit: int | None, items: int, requests: int
) -> None:
    matatika_server.add_api_keys(4)
    keys = await matatika_session.apikeys.list(size=2).collect(limit)
    assert [key.id for key in keys] == list(matatika_server.api_keys)[:items]
    assert len(matatika_server.requests.api) == requests


@pytest.mark.parametrize("total, count, requests", [({"totalElements": 45}, 45, 1), ({}, 3, 2)])
async def test_count_takes_the_word_of_the_server_or_walks(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    total: dict[str, int],
    count: int,
    requests: int,
) -> None:
    serve(matatika_server, page_of([1, 2], following="?page=1", page=total), page_of([3], page=total))
    assert await matatika_session.apikeys.list(prefetch=3).count() == count
    assert len(matatika_server.requests.api) == requests


async def test_one_page_alone_is_one_get_and_leads_to_the_next(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(9)
    keys = matatika_session.apikeys.list(page=1, size=4, prefetch=3)
    page = await keys.page()
    assert (len(page.items), page.number, page.total_elements, page.total_pages) == (4, 1, 10, 3)
    assert matatika_server.requests.methods() == ["GET"]
    assert page.next_url is not None
    last = await keys.at(page.next_url).page()
    assert [key.id for key in [*page.items, *last.items]] == list(matatika_server.api_keys)[4:]
    assert last.next_url is None
    assert (await matatika_session.apikeys.list(page=7, size=4).page()).items == []


# What it is not, and what it does not take


async def test_it_is_not_awaitable_and_says_what_to_do(matatika_session: MatatikaSession) -> None:
    keys: Any = matatika_session.apikeys.list()
    with pytest.raises(TypeError, match=r"async for item in collection.*await collection\.collect\(\)"):
        await keys


async def test_its_repr_shows_what_and_where_without_the_query(matatika_session: MatatikaSession) -> None:
    assert repr(matatika_session.apikeys.list(size=3)) == f"<Collection of ApiKey at {LIST}>"


@pytest.mark.parametrize(
    "ask, bounds",
    [
        (lambda keys, number: keys(prefetch=number), "prefetch must be a whole number from 0 to 100"),
        (lambda keys, number: keys().pages(max_pages=number), "max_pages must be a whole number from 1 to 10000000"),
        (lambda keys, number: keys().collect(number).send(None), "limit must be a whole number from 0 to 10000000"),
    ],
)
async def test_numbers_out_of_range_are_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, ask: Callable[[Any, Any], Any], bounds: str
) -> None:
    least, most = (int(word) for word in bounds.split() if word.isdigit())
    for number in (least - 1, most + 1, True, 2.0, "2"):
        with pytest.raises(ValueError, match=f"^{bounds}$"):
            ask(matatika_session.apikeys.list, number)
    if not bounds.startswith("limit"):
        for number in (least, most):
            ask(matatika_session.apikeys.list, number)
    assert not matatika_server.requests


async def test_two_tasks_do_not_share_an_iteration(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    held = matatika_server.faults.add(path=LIST, delay=(release := asyncio.Event()))
    pages = matatika_session.apikeys.list().pages()

    async def next_page() -> Any:
        return await anext(pages)

    first = asyncio.create_task(next_page())
    await held.wait()
    for again in (next_page(), pages.aclose()):
        with pytest.raises(RuntimeError, match="two tasks"):
            await again
    release.set()
    assert len((await first).items) == 1


async def test_an_iteration_that_was_closed_gives_nothing_more(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(3)
    items: Any = aiter(matatika_session.apikeys.list())
    await anext(items)
    await items.aclose()
    assert [key async for key in items] == []


@pytest.mark.parametrize("url, kind", [("https://elsewhere.example/api/apikeys", UnsafeLinkError), ("{?x}", LinkError)])
async def test_a_walk_is_not_resumed_elsewhere(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, url: str, kind: type[LinkError]
) -> None:
    with pytest.raises(kind):
        matatika_session.apikeys.list().at(url)
    assert not matatika_server.requests
