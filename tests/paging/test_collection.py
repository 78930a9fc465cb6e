"""The walk over a collection, page by page, against a server."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from aiomatatika import (
    AuthenticationError,
    Collection,
    MatatikaSession,
    Page,
    PaginationError,
    Profile,
    ResponseError,
    ServerError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer

from .pages import LIST, numbers_of, page_of, serve

# Pages and items


async def test_every_item_of_every_page_comes_once_and_in_order(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(44)
    assert [key.id async for key in matatika_session.apikeys.list()] == list(matatika_server.api_keys)
    assert matatika_server.requests.methods() == ["GET"] * 3


async def test_nothing_is_sent_before_the_first_item_and_one_page_for_it(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(44)
    items = aiter(matatika_session.apikeys.list())
    assert not matatika_server.requests
    assert (await anext(items)).name == "default"
    assert matatika_server.requests.methods() == ["GET"]


async def test_each_iteration_starts_anew(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    keys = matatika_session.apikeys.list()
    assert await keys.collect() == await keys.collect()
    matatika_server.add_api_keys(1)
    assert len(await keys.collect()) == 2


async def test_a_page_says_where_it_stands(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.add_api_keys(4)
    pages = [page async for page in matatika_session.apikeys.list(size=2).pages()]
    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert [(page.number, page.size, page.total_elements, page.total_pages) for page in pages] == [
        (number, 2, 5, 3) for number in range(3)
    ]
    url = f"{matatika_server.url}{LIST}?page="
    assert [page.next_url for page in pages] == [f"{url}1&size=2", f"{url}2&size=2", None]


async def test_pages_without_a_page_object_say_nothing_of_it(matatika_session: MatatikaSession) -> None:
    (page,) = [page async for page in matatika_session.profiles.list().pages()]
    assert (page.number, page.size, page.total_elements, page.total_pages, page.next_url) == (None,) * 5


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"_embedded": None},
        {"_embedded": []},
        {"_embedded": {}},
        {"_embedded": {"apikeys": None}},
        {"_embedded": {"apikeys": []}, "page": None, "_links": None},
    ],
)
async def test_an_empty_collection_takes_any_of_its_forms(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, document: Any
) -> None:
    serve(matatika_server, document)
    assert await matatika_session.apikeys.list().collect() == []


async def test_no_content_is_an_empty_collection(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path=LIST, status=204)
    assert await matatika_session.apikeys.list().first() is None


@pytest.mark.parametrize(
    "embedded", [{"keys": [{"id": f"{0:032x}"}]}, {"apikeys": {"id": "x"}}, {"apikeys": [5]}, {"apikeys": "x"}]
)
async def test_an_item_that_is_none_is_named_by_its_place(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, embedded: Any
) -> None:
    serve(matatika_server, {"_embedded": embedded})
    with pytest.raises(ResponseError, match=rf"^{next(iter(embedded))}\[0\]") as caught:
        await matatika_session.apikeys.list().collect()
    assert (caught.value.method, caught.value.path, caught.value.attempts) == ("GET", LIST, 1)
    assert caught.value.next_url == f"{matatika_server.url}{LIST}"


async def test_items_are_found_under_the_only_name_that_there_is(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    document = page_of([1])
    serve(matatika_server, {"_embedded": {"apiKeyResources": document["_embedded"]["apikeys"]}})
    assert numbers_of(await matatika_session.apikeys.list().collect()) == [1]


async def test_one_item_alone_may_stand_without_its_array(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    serve(matatika_server, {"_embedded": {"apikeys": page_of([1])["_embedded"]["apikeys"][0]}})
    assert numbers_of(await matatika_session.apikeys.list().collect()) == [1]


@pytest.mark.parametrize(
    "document, where",
    [
        (b"", "the body is empty"),
        (b"<html>", "not JSON"),
        (b"[]", "body"),
        (b'{"_embedded": 5}', "_embedded"),
        (b'{"_embedded": {"a": [], "b": []}}', "_embedded"),
        (b'{"page": []}', "page"),
        (b'{"page": {"number": -1}}', "page.number"),
        (b'{"page": {"size": true}}', "page.size"),
        (b'{"page": {"totalElements": "many"}}', "page.totalElements"),
        (b'{"page": {"totalPages": 1.5}}', "page.totalPages"),
    ],
)
async def test_a_page_that_is_none_is_a_response_error_that_says_where(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, document: bytes, where: str
) -> None:
    matatika_server.faults.add(path=LIST, body=document)
    with pytest.raises(ResponseError, match=f"^{where}"):
        await matatika_session.apikeys.list().collect()


async def test_numbers_of_a_page_may_be_written_as_text_or_with_a_fraction_of_zero(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    serve(matatika_server, page_of([1], page={"number": "0", "size": 20.0, "totalElements": "1", "totalPages": 1.0}))
    page = await anext(matatika_session.apikeys.list().pages())
    assert (page.number, page.size, page.total_elements, page.total_pages) == (0, 20, 1, 1)


# first, collect, count


async def test_first_asks_for_one_page(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.add_api_keys(44)
    first = await matatika_session.apikeys.list(prefetch=5).first()
    assert first is not None
    assert first.name == "default"
    assert len(matatika_server.requests.api) == 1


async def test_first_goes_on_while_pages_are_empty(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    serve(matatika_server, page_of([], following="?page=1"), page_of([7]))
    first = await matatika_session.apikeys.list().first()
    assert first is not None
    assert first.id.int == 7


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


async def test_count_takes_the_word_of_the_first_page(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(44)
    assert await matatika_session.apikeys.list().count() == 45
    assert len(matatika_server.requests.api) == 1


async def test_count_walks_where_the_server_does_not_say(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    serve(matatika_server, page_of([1, 2], following="?page=1"), page_of([3]))
    assert await matatika_session.apikeys.list().count() == 3


# What it is not


async def test_a_collection_is_not_awaitable_and_says_what_to_do(matatika_session: MatatikaSession) -> None:
    keys: Any = matatika_session.apikeys.list()
    with pytest.raises(TypeError, match=r"async for item in collection.*await collection\.collect\(\)"):
        await keys


async def test_its_repr_shows_what_and_where_without_the_query(matatika_session: MatatikaSession) -> None:
    assert repr(matatika_session.apikeys.list(size=3)) == f"<Collection of ApiKey at {LIST}>"


@pytest.mark.parametrize("limit", [-1, True, 2.0, "3"])
async def test_a_limit_that_is_none_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, limit: Any
) -> None:
    with pytest.raises(ValueError, match="limit must be a whole number"):
        await matatika_session.apikeys.list().collect(limit)
    with pytest.raises(ValueError, match="max_pages must be a whole number from 1"):
        matatika_session.apikeys.list().pages(max_pages=limit if limit != 2.0 else 0)
    assert not matatika_server.requests


async def test_two_tasks_do_not_share_an_iteration(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    held = matatika_server.faults.add(path=LIST, delay=(release := asyncio.Event()))
    pages = matatika_session.apikeys.list().pages()
    first: asyncio.Task[Page[Any]] = asyncio.create_task(anext(pages))
    await held.wait()
    with pytest.raises(RuntimeError, match="two tasks"):
        await anext(pages)
    with pytest.raises(RuntimeError, match="two tasks"):
        await pages.aclose()
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


# Errors on the way


async def test_a_page_that_fails_twice_costs_no_item(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(44)
    matatika_server.faults.add(path=LIST, query={"page": "1"}, status=503, times=2)
    assert [key.id async for key in matatika_session.apikeys.list()] == list(matatika_server.api_keys)
    assert len(matatika_server.requests.api) == 5


@pytest.mark.parametrize("prefetch", [0, 1, 3])
async def test_after_an_error_the_walk_can_be_resumed_where_it_broke(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, prefetch: int
) -> None:
    matatika_server.add_api_keys(9)
    matatika_server.faults.add(path=LIST, query={"page": "1"}, status=503, times=3)
    keys, got = matatika_session.apikeys.list(size=3, prefetch=prefetch), []
    with pytest.raises(ServerError) as caught:
        async for key in keys:
            got.append(key.id)  # noqa: PERF401  # what came before the error counts
    assert len(got) == 3
    assert caught.value.next_url == f"{matatika_server.url}{LIST}?page=1&size=3"
    got += [key.id async for key in keys.at(caught.value.next_url)]
    assert got == list(matatika_server.api_keys)


async def test_after_an_error_the_iteration_is_over(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path=LIST, json=[])
    pages = matatika_session.apikeys.list().pages()
    with pytest.raises(ResponseError):
        await anext(pages)
    assert [page async for page in pages] == []


async def test_a_token_that_is_refused_on_the_way_is_replaced_and_the_page_asked_for_again(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(11)
    got = []
    async for page in matatika_session.apikeys.list(size=1).pages():
        got += [key.id for key in page.items]
        if page.number == 5:
            matatika_server.revoke_tokens()
    assert got == list(matatika_server.api_keys)
    assert (len(matatika_server.requests.api), len(matatika_server.requests.token)) == (13, 2)


async def test_each_page_has_a_deadline_of_its_own(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(2)
    got = []
    async for key in matatika_session.apikeys.list(size=1):
        got.append(key.id)
        await matatika_server.clock.sleep(50)  # of the 60 that a call may take
    assert got == list(matatika_server.api_keys)


async def test_an_error_of_the_token_is_raised_with_the_page_to_go_on_from(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/oauth/token", status=401)
    with pytest.raises(AuthenticationError) as caught:
        await matatika_session.apikeys.list(page=3).collect()
    assert caught.value.next_url == f"{matatika_server.url}{LIST}?page=3"


async def test_the_connection_is_free_between_two_pages(matatika_server: MatatikaServer) -> None:
    matatika_server.add_api_keys(2)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http,
        matatika_server.session(http=http) as session,
    ):
        async for key in session.apikeys.list(size=1):
            assert (await session.apikeys.get(key)).id == key.id
            if key.name != "default":
                break
        assert await session.apikeys.list().count() == 3


# Resuming


async def test_a_page_can_be_gone_on_from_later(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(4)
    keys = matatika_session.apikeys.list(size=2)
    page = await anext(keys.pages())
    assert page.next_url is not None
    rest: Collection[Any] = keys.at(page.next_url)
    assert [key.id async for key in rest] == list(matatika_server.api_keys)[2:]


@pytest.mark.parametrize("url", ["https://elsewhere.example/api/apikeys/", "../../oauth/token", "ftp:x"])
async def test_a_walk_is_not_resumed_elsewhere(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, url: str
) -> None:
    with pytest.raises(UnsafeLinkError):
        matatika_session.apikeys.list().at(url)
    assert not matatika_server.requests


async def test_profiles_are_walked_as_well(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.add_profiles(2)
    profiles: list[Profile] = await matatika_session.profiles.list().collect()
    assert [profile.id for profile in profiles] == list(matatika_server.profiles)


async def test_an_endless_collection_is_given_up_after_max_pages(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.add_api_keys(6)
    keys = matatika_session.apikeys.list(size=1)
    got = []
    with pytest.raises(PaginationError, match="no end after 3 pages") as caught:
        async for page in keys.pages(max_pages=3):
            got += [key.id for key in page.items]
    assert len(matatika_server.requests.api) == 3
    assert caught.value.next_url is not None
    got += [key.id async for key in keys.at(caught.value.next_url)]
    assert got == list(matatika_server.api_keys)


async def test_one_page_alone_is_one_get(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.add_api_keys(9)
    page = await matatika_session.apikeys.list(page=1, size=4, prefetch=3).page()
    assert (len(page.items), page.number, page.total_elements, page.total_pages) == (4, 1, 10, 3)
    assert page.next_url is not None
    assert matatika_server.requests.methods() == ["GET"]
    assert (await matatika_session.apikeys.list(page=2, size=4).page()).next_url is None
    assert (await matatika_session.apikeys.list(page=7, size=4).page()).items == []
