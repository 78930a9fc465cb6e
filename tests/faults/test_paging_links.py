"""P: where the links of a page lead, P02 to P12. Hundreds more, over sockets: `test_security_links`."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Awaitable
from typing import Any

import aiohttp
import pytest
from yarl import URL

from aiomatatika import HalResource, Link, LinkError, Links, PaginationError, ResponseError, UnsafeLinkError
from aiomatatika.testing import MatatikaServer

from ..paging.pages import Memory, numbers_of, page_of
from .conftest import Witness
from .wires import raw_server, session_at, tls_client, tls_server

API = "https://api.example.com/api"


def memory_of(*pages: dict[str, Any]) -> Memory:
    left = list(pages)
    return Memory(lambda _: left.pop(0))


async def assert_followed(following: Any) -> None:
    memory = memory_of(page_of([1], following=following), page_of([2]))
    assert numbers_of(await memory.keys().collect()) == [1, 2]
    assert str(memory.sent[1]) == f"{API}/apikeys?page=1"


async def assert_ends(witness: Witness, memory: Memory, kind: type[LinkError], numbers: list[int]) -> None:
    """Walk to the error: the keys come before it, nothing is asked for after it."""
    got: list[int] = []
    with witness.raises(kind) as caught:
        async for page in memory.keys().pages():
            got += numbers_of(page.items)
    assert (type(caught.value), got, len(memory.sent)) == (kind, numbers, len(numbers))
    assert getattr(caught.value, "next_url", "") == str(memory.sent[-1])
    assert "u:p" not in str(caught.value)


async def assert_refused(witness: Witness, following: Any, kind: type[LinkError] = UnsafeLinkError) -> None:
    await assert_ends(witness, memory_of(page_of([1], following=following)), kind, [1])


@pytest.mark.parametrize("href", ["/api/apikeys", f"{API}/apikeys", ""])
async def test_P02_next_points_at_itself(witness: Witness, href: str) -> None:
    await assert_refused(witness, href, PaginationError)


@pytest.mark.parametrize("length", [2, 7])
async def test_P03_a_cycle_of_two_or_n(witness: Witness, length: int) -> None:
    pages = [page_of([number], following=f"?page={number + 1}") for number in range(length - 1)]
    memory = memory_of(*pages, page_of([length - 1], following="/api/apikeys"))
    await assert_ends(witness, memory, PaginationError, list(range(length)))


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
        *("https://evil.example/api/apikeys?page=1", "//evil.example/api/apikeys", "\\\\evil.example\\api"),
        *("/oauth/token", "https://api.example.com.evil.example/api/apikeys", "https://evil.api.example.com/api/x"),
        *("https://api.example.com:8443/api/apikeys", "file:///etc/passwd"),
    ],
)
async def test_P05_next_on_another_origin(witness: Witness, href: str) -> None:
    await assert_refused(witness, href)


async def test_P05_next_on_an_alias_of_the_deployment_is_rooted_anew(witness: Witness) -> None:
    async with MatatikaServer(alias_host="app.meltano.com") as server, server.session() as session:
        witness.servers.append(server)
        server.add_api_keys(44)
        assert [key.id async for key in session.apikeys.list()] == list(server.api_keys)
    assert server.requests.methods() == ["GET"] * 3


def response_of(document: dict[str, Any]) -> bytes:
    """Return a page as it stands on the wire."""
    body = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/hal+json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def test_P06_next_names_the_api_host_with_http(witness: Witness) -> None:
    connector = aiohttp.TCPConnector(ssl=tls_client())
    hrefs = ["http://127.0.0.1/api/apikeys?page=1", "http://127.0.0.1:80/api/apikeys?page=2"]
    pages = [*(page_of([number], following=href) for number, href in enumerate(hrefs)), page_of([2])]
    async with (
        raw_server(*map(response_of, pages), tls=tls_server()) as raw,
        aiohttp.ClientSession(connector=connector) as http,
        session_at(raw.url, http=http) as session,
    ):
        assert numbers_of(await session.apikeys.list().collect()) == [0, 1, 2]
    assert [request.split(b" ")[1].partition(b"?")[2] for request in raw.requests] == [b"", b"page=1", b"page=2"]
    await assert_refused(witness, "http://api.example.com:8080/api/apikeys?page=1")


@pytest.mark.parametrize("userinfo", ["api.example.com@evil.example", "u:p@api.example.com", "@api.example.com"])
async def test_P07_userinfo_tricks(witness: Witness, userinfo: str) -> None:
    await assert_refused(witness, f"https://{userinfo}/api/apikeys?page=1")


@pytest.mark.parametrize(
    "root",
    ["https://api.example.com:443", "https://API.Example.com:443", "HTTPS://api.example.com", "//api.example.com:443"],
)
async def test_P08_the_default_port_written_out(root: str) -> None:
    await assert_followed(f"{root}/api/apikeys?page=1")


@pytest.mark.parametrize("href", ["?page=1", "/api/apikeys?page=1", "./apikeys?page=1", "../api/apikeys?page=1"])
async def test_P09_relative_links(href: str) -> None:
    await assert_followed(href)


NO_LINK: list[Any] = [None, [], {}]
NO_HREF = ["str", 5, True, [5], {"rel": "x"}, {"href": 5}, {"href": None}, {"href": {}}, [[{"href": "?page=1"}]]]
NO_LINKS = ["x", 5, True, [5], [{"next": {"href": "?page=1"}}]]


async def test_P12_odd_shapes_of_next(witness: Witness) -> None:
    for links in (*NO_LINK, *({"next": link} for link in NO_LINK)):
        assert numbers_of(await memory_of(page_of([1], _links=links)).keys().collect()) == [1]
    for links in (*NO_LINKS, *({"next": link} for link in NO_HREF)):
        with witness.raises(ResponseError):
            await memory_of(page_of([1], _links=links)).keys().collect()
    await assert_followed([{"href": "?page=1"}])
    await assert_refused(witness, [{"href": "?page=1"}, {"href": "?page=2"}], PaginationError)


# What follows `page=n` in the next links of a server, and as it is sent.
AS_THEY_ARE = ["&q=two%20words", "&q=two+words", "&s=name%2Casc", "&s=name,asc", "&q=%FF", "&q=%e9"]


@pytest.mark.parametrize("query, sent", [*zip(AS_THEY_ARE, AS_THEY_ARE, strict=True), ("&q=\u00e9", "&q=%C3%A9")])
@pytest.mark.parametrize("prefetch", [0, 8, 32])
async def test_P24_next_links_as_spring_writes_them(query: str, sent: str, prefetch: int) -> None:
    def answer(url: URL) -> dict[str, Any]:
        number = int(url.query.get("page", "0"))
        following = f"?page={number + 1}{query}" if number < 39 else ...
        return page_of([number], following=following, page={"number": number, "totalPages": 40, "totalElements": 40})

    memory = Memory(answer)
    assert numbers_of(await memory.keys(prefetch=prefetch).collect()) == list(range(40))
    assert [url.raw_path_qs for url in memory.sent[1:]] == [f"/api/apikeys?page={n}{sent}" for n in range(1, 40)]


async def test_P24_the_bytes_of_the_query_on_the_wire() -> None:
    query = "page=1&q=a%20b+c%2C%FF%e9,[x]"
    pages = [page_of([1], following=f"?{query}"), page_of([2])]
    async with raw_server(*map(response_of, pages)) as raw, session_at(raw.url) as session:
        assert numbers_of(await session.apikeys.list().collect()) == [1, 2]
    assert raw.requests[1].split(b" ")[1] == f"/api/apikeys?{query}".encode()


TEMPLATES = ["/api/apikeys{?page,size}", "?page={page}", "{+root}/apikeys", "?page=1{"]


async def test_P29_a_uri_template(server: MatatikaServer, witness: Witness) -> None:
    for following in (*TEMPLATES, *({"href": href, "templated": True} for href in (TEMPLATES[0], "?page=1"))):
        await assert_refused(witness, following, LinkError)

    hrefs = {rel: {"href": TEMPLATES[0]} for rel in ("self", "update apikey")}
    resource = HalResource(links=Links(hrefs))
    links = [Link(href=TEMPLATES[0]), Link(href="/api/apikeys", templated=True), resource.links["self"]]
    targets: list[str | Link] = [*TEMPLATES, *links]
    async with server.session() as session:
        calls: list[Awaitable[object]] = [session.follow(target) for target in (*targets, resource)]
        calls += [session.request("GET", target) for target in targets]
        for call in (*calls, session.request("PUT", resource.links.action("update"))):
            with witness.raises(LinkError):
                await call
    assert not server.requests


async def test_B23_very_long_links(server: MatatikaServer, witness: Witness) -> None:
    async def refuse(number: int) -> int:
        href = f"?page={number}&q=" + chr(97 + number) * 3 * 2**20
        walk = memory_of(page_of([1], following=href)).keys().collect()
        for refused in (session.follow(href), session.request("GET", Link(href=href)), walk):
            with witness.raises(UnsafeLinkError):
                await refused
        witness.errors.clear()
        del href, walk, refused
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    async with server.session() as session:
        tracemalloc.start()
        memory = [await refuse(number) for number in range(10)]
        tracemalloc.stop()
    assert memory[-1] - memory[0] < 4 * 2**20
    assert not server.requests
