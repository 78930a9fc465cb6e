"""P: where the links of a page lead, P02 to P12."""

from __future__ import annotations

import gc
import json
import logging
import tracemalloc
from collections.abc import Awaitable
from typing import Any

import aiohttp
import pytest
from yarl import URL

from aiomatatika import (
    ApiKey,
    Collection,
    Deployment,
    HalResource,
    Link,
    LinkError,
    Links,
    PaginationError,
    ResponseError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer

from ..paging.pages import Memory, numbers_of, page_of, serve
from .conftest import Witness
from .wires import raw_server, session_at, stranger, tls_client, tls_server


async def delivered_before(
    witness: Witness, keys: Collection[ApiKey], *kinds: type[BaseException]
) -> tuple[list[int], BaseException]:
    """Walk to the error, and return the numbers of the keys that came before it, and the error."""
    got: list[int] = []
    with witness.raises(*kinds) as caught:
        async for page in keys.pages():
            got += numbers_of(page.items)
    return got, caught.value


def response_of(document: dict[str, Any]) -> bytes:
    """Return a page as it stands on the wire."""
    body = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/hal+json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def test_P02_next_points_at_itself(server: MatatikaServer, witness: Witness) -> None:
    serve(server, page_of([1], following="/api/apikeys"))
    async with server.session() as session:
        got, error = await delivered_before(witness, session.apikeys.list(), PaginationError)
    assert (got, getattr(error, "next_url", "")) == ([1], f"{server.url}/api/apikeys")
    assert len(server.requests.api) == 1


@pytest.mark.parametrize("length", [2, 7])
async def test_P03_a_cycle_of_two_or_n(witness: Witness, length: int) -> None:
    def answer(url: URL) -> dict[str, Any]:
        number = int(url.query["page"])
        return page_of([number], following=f"?page={(number + 1) % length}")

    memory = Memory(answer)
    got, _ = await delivered_before(witness, memory.keys(page="0"), PaginationError)
    assert (got, len(memory.sent)) == (list(range(length)), length)


@pytest.mark.parametrize("max_pages", [30, None])
async def test_P04_endless_fresh_pages(witness: Witness, max_pages: int | None) -> None:
    memory = Memory(lambda url: page_of([], following=f"?page={int(url.query.get('page', '0')) + 1}"))
    used: list[int] = []
    got = 0
    with witness.raises(PaginationError):
        async for _ in memory.keys().pages(**({"max_pages": max_pages} if max_pages else {})):
            memory.sent.clear()
            got += 1
            if got == 250:
                tracemalloc.start()
            if got in {500, 1_000}:
                used.append(tracemalloc.get_traced_memory()[0])
            if got == 1_000:
                tracemalloc.stop()
    assert got == (max_pages or 10_000)
    assert max_pages or used[1] - used[0] < 500 * 200, "more of a page is remembered than it takes to know it again"


@pytest.mark.parametrize(
    "href",
    [
        *(
            "https://evil.example/api/apikeys?page=1",
            "//evil.example/api/apikeys",
            "\\\\evil.example\\api",
            "/oauth/token",
        ),
        *("http://127.0.0.1.evil.example:{port}/api/apikeys", "http://evil.127.0.0.1:{port}/api/apikeys"),
        *("http://127.0.0.1:{other}/api/apikeys", "http://localhost:{port}/api/apikeys", "file:///etc/passwd"),
        *("https://app.matatika.com.evil.example/api/apikeys", "https://app.matatika.com:8443/api/apikeys"),
    ],
)
async def test_P05_next_on_another_origin(server: MatatikaServer, witness: Witness, href: str) -> None:
    ours = server.deployment
    deployment = Deployment(ours.api_url, ours.token_url, alias_hosts=("app.matatika.com",))
    async with stranger() as other, server.session(deployment=deployment) as session:
        port = URL(server.url).port
        serve(server, page_of([1], following=href.format(port=port, other=other.port)))
        got, _ = await delivered_before(witness, session.apikeys.list(), UnsafeLinkError)
    assert got == [1]
    assert [request.path for request in server.requests] == ["/oauth/token", "/api/apikeys"]


async def test_P05_next_on_an_alias_of_the_deployment_is_rooted_anew(witness: Witness) -> None:
    async with MatatikaServer(alias_host="app.meltano.com") as server, server.session() as session:
        witness.servers.append(server)
        server.add_api_keys(44)
        assert [key.id async for key in session.apikeys.list()] == list(server.api_keys)
    assert server.requests.methods() == ["GET"] * 3


async def test_P06_next_names_the_api_host_with_http(caplog: pytest.LogCaptureFixture) -> None:
    connector = aiohttp.TCPConnector(ssl=tls_client())
    pages = [page_of([1], following="http://127.0.0.1/api/apikeys?page=1")]
    pages += [page_of([2], following="http://127.0.0.1:80/api/apikeys?page=2"), page_of([3])]
    async with (
        raw_server(*map(response_of, pages), tls=tls_server()) as raw,
        aiohttp.ClientSession(connector=connector) as http,
        session_at(raw.url, http=http) as session,
    ):
        assert numbers_of(await session.apikeys.list().collect()) == [1, 2, 3]
    assert [request.split(b" ")[1] for request in raw.requests] == [
        b"/api/apikeys",
        b"/api/apikeys?page=1",
        b"/api/apikeys?page=2",
    ]
    noted = [record for record in caplog.records if "upgraded to https" in record.getMessage()]
    assert [record.levelno for record in noted] == [logging.DEBUG]


async def test_P06_next_names_the_api_host_with_http_on_another_port(witness: Witness) -> None:
    memory = Memory(lambda _: page_of([1], following="http://api.example.com:8080/api/apikeys?page=1"))
    got, _ = await delivered_before(witness, memory.keys(), UnsafeLinkError)
    assert (got, len(memory.sent)) == ([1], 1)


@pytest.mark.parametrize(
    "authority", ["127.0.0.1:{port}@127.0.0.1:{other}", "u:p@127.0.0.1:{port}", "@127.0.0.1:{port}"]
)
async def test_P07_userinfo_tricks(server: MatatikaServer, witness: Witness, authority: str) -> None:
    async with stranger() as other, server.session() as session:
        where = authority.format(port=URL(server.url).port, other=other.port)
        serve(server, page_of([1], following=f"http://{where}/api/apikeys?page=1"))
        got, error = await delivered_before(witness, session.apikeys.list(), UnsafeLinkError)
    assert got == [1]
    assert "u:p" not in str(error)
    assert server.requests.methods() == ["GET"]


@pytest.mark.parametrize(
    "root",
    ["https://api.example.com:443", "https://API.Example.com:443", "HTTPS://api.example.com", "//api.example.com:443"],
)
async def test_P08_the_default_port_written_out(root: str) -> None:
    pages = [page_of([1], following=f"{root}/api/apikeys?page=1"), page_of([2])]
    memory = Memory(lambda _: pages.pop(0))
    assert numbers_of(await memory.keys().collect()) == [1, 2]
    assert str(memory.sent[1]) == "https://api.example.com/api/apikeys?page=1"


@pytest.mark.parametrize("href", ["?page=1", "/api/apikeys?page=1", "./apikeys?page=1", "../api/apikeys?page=1", ""])
async def test_P09_relative_links(server: MatatikaServer, witness: Witness, href: str) -> None:
    serve(server, page_of([1], following=href), page_of([2]))
    async with server.session() as session:
        if href:
            assert numbers_of(await session.apikeys.list().collect()) == [1, 2]
            assert (server.requests.api[1].path, server.requests.api[1].query) == ("/api/apikeys", {"page": "1"})
        else:
            got, _ = await delivered_before(witness, session.apikeys.list(), PaginationError)
            assert (got, len(server.requests.api)) == ([1], 1)


NO_LINK: list[Any] = [None, [], {}]
NO_HREF = ["str", 5, True, [5], {"rel": "x"}, {"href": 5}, {"href": None}, {"href": {}}, [[{"href": "?page=1"}]]]
NO_LINKS = ["x", 5, True, [5], [{"next": {"href": "?page=1"}}]]
TWO_LINKS = [{"href": "?page=1"}, {"href": "?page=2"}]


@pytest.mark.parametrize(
    "links, kind",
    [
        *((links, None) for links in (*NO_LINK, *({"next": link} for link in NO_LINK))),
        *((links, ResponseError) for links in (*NO_LINKS, *({"next": link} for link in NO_HREF))),
        ({"next": TWO_LINKS}, PaginationError),
    ],
    ids=repr,
)
async def test_P12_odd_shapes_of_next(
    server: MatatikaServer, witness: Witness, links: Any, kind: type[Exception] | None
) -> None:
    serve(server, page_of([1], _links=links))
    async with server.session() as session:
        if kind is None:
            assert numbers_of(await session.apikeys.list().collect()) == [1]
        else:
            got, error = await delivered_before(witness, session.apikeys.list(), kind)
            assert got == ([1] if isinstance(error, LinkError) else [])
            assert not isinstance(error, TypeError | AttributeError)
    assert server.requests.methods() == ["GET"]


async def test_P12_a_list_of_one_link_is_that_link(server: MatatikaServer) -> None:
    serve(server, page_of([1], following=[{"href": "?page=1"}]), page_of([2]))
    async with server.session() as session:
        assert numbers_of(await session.apikeys.list().collect()) == [1, 2]


# What follows `page=n` in the next links of a server, and as it is sent.
QUERIES = {
    **{
        query: query for query in ("&q=two%20words", "&q=two+words", "&s=name%2Casc", "&s=name,asc", "&q=%FF", "&q=%e9")
    },
    "&q=\u00e9": "&q=%C3%A9",
}


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("prefetch", [0, 8, 32])
async def test_P24_next_links_as_spring_writes_them(query: str, prefetch: int) -> None:
    def answer(url: URL) -> dict[str, Any]:
        number = int(url.query.get("page", "0"))
        following = f"?page={number + 1}{query}" if number < 39 else ...
        return page_of([number], following=following, page={"number": number, "totalPages": 40, "totalElements": 40})

    memory = Memory(answer)
    assert numbers_of(await memory.keys(prefetch=prefetch).collect()) == list(range(40))
    assert [url.raw_path_qs for url in memory.sent[1:]] == [
        f"/api/apikeys?page={n}{QUERIES[query]}" for n in range(1, 40)
    ]


async def test_P24_the_bytes_of_the_query_on_the_wire() -> None:
    query = "page=1&q=a%20b+c%2C%FF%e9,[x]"
    pages = [page_of([1], following=f"?{query}"), page_of([2])]
    async with raw_server(*map(response_of, pages)) as raw, session_at(raw.url) as session:
        assert numbers_of(await session.apikeys.list().collect()) == [1, 2]
    assert raw.requests[1].split(b" ")[1] == f"/api/apikeys?{query}".encode()


TEMPLATES = ["/api/apikeys{?page,size}", "?page={page}", "{+root}/apikeys", "?page=1{"]


@pytest.mark.parametrize(
    "following",
    [*TEMPLATES, {"href": TEMPLATES[0], "templated": True}, {"href": "?page=1", "templated": True}],
    ids=repr,
)
async def test_P29_next_is_a_uri_template(server: MatatikaServer, witness: Witness, following: Any) -> None:
    serve(server, page_of([1], following=following))
    async with server.session() as session:
        got, error = await delivered_before(witness, session.apikeys.list(), LinkError)
    assert (got, len(server.requests.api)) == ([1], 1)
    assert not isinstance(error, UnsafeLinkError | PaginationError)


async def test_P29_a_link_or_a_text_of_the_callers_is_a_uri_template(server: MatatikaServer, witness: Witness) -> None:
    links = [Link(href=href) for href in TEMPLATES] + [Link(href="/api/apikeys", templated=True)]
    hrefs = {rel: {"href": TEMPLATES[0]} for rel in ("self", "update apikey")}
    resource = HalResource(links=Links(hrefs))
    targets: list[str | Link] = [*TEMPLATES, *links, resource.links["self"], resource.links.action("update")]
    async with server.session() as session:
        calls: list[Awaitable[object]] = [session.follow(resource)]
        calls += [session.follow(target) for target in targets if getattr(target, "method", "GET") == "GET"]
        calls += [session.request(getattr(target, "method", "GET"), target) for target in targets]
        for call in calls:
            with witness.raises(LinkError):
                await call
    assert not server.requests


async def test_B23_very_long_links(server: MatatikaServer, witness: Witness) -> None:
    async with server.session() as session:
        before = 0
        tracemalloc.start()
        for number in range(40):
            href = f"?page={number}&q=" + chr(97 + number % 26) * 3 * 2**20
            for refused in (session.follow(href), session.request("GET", Link(href=href))):
                with witness.raises(UnsafeLinkError):
                    await refused
            with witness.raises(UnsafeLinkError):
                await Memory(lambda _: page_of([1], following=href)).keys().collect()  # noqa: B023  # called at once
            del witness.errors[1:]
            if number == 0:
                gc.collect()
                before = tracemalloc.get_traced_memory()[0]
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert after - before < 4 * 2**20
    assert not server.requests
