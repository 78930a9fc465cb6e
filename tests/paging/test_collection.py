"""A collection: pages, items and the short forms, each against a server. Its errors and warnings: `test_P…`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aiomatatika import MatatikaSession
from aiomatatika.testing import MatatikaServer

from .pages import LIST, page_of, serve


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


async def test_two_tasks_do_not_share_an_iteration_and_one_that_was_closed_gives_nothing_more(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.add_api_keys(30)
    held = server.faults.add(path=LIST, delay=(release := asyncio.Event()))
    items: Any = aiter(session.apikeys.list())
    first = asyncio.ensure_future(anext(items))
    await held.wait()
    for again in (anext(items), items.aclose()):
        with pytest.raises(RuntimeError, match="two tasks"):
            await again
    release.set()
    assert (await first).name == "default"
    await items.aclose()
    assert [key async for key in items] == []
