"""P: what happens to a walk over pages on its way, P01 and P14 to P22. Where links lead: `test_paging_links`."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any
from uuid import UUID

import aiohttp
import attrs
import pytest

from aiomatatika import ApiError, ApiKey, MatatikaSession, Page, PaginationError, Secret, ServerError
from aiomatatika.testing import MatatikaServer

from ..cancellation import interrupted_everywhere
from ..paging.pages import LIST, numbers_of, page_of, serve
from .conftest import Witness


def warnings_in(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


@contextlib.asynccontextmanager
async def session_on_one_connection(server: MatatikaServer) -> AsyncIterator[MatatikaSession]:
    """Open a session that can have no second connection: one that is not given back shows at once."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http,
        server.session(http=http) as session,
    ):
        yield session


async def assert_walks(server: MatatikaServer, session: MatatikaSession) -> None:
    assert [key.id async for key in session.apikeys.list(size=2)] == list(server.api_keys)


async def test_P01_three_pages(server: MatatikaServer) -> None:
    server.add_api_keys(44)
    async with server.session() as session:
        got = []
        async for key in session.apikeys.list(size=20):
            got.append(key.id)
            assert len(server.requests.api) == -(-len(got) // 20)
    assert got == list(server.api_keys)
    assert server.requests.methods() == ["GET"] * 3


@pytest.mark.parametrize("prefetch", [0, 2])
async def test_P14_page_2_fails_twice(server: MatatikaServer, prefetch: int) -> None:
    server.add_api_keys(44)
    server.faults.add(query={"page": "1"}, status=503, times=2)
    async with server.session() as session:
        assert [key.id async for key in session.apikeys.list(prefetch=prefetch)] == list(server.api_keys)
    assert len(server.requests.api) == 5


@pytest.mark.parametrize("prefetch", [0, 2])
async def test_P15_page_2_fails_for_good(server: MatatikaServer, witness: Witness, prefetch: int) -> None:
    server.add_api_keys(44)
    server.faults.add(query={"page": "1"}, status=503, times=3)
    got: list[UUID] = []
    async with server.session() as session:
        keys = session.apikeys.list(prefetch=prefetch)
        with witness.raises(ApiError) as caught:
            async for page in keys.pages():
                got += [key.id for key in page.items]
        assert isinstance(caught.value, ServerError)
        assert (caught.value.status, caught.value.path, caught.value.attempts) == (503, LIST, 3)
        assert caught.value.next_url == f"{server.url}{LIST}?page=1&size=20"
        assert got == list(server.api_keys)[:20]
        got += [key.id async for key in keys.at(caught.value.next_url)]
    assert got == list(server.api_keys)


@pytest.mark.parametrize("prefetch", [0, 3])
async def test_P16_token_expires_mid_walk(server: MatatikaServer, prefetch: int) -> None:
    server.add_api_keys(23)
    server.faults.add(query={"page": "6"}, status=401)
    async with server.session() as session:
        pages = [page async for page in session.apikeys.list(size=2, prefetch=prefetch).pages()]
    assert [page.number for page in pages] == list(range(12))
    assert [key.id for page in pages for key in page.items] == list(server.api_keys)
    assert (len(server.requests.token), len(server.requests.api)) == (2, 13)


def insert(server: MatatikaServer) -> None:
    server.add_api_keys(1, "zzz")


def delete(server: MatatikaServer) -> None:
    last = max(server.api_keys.values(), key=lambda key: key.name)
    server._store.delete_key(last)


@pytest.mark.parametrize("change", [insert, delete])
async def test_P17_collection_changes_under_the_walk(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture, change: Callable[[MatatikaServer], None]
) -> None:
    server.add_api_keys(8)
    before = set(server.api_keys)
    got: list[UUID] = []
    async with server.session() as session:
        async for page in session.apikeys.list(size=2, sort="name,desc").pages():
            got += [key.id for key in page.items]
            if page.number == 0:
                change(server)
    assert len(got) == len(set(got))
    assert set(got) == before if change is insert else len(got) >= len(before) - 2
    assert [text.partition(": ")[2] for text in warnings_in(caplog)] == [
        "the number of items changed during the walk: some may be missing"
    ]


async def leave_by_break(session: MatatikaSession, prefetch: int) -> None:
    async for _ in session.apikeys.list(size=2, prefetch=prefetch):
        break


async def leave_by_aclose(session: MatatikaSession, prefetch: int) -> None:
    async with aclosing(session.apikeys.list(size=2, prefetch=prefetch).pages()) as pages:
        await anext(pages)


async def leave_by_an_exception(session: MatatikaSession, prefetch: int) -> None:
    with pytest.raises(ZeroDivisionError):
        async for _ in session.apikeys.list(size=2, prefetch=prefetch):
            raise ZeroDivisionError


@pytest.mark.parametrize("prefetch", [0, 1, 3])
@pytest.mark.parametrize("leave", [leave_by_break, leave_by_aclose, leave_by_an_exception])
async def test_P18_caller_stops_early(
    server: MatatikaServer, leave: Callable[[MatatikaSession, int], Awaitable[None]], prefetch: int
) -> None:
    server.add_api_keys(8)
    async with session_on_one_connection(server) as session:
        await leave(session, prefetch)
        await assert_walks(server, session)


@pytest.mark.parametrize("prefetch", [0, 1])
async def test_P19_caller_cancelled_mid_page(server: MatatikaServer, witness: Witness, prefetch: int) -> None:
    server.add_api_keys(4)

    async def walk(session: MatatikaSession) -> list[Page[ApiKey]]:
        return [page async for page in session.apikeys.list(size=2, prefetch=prefetch).pages()]

    suspensions = 0
    async for session, ending in interrupted_everywhere(lambda: session_on_one_connection(server), walk):
        suspensions += 1
        witness.saw(ending.error)
        await assert_walks(server, session)
    assert suspensions >= 4


async def test_P21_secret_inside_a_list(
    server: MatatikaServer, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = {"accessToken": "canary-access-token-of-a-key", "somePassword": "canary-password-of-a-key"}

    def edit(document: dict[str, Any]) -> None:
        document["_embedded"]["apikeys"][0] |= secrets

    server.faults.add(path=LIST, edit=edit)
    async with server.session() as session:
        page = await anext(session.apikeys.list().pages())
    witness.secrets |= set(secrets.values())
    (key,) = page.items
    shown = [repr(page), repr(key), str(key), repr(attrs.asdict(key)), repr(attrs.asdict(page)), caplog.text]
    assert not [text for text in shown if "canary" in text]
    with pytest.raises(TypeError):
        json.dumps(attrs.asdict(key), default=vars)
    assert isinstance(key.access_token, Secret)
    assert key.access_token.reveal() == secrets["accessToken"]
    assert key.extra["somePassword"] == secrets["somePassword"]


@pytest.mark.parametrize("size", [20.0, "20"])
async def test_P22_page_object_lies_about_its_types(server: MatatikaServer, size: float | str) -> None:
    serve(server, page_of([1], page={"size": size, "totalElements": size, "number": "0", "totalPages": 1.0}))
    async with server.session() as session:
        page = await anext(session.apikeys.list().pages())
    assert (page.size, page.total_elements, page.number, page.total_pages) == (20, 20, 0, 1)


async def test_P22_page_object_lies_about_more_pages_than_the_links_have(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        following = f"?page={number + 1}" if number < 2 else ...
        serve(server, page_of([number], following=following, page={"totalPages": 5, "number": number}))
    async with server.session() as session:
        assert numbers_of(await session.apikeys.list().collect()) == [0, 1, 2]
    assert [text.partition(": ")[2] for text in warnings_in(caplog)] == [
        "the next links end before the last page that the server counts"
    ]
    assert len(server.requests.api) == 3


def without_next(document: dict[str, Any]) -> None:
    document["_links"].pop("next", None)


async def test_P22_page_object_tells_of_more_pages_and_there_are_no_links_at_all(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.add_api_keys(8)
    server.faults.add(path=LIST, edit=without_next, times=None)
    async with server.session() as session:
        await assert_walks(server, session)
    assert [request.query.get("page") for request in server.requests.api] == [None, "1", "2", "3", "4"]
    assert warnings_in(caplog) == []


@pytest.mark.parametrize("renumbered", [False, True])
async def test_P22_page_object_of_a_server_that_ignores_the_page(
    server: MatatikaServer, witness: Witness, renumbered: bool
) -> None:
    for number in range(2):
        serve(server, page_of([1, 2], page={"totalPages": 5, "number": number if renumbered else 0}))
    got: list[int] = []
    async with server.session() as session:
        with witness.raises(PaginationError):
            async for page in session.apikeys.list().pages():
                got += numbers_of(page.items)
    assert got == [1, 2]
    assert len(server.requests.api) == 2
