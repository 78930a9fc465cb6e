"""I: ids that the caller gives, I01 to I05. Settings: `…_settings`; sessions and one except clause: `…_session`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest

from aiomatatika import MatatikaSession, NotFoundError
from aiomatatika.testing import MatatikaServer

from .conftest import Witness

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
    await assert_refused(server, witness, OPENING, call)


@pytest.mark.parametrize("kind", NAUGHTY)
async def test_I02_naughty_strings_where_a_uuid_is_due(server: MatatikaServer, witness: Witness, kind: str) -> None:
    assert sum(map(len, NAUGHTY.values())) >= 150
    await assert_refused(server, witness, NAUGHTY[kind], "delete")


@pytest.mark.parametrize("call", CALLS)
async def test_I03_what_uuid_lets_through(server: MatatikaServer, witness: Witness, call: str) -> None:
    server._store.add_key("another's", id=UUID("0904cf92-85a7-4b0e-8b27-1a6f3c9d2e10"))
    tail = "04cf92-85a7-4b0e-8b27-1a6f3c9d2e10"
    right = f"09{tail}"
    others = ["9_" + tail, "+9" + tail, "0x" + tail, " 9" + tail, "\n9" + tail, right.replace("0", "\u0660")]
    forms = [f"urn:uuid:{right}", f"{{{right}}}", right.replace("-", ""), right + "\n", right.replace("-", "--", 1)]
    assert [UUID(form) for form in (*others[:2], *others[3:], *forms[:3])], "these are the ones that it lets through"
    await assert_refused(server, witness, [*others, *forms, None, 5, right.encode(), [right]], call)


async def test_I03_what_is_one_is_taken_in_any_case(server: MatatikaServer) -> None:
    (key_id,) = server.add_api_keys(1)
    async with server.session() as session:
        for form in (key_id, str(key_id), str(key_id).upper()):
            assert (await session.apikeys.get(form)).id == key_id


@pytest.mark.parametrize(
    "profile_id, segment",
    [
        ("auth0|5eb0", "auth0%7C5eb0"),
        ("auth0%7C5eb0", "auth0%257C5eb0"),
        ("auth0%257C5eb0", "auth0%25257C5eb0"),
        ("google-oauth2|1", "google-oauth2%7C1"),
        ("waad|a;d=e&f+g@h:i", "waad%7Ca%3Bd%3De%26f%2Bg%40h%3Ai"),
        ("sms|\u00e9", "sms%7C%C3%A9"),
    ],
)
async def test_I05_profile_id(server: MatatikaServer, witness: Witness, profile_id: str, segment: str) -> None:
    async with server.session() as session:
        assert (await session.profiles.get(server.profile_id)).id == server.profile_id
        with witness.raises(NotFoundError):
            await session.profiles.get(profile_id)
    assert server.requests.api[-1].path == f"/api/profiles/{segment}"


@pytest.mark.parametrize("kind", NAUGHTY)
async def test_I05_profile_id_that_is_naughty_is_refused_or_stays_one_segment(
    server: MatatikaServer, witness: Witness, kind: str
) -> None:
    async with server.session() as session:
        for text in [*NAUGHTY[kind], 10**6 * "a"]:
            with witness.raises(ValueError, NotFoundError) as caught:
                await session.profiles.get(text)
            if isinstance(caught.value, NotFoundError):
                before, _, segment = server.requests.api[-1].path.rpartition("/")
                assert (before, unquote(segment), server.requests.api[-1].query) == ("/api/profiles", text, {})
                assert segment not in {".", ".."}
            elif len(text) > 3:
                assert text not in str(caught.value)
    assert {request.method for request in server.requests.api} <= {"GET"}
