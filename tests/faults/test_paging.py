"""P: what happens to a walk on its way, and pages that do not add up. Where links lead: `test_paging_links`."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any
from uuid import UUID

import aiohttp
import attrs
import pytest

from aiomatatika import (
    ApiKey,
    HalResource,
    MatatikaSession,
    Page,
    PaginationError,
    ResponseError,
    Secret,
    ServerError,
    UnsafeLinkError,
)
from aiomatatika.paging.collection import Collection, PageSource
from aiomatatika.testing import MatatikaServer

from ..cancellation import interrupted_everywhere
from ..paging.pages import LIST, Memory, numbers_of, page_of, serve
from .conftest import Witness

PREFETCH = pytest.mark.parametrize("prefetch", [0, 1, 3])


def warnings_in(log: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said of a collection; each names it, without its query."""
    said = [record for record in log.record_tuples if record[1] >= logging.WARNING]
    assert all(f"<Collection of ApiKey at {LIST}>: " in text for _, _, text in said)
    return [text.partition(": ")[2] for _, _, text in said]


@contextlib.asynccontextmanager
async def session_on_one_connection(server: MatatikaServer) -> AsyncIterator[MatatikaSession]:
    """Open a session that can have no second connection: one that is not given back shows at once."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http,
        server.session(http=http) as session,
    ):
        yield session


async def assert_walks(server: MatatikaServer, session: MatatikaSession, prefetch: int = 0) -> None:
    assert [key.id async for key in session.apikeys.list(size=4, prefetch=prefetch)] == list(server.api_keys)


async def test_P01_three_pages(server: MatatikaServer) -> None:
    server.add_api_keys(9)
    async with server.session() as session:
        got = 0
        async for _ in session.apikeys.list(size=4):
            got += 1
            assert len(server.requests.api) == -(-got // 4)
    assert (got, server.requests.methods()) == (10, ["GET"] * 3)


@PREFETCH
async def test_P14_page_2_fails_twice(server: MatatikaServer, prefetch: int) -> None:
    server.add_api_keys(9)
    server.faults.add(query={"page": "1"}, status=503, times=2)
    async with server.session() as session:
        await assert_walks(server, session, prefetch)
    assert len(server.requests.api) == 5


@PREFETCH
async def test_P15_page_2_fails_for_good(server: MatatikaServer, witness: Witness, prefetch: int) -> None:
    server.add_api_keys(44)
    server.faults.add(query={"page": "1"}, status=503, times=5)
    got: list[UUID] = []
    async with server.session() as session:
        keys = session.apikeys.list(prefetch=prefetch)
        with witness.raises(ServerError) as caught:
            async for page in keys.pages():
                got += [key.id for key in page.items]
        error: Any = caught.value
        assert (error.status, error.path, error.attempts) == (503, LIST, 5)
        assert error.next_url == f"{server.url}{LIST}?page=1&size=20"
        assert got == list(server.api_keys)[:20]
        got += [key.id async for key in keys.at(error.next_url)]
    assert got == list(server.api_keys)


@PREFETCH
async def test_P16_token_expires_mid_walk(server: MatatikaServer, prefetch: int) -> None:
    server.add_api_keys(43)
    server.faults.add(query={"page": "6"}, status=401)
    async with server.session() as session:
        await assert_walks(server, session, prefetch)
    assert (len(server.requests.token), len(server.requests.api)) == (2, 12)


async def assert_told_of_a_change(
    server: MatatikaServer, log: pytest.LogCaptureFixture, change: Callable[[], object], items: int
) -> None:
    """Walk over eight keys, two a page, in the order in which new ones come first; the change is made after a page."""
    server.add_api_keys(7)
    got: list[UUID] = []
    async with server.session() as session:
        async for page in session.apikeys.list(size=2, sort="name,desc").pages():
            got += [key.id for key in page.items]
            if page.number == 0:
                change()
    assert len(got) == len(set(got)) == items
    assert warnings_in(log) == ["the number of items changed during the walk: some may be missing"]


@pytest.mark.parametrize("change, items", [("insert", 8), ("delete", 7)])
async def test_P17_collection_changes_under_the_walk(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture, change: str, items: int
) -> None:
    def make_it() -> None:
        if change == "insert":
            server.add_api_keys(1, "zzz")
        else:
            server._store.delete_key(max(server.api_keys.values(), key=lambda key: key.name))

    await assert_told_of_a_change(server, caplog, make_it, items)


async def test_P25_exactly_one_page_is_inserted(server: MatatikaServer, caplog: pytest.LogCaptureFixture) -> None:
    await assert_told_of_a_change(server, caplog, lambda: server.add_api_keys(2, "zzz"), 8)


@PREFETCH
@pytest.mark.parametrize("way", ["break", "aclose", "exception"])
async def test_P18_caller_stops_early(server: MatatikaServer, way: str, prefetch: int) -> None:
    server.add_api_keys(12)
    async with session_on_one_connection(server) as session:
        keys = session.apikeys.list(size=2, prefetch=prefetch)
        if way == "aclose":
            async with aclosing(keys.pages()) as pages:
                await anext(pages)
        else:
            with contextlib.suppress(ZeroDivisionError):
                async for _ in keys:
                    if way == "break":
                        break
                    raise ZeroDivisionError
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
    witness.secrets |= set(secrets.values())
    server.faults.add(path=LIST, edit=lambda page: page["_embedded"]["apikeys"][0].update(secrets))
    async with server.session() as session:
        page = await session.apikeys.list().page()
    (key,) = page.items
    shown = [repr(page), repr(key), str(key), repr(attrs.asdict(key)), repr(attrs.asdict(page)), caplog.text]
    assert not [text for text in shown if "canary" in text]
    with pytest.raises(TypeError):
        json.dumps(attrs.asdict(key), default=vars)
    assert isinstance(key.access_token, Secret)
    assert key.access_token.reveal() == secrets["accessToken"]
    assert key.extra["somePassword"] == secrets["somePassword"]


@pytest.mark.parametrize("links", [True, False])
async def test_P22_page_object_tells_of_more_pages_than_there_are_links(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture, links: bool
) -> None:
    for number in range(5):
        following = f"?page={number + 1}" if links and number < 2 else ...
        serve(server, page_of([number], following=following, page={"totalPages": 5, "number": number}))
    async with server.session() as session:
        assert numbers_of(await session.apikeys.list().collect()) == list(range(3 if links else 5))
    assert warnings_in(caplog) == ["the next links end before the last page that the server counts"] * links


async def assert_a_second_equal_page_ends_the_walk(witness: Witness, cls: type[Any], numbers: list[int | None]) -> None:
    documents = [page_of([1, 2], page={"totalPages": 5, "number": number}) for number in numbers]
    memory = Memory(lambda _: documents[len(memory.sent) - 1])
    got: list[Any] = []
    with witness.raises(PaginationError):
        async for page in Collection(PageSource(memory, cls, "apikeys"), memory.at("/apikeys")).pages():
            got += page.items
    assert (len(got), len(memory.sent)) == (2, 2)


@pytest.mark.parametrize("numbers", [[0, 0], [0, 1], [None, None]])
async def test_P22_page_object_of_a_server_that_ignores_the_page(witness: Witness, numbers: list[int | None]) -> None:
    await assert_a_second_equal_page_ends_the_walk(witness, ApiKey, numbers)


async def test_P30_items_without_ids(witness: Witness) -> None:
    await assert_a_second_equal_page_ends_the_walk(witness, HalResource, [None, None])


@pytest.mark.parametrize(
    "following, kind",
    [
        ("https://evil.example/api/apikeys", UnsafeLinkError),
        ("/api/apikeys", PaginationError),
        ([{"href": "?page=1"}, {"href": "?page=2"}], PaginationError),
        (5, ResponseError),
    ],
)
@pytest.mark.parametrize("walk", ["page", "collect"])
async def test_P23_one_page_at_a_time(
    server: MatatikaServer, witness: Witness, walk: str, following: Any, kind: type[Exception]
) -> None:
    serve(server, page_of([1], following=following))
    async with server.session() as session:
        with witness.raises(kind) as caught:
            await getattr(session.apikeys.list(), walk)()
    error: Any = caught.value
    assert (error.method, error.path, error.attempts) == ("GET", LIST, 1)
    assert error.next_url == f"{server.url}{LIST}"


NO_COLLECTIONS: list[dict[str, Any]] = [
    {"status": "UP"},
    {"timestamp": "2022-01-01T00:00:00", "status": 500, "error": "Internal Server Error", "path": "/api/apikeys"},
    {"id": str(UUID(int=1)), "name": "a key", "_links": {"self": {"href": "/api/apikeys/1"}}},
    {"id": str(UUID(int=1)), "_embedded": {"profile": {"id": "auth0|1"}}},
]


@pytest.mark.parametrize("walk", ["collect", "count", "first", "page"])
async def test_P26_a_200_that_is_no_collection(server: MatatikaServer, witness: Witness, walk: str) -> None:
    async with server.session() as session:
        for document in NO_COLLECTIONS:
            serve(server, document)
            with witness.raises(ResponseError):
                await getattr(session.apikeys.list(), walk)()
        empties: list[Any] = [{}, {"_links": {}}, {"page": {"totalElements": 0}}, {"_links": {}, "page": {}}]
        for empty in empties:
            serve(server, empty)
            assert await session.apikeys.list().collect() == []


@PREFETCH
async def test_P27_pages_counted_from_1(prefetch: int) -> None:
    memory = Memory(
        lambda url: page_of(
            [number := int(url.query.get("page", "1"))], page={"number": number, "totalPages": 7, "totalElements": 7}
        )
    )
    assert numbers_of(await memory.keys(prefetch=prefetch).collect()) == [1, 2, 3, 4, 5, 6, 7]
    assert len(memory.sent) == 7
