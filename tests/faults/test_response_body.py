"""B, the first part: bodies as bytes: what is JSON, in which encoding, and how much of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import (
    ApiKey,
    HalResource,
    MatatikaError,
    MatatikaSession,
    ResponseError,
    SecretLostError,
    ServerError,
    Timeouts,
    TransportError,
)
from aiomatatika.decoding.json_text import Mismatch, decode_json
from aiomatatika.testing import MatatikaServer

from .conftest import Witness, call
from .data.json_bodies import ACCEPT, EITHER, REJECT

PROFILES, LIST, KEYS = "/api/profiles", "/api/apikeys", "/api/apikeys/*"
KEY = UUID(int=1)


def key_body(name: str = "Schlüssel") -> str:
    return json.dumps({"id": str(KEY), "name": name}, ensure_ascii=False)


@pytest.mark.parametrize("bodies", [ACCEPT, REJECT, EITHER], ids=["accepted", "refused", "either"])
async def test_B01_no_body_ends_in_anything_but_a_response_error(
    server: MatatikaServer, witness: Witness, bodies: Mapping[str, bytes]
) -> None:
    async with server.session() as session:
        for body in bodies.values():
            server.faults.add(path=KEYS, status=200, body=body)
            with witness.raises(MatatikaError) as caught:
                await session.apikeys.get(KEY)
            assert (type(caught.value), getattr(caught.value, "status", None)) == (ResponseError, 200), body[:60]
            del witness.errors[10:]  # judged enough of them
        await call(session)


def test_B01_what_is_json_is_decoded_and_what_is_none_is_not() -> None:
    accepted = {name: decode_json(body) for name, body in ACCEPT.items()}
    refused = {name: decode_json(body) for name, body in REJECT.items()}
    assert accepted == {name: json.loads(body) for name, body in ACCEPT.items()}
    assert {name: document for name, document in refused.items() if not isinstance(document, Mismatch)} == {}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
@pytest.mark.parametrize("field", ["name", "created", "somethingNew"])
async def test_B02_numbers_that_json_has_no_form_for(
    server: MatatikaServer, witness: Witness, field: str, number: str
) -> None:
    server.faults.add(path=KEYS, status=200, body=f'{{"id":"{KEY}","{field}":{number}}}')
    async with server.session() as session:
        with witness.raises(ResponseError):
            await session.apikeys.get(KEY)


@pytest.mark.parametrize(
    "members",
    [
        f'"id":"{KEY}","id":"{KEY}"',
        f'"id":"{KEY}", "clientSecret":"one", "clientSecret":"two"',
        f'"id":"{KEY}","_links":{{"self":{{"href":"/a","href":"/b"}}}}',
        rf'"id":"{KEY}","name":"\u0022","name":"\"\\u0022"',
        rf'"id":"{KEY}","\u0069d":"{KEY}"',
    ],
    ids=["id", "clientSecret", "deep inside", "with quotation marks", "in two spellings"],
)
@pytest.mark.parametrize("keys_read_before", [0, 30])
async def test_B03_a_single_resource_with_a_repeated_name_is_refused(
    server: MatatikaServer, witness: Witness, members: str, keys_read_before: int
) -> None:
    async with server.session() as session:
        for _ in range(keys_read_before):
            await session.apikeys.get(server.default_key_id)
        server.faults.add(path=KEYS, status=200, body=f"{{{members}}}")
        with witness.raises(ResponseError) as caught:
            await session.apikeys.get(KEY)
    assert "an object has two members of one name" in str(caught.value)


def twice(member: str) -> Callable[[Any], Any]:
    """Return what writes a created key with one of its members twice; with Python's json a key can be of any type."""

    class Again(str):
        __slots__ = ()
        __hash__ = object.__hash__

        def __eq__(self, other: object) -> bool:
            return self is other

    return lambda document: {**document, Again(member): "another"}


async def test_B03_a_repeated_secret_is_lost_and_its_key_is_deleted(server: MatatikaServer, witness: Witness) -> None:
    server.faults.add(method="PUT", path=KEYS, edit=twice("clientSecret"))
    async with server.session() as session:
        with witness.raises(SecretLostError) as caught:
            await session.apikeys.create("new")
    assert isinstance(caught.value, SecretLostError)
    assert (caught.value.created, caught.value.orphan) == (True, False)
    assert len(server.api_keys) == 1


@pytest.mark.parametrize("member", ["id", "name", "created", "profileId"])
async def test_B03_another_repeated_name_does_not_cost_the_secret(server: MatatikaServer, member: str) -> None:
    server.faults.add(method="PUT", path=KEYS, edit=twice(member))
    async with server.session() as session:
        new = await session.apikeys.create("new")
    assert server.api_keys[new.id].credentials == new.credentials


async def test_B03_of_a_repeated_name_in_a_page_the_last_one_counts(server: MatatikaServer) -> None:
    server.faults.add(path=LIST, body=f'{{"_embedded":{{"apikeys":[{{"id":"{KEY}","name":"one","name":"two"}}]}}}}')
    async with server.session() as session:
        assert [key.name async for key in session.apikeys.list()] == ["two"]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900 + b"]" * 900])
async def test_B05_nesting_without_end(server: MatatikaServer, witness: Witness, body: bytes) -> None:
    server.faults.add(path=PROFILES, status=200, body=body)
    async with server.session() as session:
        response = await session.request("GET", "/profiles")
        with witness.raises(ResponseError, within=0.1):
            response.json()
        await call(session)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "not at all"])
async def test_B06_json_is_utf_8(server: MatatikaServer, witness: Witness, encoding: str) -> None:
    body = (
        b'{"id":"%s","name":"\xc0\xaf"}' % str(KEY).encode()
        if encoding == "not at all"
        else key_body().encode(encoding)
    )
    server.faults.add(path=KEYS, status=200, body=body)
    async with server.session() as session:
        if encoding.startswith("utf-8"):
            assert (await session.apikeys.get(KEY)).name == "Schlüssel"
        else:
            with witness.raises(ResponseError):
                await session.apikeys.get(KEY)


@pytest.mark.parametrize("charset", ["rot13", "utf-7", "klingon", "utf-16", "latin-1", '"', "hex", "utf-8; charset=x"])
async def test_B07_the_charset_of_the_header_is_ignored(server: MatatikaServer, charset: str) -> None:
    content_type = {"Content-Type": f"application/json; charset={charset}"}
    server.faults.add(path=KEYS, status=200, headers=content_type, body=key_body("+AGE- Schlüssel"))
    async with server.session() as session:
        assert (await session.apikeys.get(KEY)).name == "+AGE- Schlüssel"


CALLS: Mapping[str, Callable[[MatatikaSession], Awaitable[object]]] = {
    "get": lambda session: session.apikeys.get(KEY),
    "list": lambda session: session.apikeys.list().first(),
    "count": lambda session: session.apikeys.list().count(),
    "initialise": lambda session: session.apikeys.initialise(),
    "create": lambda session: session.apikeys.create("new"),
    "update": lambda session: session.apikeys.update(KEY, name="new name"),
    "follow": lambda session: session.follow("/api/profiles"),
}


@pytest.mark.parametrize("name", CALLS)
async def test_B09_an_empty_200_is_no_answer(server: MatatikaServer, witness: Witness, name: str) -> None:
    server.faults.add(path="/api/*", status=200, body=b"", times=None)
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await CALLS[name](session)
        assert "the body is empty" in str(caught.value)
        with witness.raises(ResponseError):
            (await session.request("GET", "/profiles")).json()


@pytest.mark.parametrize("body", ["[]", '"x"', "5", "null", "true", "[{}]"])
@pytest.mark.parametrize("name", CALLS)
async def test_B10_a_wrong_top_level(server: MatatikaServer, witness: Witness, name: str, body: str) -> None:
    server.faults.add(path="/api/*", status=200, body=body, times=None)
    async with server.session() as session:
        with witness.raises(ResponseError) as caught:
            await CALLS[name](session)
    assert str(caught.value).startswith("body: expected an object")


ITEM = b'{"id":"00000000-0000-4000-8000-000000000000","x":1}'
AT_MOST = 16 * 2**20 - 64


def filled(head: bytes, item: bytes, tail: bytes) -> bytes:
    """Return a document that is as large as a response may be."""
    return head + b",".join([item] * ((AT_MOST - len(head) - len(tail)) // (len(item) + 1))) + tail


COSTLY: dict[str, Callable[[], bytes]] = {
    "nested arrays": lambda: filled(b"[", b"[" * 240 + b"]" * 240, b"]"),
    "empty objects": lambda: filled(b"[", b"{}", b"]"),
    "minimal items": lambda: filled(b'{"_embedded":{"apikeys":[', ITEM, b"]}}"),
    "links": lambda: filled(b'{"id":1,"_links":{', b'"a":{"href":"/api"}', b"}}"),
    "small numbers": lambda: filled(b'{"_embedded":{"apikeys":[', b"1", b"]}}"),
    "as many items as are read": lambda: b'{"_embedded":{"apikeys":[' + b",".join([ITEM] * 50_000) + b"]}}",
    "items that are wrong": lambda: (
        b'{"_embedded":{"apikeys":[' + b",".join([ITEM[:-2] + b'"name":5}'] * 20_000) + b"]}}"
    ),
    "long texts": lambda: filled(b'{"_embedded":{"apikeys":[', ITEM[:-2] + b'"' + b"x" * 9000 + b'"}', b"]}}"),
}


@pytest.mark.parametrize("name", COSTLY)
async def test_B22_no_body_holds_up_the_loop_or_the_end_of_the_call(
    server: MatatikaServer, witness: Witness, name: str
) -> None:
    body = zlib.compress(COSTLY[name](), wbits=31)
    server.faults.add(path=LIST, headers={"Content-Encoding": "gzip"}, body=body, times=2)
    async with server.session(timeouts=Timeouts(total=5)) as session:
        response = await session.request("GET", "/apikeys")
        for read in (response.json, lambda: response.structured(ApiKey), lambda: response.structured(HalResource)):
            began = time.thread_time()
            with contextlib.suppress(ResponseError):
                read()
            # 0.1 s on a quiet machine; without caps it is 3 to 10 s.
            assert time.thread_time() - began < 0.5
        loop_time = time.thread_time()
        with contextlib.suppress(ResponseError):
            await session.apikeys.list().page()
        assert time.thread_time() - loop_time < 0.5


def bomb() -> bytes:
    """Return a gzip stream of about a MiB that unpacks to a GiB: one piece of zeros, again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(2**23)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + piece * 128


@pytest.mark.parametrize("status, kind", [(200, ResponseError), (500, ServerError)])
async def test_B12_a_bomb_is_stopped_at_the_cap(
    server: MatatikaServer, witness: Witness, status: int, kind: type[MatatikaError]
) -> None:
    body = bomb()
    assert 2**19 < len(body) < 2**21
    server.faults.add(path=PROFILES, status=status, headers={"Content-Encoding": "gzip"}, body=body, times=None)
    async with server.session() as session:
        began = time.monotonic()
        tracemalloc.start()
        try:
            with witness.raises(kind) as caught:
                await call(session)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert time.monotonic() - began < 1
    assert peak < 32 * 2**20
    if status == 200:
        assert "larger than 16 MiB" in str(caught.value)
        assert len(server.requests.api) == 1, "it is not asked for again"


@pytest.mark.parametrize(
    "pause, kind",
    [(None, ResponseError), (0.01, TransportError)],
    ids=["stopped at the cap", "stopped by the deadline"],
)
async def test_B13_an_endless_body(
    server: MatatikaServer, witness: Witness, pause: float | None, kind: type[MatatikaError]
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield bytes(2**18) if pause is None else b" "
            if pause is not None:
                await asyncio.sleep(pause)

    server.faults.add(path=PROFILES, status=200, body=lambda _: pieces())
    async with server.session(timeouts=Timeouts(total=10 if pause is None else 0.2)) as session:
        with witness.raises(kind, within=1 if pause is None else 0.2):
            await call(session)
        await call(session)
    first, second = server.requests.api
    assert first.connection != second.connection, "a connection with the rest of a body in it is used again"


@pytest.mark.parametrize(
    "encoding, body",
    [
        ("br", b"\x0b\x02\x80{}\x03"),
        ("zstd", b"(\xb5/\xfd\x04\x00\x11"),
        ("gzip, gzip", zlib.compress(b"{}", wbits=31)),
        ("gzip", b"{}"),
        ("deflate", b"{}"),
        ("deflate", zlib.compress(b"{}")[:4]),
        ("x-unheard-of", b"\x01\x02"),
    ],
    ids=["br", "zstd", "gzip twice", "gzip that is none", "deflate that is none", "half of deflate", "unheard of"],
)
async def test_B14_an_encoding_that_was_not_asked_for_or_is_not_there(
    server: MatatikaServer, witness: Witness, encoding: str, body: bytes
) -> None:
    server.faults.add(path=KEYS, status=200, headers={"Content-Encoding": encoding}, body=body, times=2)
    async with server.session() as session:
        with witness.raises(ResponseError):
            await session.apikeys.get(KEY)
    assert {request.headers["Accept-Encoding"] for request in server.requests} == {"gzip, deflate"}


async def test_B14_a_created_key_in_an_encoding_that_cannot_be_undone_is_no_orphan(server: MatatikaServer) -> None:
    server.faults.add(method="PUT", path=KEYS, headers={"Content-Encoding": "deflate"}, body=b"{}", act=True)
    async with server.session() as session:
        new = await session.apikeys.create("new")
    assert [request.method for request in server.requests.api] == ["POST", "PUT", "GET", "DELETE", "POST", "PUT"]
    assert server.api_keys[new.id].credentials == new.credentials
    assert len(server.api_keys) == 2
