"""I: objects that the caller gives, and what every mistake of the caller's is caught with: I17 and I21."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

from aiomatatika import ApiKey, BearerToken, InvalidArgumentError, MatatikaError, MatatikaSession, Profile
from aiomatatika.testing import MatatikaServer

from .conftest import Witness

Call = Callable[[MatatikaSession, Any], Awaitable[object]]


@attrs.frozen(kw_only=True)
class OwnKey(ApiKey):
    """A class of the user's, whose id has another type."""

    id: str  # type: ignore[assignment]  # that is tested


OUT_OF_PATH: Any = "../workspaces/1?force=true"

ON_KEYS: dict[str, Call] = {
    "get": lambda session, key: session.apikeys.get(key),
    "update": lambda session, key: session.apikeys.update(key, name="new"),
    "delete": lambda session, key: session.apikeys.delete(key),
    "rotate": lambda session, key: session.apikeys.rotate(key),
    "create": lambda session, key: session.apikeys.create("new", draft=key),
}


@pytest.mark.parametrize("call", ON_KEYS.values(), ids=ON_KEYS)
@pytest.mark.parametrize(
    "key",
    [
        ApiKey(id=OUT_OF_PATH, name="x"),
        OwnKey(id=OUT_OF_PATH, name="x"),
        OwnKey(id="0" * 32, name="x"),
        ApiKey(id=None, name="x"),  # type: ignore[arg-type]  # that is tested
        Profile(id="00000000-0000-0000-0000-000000000000", name="x"),
    ],
    ids=["ApiKey", "a subclass", "no hyphens", "none", "another class"],
)
async def test_I17_ids_inside_objects(server: MatatikaServer, witness: Witness, call: Call, key: Any) -> None:
    async with server.session() as session:
        with witness.raises(InvalidArgumentError):
            await call(session, key)
    assert (list(server.requests), list(server.api_keys)) == ([], [server.default_key_id])


@pytest.mark.parametrize("id", ["a/b#c", "..", "a?b", "a\\b", ""])
async def test_I17_ids_inside_profiles(server: MatatikaServer, witness: Witness, id: str) -> None:
    async with server.session() as session:
        with witness.raises(InvalidArgumentError):
            await session.profiles.get(Profile(id=id))
    assert list(server.requests) == []


async def test_I17_subclass_of_the_users_with_a_good_id(server: MatatikaServer) -> None:
    async with server.session() as session:
        key = await session.apikeys.get(OwnKey(id=str(server.default_key_id)))
    assert key.id == server.default_key_id


MISTAKES: dict[str, Call] = {
    "a client ID": lambda session, _: session.apikeys.get("aB3" + "x" * 29),
    "a blank name": lambda session, _: session.apikeys.create(" "),
    "a name that JSON has no form for": lambda session, _: session.apikeys.create("\ud800"),
    "a name that is no text, found": lambda session, _: session.apikeys.find(5),  # type: ignore[arg-type]  # that is tested
    "a blank name, updated": lambda session, _: session.apikeys.update(uuid4(), name=""),
    "no draft": lambda session, _: session.apikeys.create("x", draft=uuid4()),  # type: ignore[arg-type]  # that is tested
    "seconds below zero": lambda session, _: session.apikeys.create("x", ready_within=-1),
    "seconds that are no number": lambda session, _: session.apikeys.rotate(uuid4(), ready_within="45"),  # type: ignore[arg-type]  # that is tested
    "credentials of another kind": lambda session, _: session.apikeys.wait_until_accepted(BearerToken("t")),  # type: ignore[arg-type]  # that is tested
    "no sink": lambda session, _: session.apikeys.create("x", save=5),  # type: ignore[arg-type]  # that is tested
    "a path with a null character": lambda session, folder: session.apikeys.create("x", save=folder / "a\0b"),
    "a size of zero": lambda session, _: session.apikeys.list(size=0).collect(),
    "a page below zero": lambda session, _: session.apikeys.list(page=-1).collect(),
    "a sort that is no text": lambda session, _: session.apikeys.list(sort=5).collect(),  # type: ignore[arg-type]  # that is tested
    "a sort of bytes": lambda session, _: session.apikeys.list(sort=b"name").collect(),  # type: ignore[arg-type]  # that is tested
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
async def test_I21_one_except_clause(server: MatatikaServer, witness: Witness, tmp_path: Path, mistake: Call) -> None:
    async with server.session() as session:
        with witness.raises(MatatikaError) as caught:
            await mistake(session, tmp_path)
    assert isinstance(caught.value, InvalidArgumentError)
    assert isinstance(caught.value, ValueError)
    assert (list(server.requests), list(tmp_path.iterdir())) == ([], [])


async def test_I21_missing_relation(server: MatatikaServer, witness: Witness) -> None:
    async with server.session() as session:
        key = await session.apikeys.get(server.default_key_id)
        with witness.raises(MatatikaError) as caught:
            await session.follow(key, "owner")
    assert isinstance(caught.value, KeyError)


async def test_I21_error_of_a_sink_that_cannot_be_opened_stays_an_os_error(
    server: MatatikaServer, witness: Witness, tmp_path: Path
) -> None:
    async with server.session() as session:
        with witness.raises(OSError) as caught:
            await session.apikeys.create("x", save=tmp_path / "missing" / "key.json")
    assert not isinstance(caught.value, MatatikaError)


@pytest.mark.parametrize("call", ["get", "update", "delete", "rotate"])
async def test_I21_client_id_in_place_of_an_id_says_where_ids_are(
    server: MatatikaServer, witness: Witness, call: str
) -> None:
    client_id = server.api_keys[server.default_key_id].client_id
    async with server.session() as session:
        for text in (client_id, UUID(int=5).hex):
            with witness.raises(InvalidArgumentError) as caught:
                await ON_KEYS[call](session, text)
            assert "looks like a client ID" in str(caught.value)
            assert "apikeys.find(name) and apikeys.list() show ids" in str(caught.value)
            assert text not in str(caught.value)
    assert list(server.requests) == []
