"""What has to type-check, for mypy and pyright; the file is never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Unpack, assert_type
from uuid import UUID

import attrs

from aiomatatika import (
    AccessToken,
    ApiKey,
    BearerToken,
    ClientCredentials,
    Collection,
    Download,
    HalResource,
    MatatikaSession,
    NewApiKey,
    Page,
    Paging,
    Profile,
    RateLimitError,
    Ref,
    Repeat,
    Response,
    Retries,
    Secret,
    SecretDeliveryError,
    Timeouts,
    TransportError,
)


async def a_token_as_text() -> str:
    return "a.b.c"


async def a_token_with_its_lifetime() -> AccessToken:
    return AccessToken("a.b.c", expires_in=3600)


credentials = [
    ClientCredentials("id", "secret"),
    ClientCredentials("id", Secret("secret")),
    BearerToken("a.b.c"),
    BearerToken(a_token_as_text),
    BearerToken(a_token_with_its_lifetime),
]


@attrs.frozen(kw_only=True)
class Workspace(HalResource):
    name: str


async def collections(session: MatatikaSession) -> None:
    keys = session.apikeys.list(size=50, sort="name,asc", prefetch=2)
    assert_type(keys, Collection[ApiKey])
    async for key in keys:
        assert_type(key, ApiKey)
    async for page in keys.pages():
        assert_type(page, Page[ApiKey])
        assert_type(page.items, list[ApiKey])
        assert_type(page.total_pages, int | None)
    assert_type(await keys.first(), ApiKey | None)
    assert_type(await keys.collect(limit=3), list[ApiKey])
    assert_type(await keys.count(), int)
    assert_type(keys.at("https://app.matatika.com/api/apikeys?page=2"), Collection[ApiKey])


async def keys(session: MatatikaSession) -> None:
    new = await session.apikeys.create("name")
    assert_type(new, NewApiKey)
    assert_type(new.client_secret, Secret)
    assert_type(new.client_secret.reveal(), str)
    assert_type(new.credentials, ClientCredentials)
    assert_type(new.id, UUID)
    assert_type(new.created, datetime | None)
    assert_type(await session.apikeys.update(new, name="other"), ApiKey)
    assert_type(await session.apikeys.get(new.id), ApiKey)
    assert_type(await session.apikeys.get(str(new.id)), ApiKey)
    assert_type(await session.apikeys.rotate(new), NewApiKey)
    await session.apikeys.delete(new)


async def rename(session: MatatikaSession, key: Ref[ApiKey]) -> ApiKey:
    return await session.apikeys.update(key, name="other")


def newest(session: MatatikaSession, **paging: Unpack[Paging]) -> Collection[ApiKey]:
    return session.apikeys.list(**paging)


async def references(session: MatatikaSession, key: NewApiKey) -> None:
    for each in (key, key.id, str(key.id)):
        assert_type(await rename(session, each), ApiKey)
    assert_type(newest(session, size=5, sort=("created,desc", "name"), page=1, prefetch=2), Collection[ApiKey])
    wanted: Paging = {"size": 5}
    assert_type(session.apikeys.list(**wanted), Collection[ApiKey])


async def links(session: MatatikaSession, key: ApiKey) -> None:
    assert_type(await session.follow(key, "profile", Profile), Profile)
    assert_type(await session.follow(key, "profile", as_type=Profile), Profile)
    assert_type(await session.follow(key.links["profile"]), HalResource)
    assert_type(await session.follow("/api/workspaces/1", as_type=Workspace), Workspace)
    assert_type(await session.act(key, "verify"), Response)
    assert_type(await session.act(key.links["self"], "update", json={}, as_type=Workspace), Workspace)
    assert_type(key.links.can("update"), bool)


async def responses(session: MatatikaSession) -> None:
    response = await session.request("GET", "/workspaces", params={"size": 5}, repeat=Repeat.SAFE)
    assert_type(response, Response)
    assert_type(response.status, int)
    assert_type(response.headers["Content-Type"], str)
    assert_type(response.body, bytes)
    assert_type(response.json(), Any)


class Bots(MatatikaSession):
    """A session of a user's own."""


def sessions(session: Bots) -> None:
    assert_type(session.with_options(retries=Retries(attempts=1)), Bots)
    assert_type(Bots.from_env(timeouts=Timeouts(total=5), http=None, user_agent="bot/1"), Bots)


def errors(limited: RateLimitError, lost: TransportError, made: SecretDeliveryError) -> None:
    assert_type(limited.retry_after, float | None)
    assert_type(limited.transient, bool)
    assert_type(limited.request_id, str | None)
    key: NewApiKey = made.api_key
    assert_type(key.client_secret, Secret)
    assert_type(lost.sent, Literal["no", "maybe"])


async def rows() -> AsyncIterator[bytes]:
    yield b"id,name"


async def bodies_of_any_size(session: MatatikaSession) -> None:
    download = session.download("/x", params={"n": 1}, accept="text/csv")
    assert_type(download, Download)
    assert_type(await download.read(), bytes)
    assert_type(await download.text(), str)
    assert_type(await download.save(Path("rows.csv")), int)
    async with download as pieces:
        async for piece in pieces:
            assert_type(piece, bytes)
    for body in (b"", "", Path("rows.csv"), rows()):
        await session.request("PUT", "/x", body=body, content_type="text/csv", headers={"X-Key": Secret("a"), "X": "b"})
