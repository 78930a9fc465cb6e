"""I: objects that the caller gives (I17), and what every mistake is caught with and says (I21)."""

from __future__ import annotations

import pickle
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest

from aiomatatika import (
    ApiError,
    ApiKey,
    BearerToken,
    HalResource,
    InvalidArgumentError,
    MatatikaError,
    MatatikaSession,
    Profile,
    RelationNotFoundError,
    TransportError,
    TransportTimeoutError,
    errors,
)
from aiomatatika.testing import MatatikaServer

from .conftest import Witness

Call = Callable[[MatatikaSession, Any], Awaitable[object]]


@attrs.frozen(kw_only=True)
class OwnKey(ApiKey):
    """A class of the user's, whose id has another type."""

    id: str  # type: ignore[assignment]  # that is tested


OUT_OF_PATH: Any = "../workspaces/1?force=true"
NO_ID: Any = None
ON_KEYS: dict[str, Call] = {
    "get": lambda session, key: session.apikeys.get(key),
    "update": lambda session, key: session.apikeys.update(key, name="new"),
    "delete": lambda session, key: session.apikeys.delete(key),
    "rotate": lambda session, key: session.apikeys.rotate(key),
    "create": lambda session, key: session.apikeys.create("new", draft=key),
}
KEYS: list[Any] = [
    *(ApiKey(id=OUT_OF_PATH, name="x"), OwnKey(id=OUT_OF_PATH, name="x"), OwnKey(id="0" * 32, name="x")),
    *(ApiKey(id=NO_ID, name="x"), Profile(id=str(UUID(int=0)), name="x"), HalResource()),
]


@pytest.mark.parametrize(
    "call, things",
    [
        *((call, KEYS) for call in ON_KEYS.values()),
        (
            lambda session, profile: session.profiles.get(profile),
            [Profile(id=id) for id in ("a/b#c", "..", "a?b", "a\\b", "")],
        ),
    ],
    ids=[*ON_KEYS, "profile"],
)
async def test_I17_ids_inside_objects(server: MatatikaServer, witness: Witness, call: Call, things: list[Any]) -> None:
    async with server.session() as session:
        for thing in things:
            with witness.raises(InvalidArgumentError):
                await call(session, thing)
        assert (list(server.requests), list(server.api_keys)) == ([], [server.default_key_id])
        assert (await session.apikeys.get(OwnKey(id=str(server.default_key_id)))).id == server.default_key_id


# The session is given as Any: a type checker would see most of these.
MISTAKES: dict[str, Callable[[Any, Path], Awaitable[object]]] = {
    "an id": lambda session, _: session.apikeys.get("a/b"),
    "a blank name": lambda session, _: session.apikeys.create(" "),
    "a name that JSON has no form for": lambda session, _: session.apikeys.create("\ud800"),
    "a blank new name": lambda session, _: session.apikeys.update(uuid4(), name=""),
    "a name to find": lambda session, _: session.apikeys.find(5),
    "a draft": lambda session, _: session.apikeys.create("x", draft=uuid4()),
    "seconds that are no number": lambda session, _: session.apikeys.rotate(uuid4(), ready_within="45"),
    "credentials": lambda session, _: session.apikeys.wait_until_accepted(BearerToken("t")),
    "a sink": lambda session, _: session.apikeys.create("x", save=5),
    "a path with a null character": lambda session, folder: session.apikeys.create("x", save=folder / "a\0b"),
    "a sort": lambda session, _: session.apikeys.list(sort=[]).first(),
    "a sort of bytes": lambda session, _: session.apikeys.list(sort=b"name").collect(),
    "a profile": lambda session, _: session.profiles.get(".."),
    "a method": lambda session, _: session.request("no method", "/x"),
    "a body": lambda session, _: session.request("PUT", "/x", json=object()),
    "a path": lambda session, _: session.request("GET", 5),
    "a target": lambda session, _: session.follow(5),
    "a relation of a path": lambda session, _: session.follow("/api/x", "self"),
    "an action": lambda session, _: session.act(HalResource(), 5),
}
MISSING: dict[str, tuple[Any, type[Exception], type[Exception]]] = {
    "a relation": (lambda session, _: session.follow(HalResource(), "x"), RelationNotFoundError, KeyError),
    "an offer": (lambda session, _: session.act(HalResource(), "verify"), RelationNotFoundError, KeyError),
    "a folder": (
        lambda session, folder: session.apikeys.create("x", save=folder / "missing" / "key.json"),
        FileNotFoundError,  # of the caller's own sink: the one error that is none of ours
        OSError,
    ),
}


@pytest.mark.parametrize(
    "mistake, kind, builtin",
    [*((mistake, InvalidArgumentError, ValueError) for mistake in MISTAKES.values()), *MISSING.values()],
    ids=[*MISTAKES, *MISSING],
)
async def test_I21_one_except_clause(
    server: MatatikaServer, witness: Witness, tmp_path: Path, mistake: Call, kind: type[Exception], builtin: type
) -> None:
    async with server.session() as session:
        with witness.raises(MatatikaError, FileNotFoundError) as caught:
            await mistake(session, tmp_path)
    assert type(caught.value) is kind
    assert isinstance(caught.value, builtin)
    assert (list(server.requests), list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize("call", ["get", "update", "delete", "rotate"])
async def test_I21_client_id_in_place_of_an_id_says_where_ids_are(
    server: MatatikaServer, witness: Witness, call: str
) -> None:
    async with server.session() as session:
        for text in (server.api_keys[server.default_key_id].client_id, "aB3" + "x" * 29, UUID(int=5).hex):
            with witness.raises(InvalidArgumentError) as caught:
                await ON_KEYS[call](session, text)
            assert "looks like a client ID" in str(caught.value)
            assert "apikeys.find(name) and apikeys.list() show ids" in str(caught.value)
            assert text not in str(caught.value)
    assert list(server.requests) == []


def incomplete() -> MatatikaError:
    error = errors.ResponseError("cut")
    error.incomplete = True
    return error


ALWAYS, IF_REPEATABLE, NEVER = (True, True), (False, True), (False, False)
"""Whether an error is transient where its call is not repeatable, and where it is."""
TRANSIENT: list[tuple[MatatikaError, tuple[bool, bool]]] = [
    *((kind("lost", sent="no"), ALWAYS) for kind in (TransportError, TransportTimeoutError)),
    *((kind("lost", sent="maybe"), IF_REPEATABLE) for kind in (TransportError, TransportTimeoutError)),
    *((ApiError(status), NEVER) for status in (400, 401, 403, 404, 405, 409, 410, 418, 422, 501, 505)),
    *((ApiError(status), IF_REPEATABLE) for status in (408, 425, 500, 502, 503, 504, 506, 520, 599)),
    (errors.ServerError(503), IF_REPEATABLE),
    (incomplete(), IF_REPEATABLE),
    (errors.RateLimitError(429), ALWAYS),
    *((kind(400), NEVER) for kind in (errors.BadRequestError, errors.ForbiddenError, errors.NotFoundError)),
    *((kind(405), NEVER) for kind in (errors.MethodNotAllowedError, errors.ConflictError)),
    *((kind("wrong"), NEVER) for kind in (MatatikaError, errors.ConfigurationError, InvalidArgumentError)),
    *((kind("wrong"), NEVER) for kind in (errors.SessionClosedError, errors.ResponseError, errors.PendingError)),
    *((kind("wrong"), NEVER) for kind in (errors.LinkError, RelationNotFoundError, errors.UnsafeLinkError)),
    *((kind("wrong"), NEVER) for kind in (errors.PaginationError, errors.AuthenticationError)),
    (errors.SecretLostError("lost", key_id=uuid4(), created=None, orphan=None), NEVER),
    (errors.SecretDeliveryError("made", api_key=None), NEVER),
    (errors.JobFailedError("failed", job=None), NEVER),
]


def test_I21_every_error_says_whether_to_repeat_the_call() -> None:
    assert {type(error).__name__ for error, _ in TRANSIENT} == set(errors.__all__)
    for error, transient in TRANSIENT:
        for repeatable in (False, True):
            error.repeatable = repeatable
            for each in (error, pickle.loads(pickle.dumps(error))):
                assert each.transient is transient[repeatable], repr(error)
