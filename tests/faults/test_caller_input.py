"""I: ids and query parameters that the caller gives, I01 to I05 and I15. Settings: `…_settings`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from aiomatatika import InvalidArgumentError, MatatikaSession, NotFoundError, Repeat
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport.query import QueryValue

from .conftest import Witness
from .wires import raw_server, session_at

NAUGHTY: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("data").joinpath("naughty_strings.json").read_bytes()
)

CALLS: dict[str, Callable[[MatatikaSession, Any], Awaitable[object]]] = {
    "get": lambda session, key: session.apikeys.get(key),
    "update": lambda session, key: session.apikeys.update(key, name="new"),
    "delete": lambda session, key: session.apikeys.delete(key),
    "rotate": lambda session, key: session.apikeys.rotate(key),
}


async def assert_refused(server: MatatikaServer, witness: Witness, keys: list[Any], call: str) -> None:
    """Fail if a call takes one of these for an id, or sends anything."""
    before = set(server.api_keys)
    async with server.session() as session:
        for key in keys:
            with witness.raises(ValueError) as caught:
                await CALLS[call](session, key)
            assert "UUID" in str(caught.value)
            assert not isinstance(key, str) or len(key) < 4 or key not in str(caught.value)
    assert list(server.requests) == []
    assert set(server.api_keys) == before


CLIMBING = ["../workspaces", "..", ".", "", "%2e%2e/x", "a/b", "..%2fx", *NAUGHTY["paths that climb"]]
OPENING = ["x?force=true", "x#y", "x;y", "\r\nHost: z", "\x00", " ", 10**6 * "a", 10**6 * "0"]


@pytest.mark.parametrize("call", CALLS)
async def test_I01_id_climbs_out(server: MatatikaServer, witness: Witness, call: str) -> None:
    await assert_refused(server, witness, CLIMBING, call)


@pytest.mark.parametrize("call", CALLS)
async def test_I02_id_opens_query_or_fragment(server: MatatikaServer, witness: Witness, call: str) -> None:
    naughty = [text for texts in NAUGHTY.values() for text in texts]
    assert len(naughty) >= 150
    await assert_refused(server, witness, OPENING + naughty * (call == "delete"), call)


@pytest.mark.parametrize("call", CALLS)
async def test_I03_what_uuid_lets_through(server: MatatikaServer, witness: Witness, call: str) -> None:
    server._store.add_key("another's", id=UUID("0904cf92-85a7-4b0e-8b27-1a6f3c9d2e10"))
    tail = "04cf92-85a7-4b0e-8b27-1a6f3c9d2e10"
    right = f"09{tail}"
    others = ["9_" + tail, "+9" + tail, "0x" + tail, " 9" + tail, "\n9" + tail, right.replace("0", "\u0660")]
    forms = [f"urn:uuid:{right}", f"{{{right}}}", right.replace("-", ""), right + "\n", right.replace("-", "--", 1)]
    assert [UUID(form) for form in (*others[:2], *others[3:], *forms[:3])], "these are the ones that it lets through"
    await assert_refused(server, witness, [*others, *forms, None, 5, right.encode(), [right]], call)


PROFILES = ["auth0|5eb0", "auth0%7C5eb0", "auth0%257C5eb0", "google-oauth2|1", "waad|a;d=e&f+g@h:i", "sms|\u00e9"]


@pytest.mark.parametrize("texts", [PROFILES, [10**6 * "a"], *NAUGHTY.values()], ids=["good", "long", *NAUGHTY])
async def test_I05_profile_id_is_encoded_once_as_one_segment_or_refused(
    server: MatatikaServer, witness: Witness, texts: list[str]
) -> None:
    async with server.session() as session:
        for text in texts:
            before = len(server.requests.api)
            with witness.raises(NotFoundError, *([ValueError] if texts is not PROFILES else [])) as caught:
                await session.profiles.get(text)
            if isinstance(caught.value, NotFoundError):
                (request,) = server.requests.api[before:]
                assert (request.method, request.path) == ("GET", f"/api/profiles/{quote(text, safe='')}")
                assert request.query == {}
                assert text not in {".", ".."}
            else:
                assert len(server.requests.api) == before
                assert len(text) < 4 or text not in str(caught.value)


# What each kind of value becomes: `tests/transport/test_query`.
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


async def test_I15_query_parameters(witness: Witness) -> None:
    values: dict[str, QueryValue] = {
        "list": ["name,asc", "created,desc"],
        "tuple": (1, 2),
        "bool": True,
        "none": None,
        "time": datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=1))),
        "kind": Repeat.SAFE,
    }
    expected = b"list=name,asc&list=created,desc&tuple=1&tuple=2&bool=true&time=2026-01-02T02:04:00&kind=safe"
    async with raw_server(EMPTY) as raw, session_at(raw.url) as session:
        await session.request("GET", "/x?a=%FF", params=values)
        await session.request("GET", "/x", params=list(values.items()))
        await session.apikeys.list(sort=["name,asc", "created,desc"]).page()
        for value in (b"x", {"a": 1}, object(), [b"x"], float("nan")):
            for params in ({"q": value}, [("q", value)]):
                with witness.raises(InvalidArgumentError):
                    await session.request("GET", "/apikeys", params=params)  # type: ignore[arg-type]  # that is tested
    assert [request.split(b" ")[1] for request in raw.requests] == [
        b"/api/x?a=%FF&" + expected,
        b"/api/x?" + expected,
        b"/api/apikeys?sort=name,asc&sort=created,desc",
    ]
