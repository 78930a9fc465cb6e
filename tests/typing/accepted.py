"""What has to type-check: `make check` runs mypy over this file, nobody runs the file itself."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_type
from uuid import UUID

import attrs

from aiomatatika import (
    AccessToken,
    ApiKey,
    BearerToken,
    ClientCredentials,
    Collection,
    HalResource,
    MatatikaSession,
    NewApiKey,
    Page,
    Profile,
    RateLimitError,
    Response,
    Secret,
    SecretDeliveryError,
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


async def links(session: MatatikaSession, key: ApiKey) -> None:
    assert_type(await session.follow(key, "profile", Profile), Profile)
    assert_type(await session.follow(key, "profile", as_type=Profile), Profile)
    assert_type(await session.follow(key.links["profile"]), HalResource)
    assert_type(await session.follow("/api/workspaces/1", as_type=Workspace), Workspace)
    assert_type(await session.request("GET", "/workspaces", params={"size": 5}), Response)
    assert_type(key.links.can("update"), bool)


def errors(limited: RateLimitError, lost: TransportError, made: SecretDeliveryError) -> None:
    assert_type(limited.retry_after, float | None)
    assert_type(made.api_key, NewApiKey)
    assert_type(lost.sent, Literal["no", "maybe"])
