"""Against a server that answers as the vendor's documentation shows it, and shares no code with the embedded one.

Its shapes are the documentation's, with all their oddities; the values are made up.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from aiomatatika import (
    ApiKey,
    BadRequestError,
    ClientCredentials,
    Deployment,
    MatatikaSession,
    Profile,
    Retries,
    UnsafeLinkError,
)

HOST = "https://app.matatika.com"
DEFAULT, NIGHTLY, HOURLY, NEW = (UUID(f"{digit * 8}-0000-4000-8000-000000000000") for digit in "1234")
PROFILE = "auth0|5eb0327cbfd7490bff55feeb"
PROFILE_HREF = f"{HOST}/api/profiles/auth0%7C5eb0327cbfd7490bff55feeb"
SECRET = "Zt3_made-up-secret-of-sixty-four-characters_0123456789abcdefghijk"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJndHkiOiJjbGllbnQtY3JlZGVudGlhbHMifQ.bWFkZS11cA"
EMBEDDED_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJhenAiOiJkZWZhdWx0In0.c2hvd24"


def key(key_id: UUID, name: str, created: str, **more: Any) -> dict[str, Any]:
    href = {"href": f"{HOST}/api/apikeys/{key_id}"}
    return {
        "id": str(key_id),
        "created": created,
        "lastModified": created,
        "name": name,
        "clientId": f"{name}ClientId",
        "profileId": PROFILE,
        **more,
        "_links": {"update apikey": href, "delete apikey": href, "self": href, "profile": {"href": PROFILE_HREF}},
    }


def template() -> dict[str, Any]:
    return {
        "id": str(NEW),
        "created": "2026-01-11T18:58:35.893281107",
        "lastModified": "2026-01-11T18:58:35.893281321",
        "profileId": PROFILE,
        "_links": {"create apikey": {"href": f"{HOST}/api/apikeys/{NEW}"}, "profile": {"href": PROFILE_HREF}},
    }


KEYS = [
    key(DEFAULT, "default", "2024-02-20T16:23:06.93044", accessToken=EMBEDDED_TOKEN),
    key(NIGHTLY, "nightly", "2025-06-02T09:00:17.537"),
    key(HOURLY, "hourly", "2025-06-02T09:00:17"),
]
PROFILES = [
    {
        "id": PROFILE,
        "name": "Somebody",
        "handle": "@somebody",
        "email": "somebody@example.com",
        "defaultWorkspace": {"id": str(NEW), "name": "Home"},
        "_links": {
            "self": {"href": f"{HOST}/api/profiles"},
            "update edit profile": {"href": PROFILE_HREF},
        },
    }
]


@dataclass
class Vendor:
    """Answers by method and path; what a test puts into ``answers`` comes before what the documentation says."""

    url: str = ""
    sent: list[tuple[str, str]] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.hosts.add(request.headers["Host"])
        path = request.raw_path
        if path == "/oauth/token":
            document = {"access_token": TOKEN, "scope": "read", "expires_in": 86400, "token_type": "Bearer"}
            return web.json_response(document)
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        self.sent.append((request.method, path))
        status, document = self.answers.get((request.method, path)) or self.documented(request.method, path)
        if isinstance(document, bytes):
            return web.Response(status=status, body=document, content_type="text/html")
        body = b"" if document is None else json.dumps(document).encode()
        return web.Response(status=status, body=body, content_type="application/hal+json")

    def documented(self, method: str, path: str) -> tuple[int, Any]:
        created = key(NEW, "new", "2026-01-11T18:58:35.961073921", clientSecret=SECRET)
        answers: dict[tuple[str, str], tuple[int, Any]] = {
            ("GET", "/api/apikeys"): (
                200,
                {
                    "_embedded": {"apikeys": KEYS},
                    "_links": {"self": {"href": f"{HOST}/api/apikeys?page=0&size=20"}},
                    "page": {"size": 20, "totalElements": 3, "totalPages": 1, "number": 0},
                },
            ),
            ("POST", "/api/apikeys"): (200, template()),
            ("PUT", f"/api/apikeys/{NEW}"): (201, created),
            ("PUT", f"/api/apikeys/{NIGHTLY}"): (200, KEYS[1] | {"lastModified": "2026-01-11T18:58:36.120000004"}),
            ("GET", f"/api/apikeys/{NIGHTLY}"): (200, KEYS[1]),
            ("DELETE", f"/api/apikeys/{NIGHTLY}"): (204, None),
            ("GET", "/api/profiles"): (
                200,
                {"_embedded": {"profiles": PROFILES}, "_links": {"self": {"href": f"{HOST}/api/profiles"}}},
            ),
            ("GET", "/api/profiles/auth0%7C5eb0327cbfd7490bff55feeb"): (200, PROFILES[0]),
        }
        return answers[(method, path)]


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    vendor = Vendor()
    runner = web.ServerRunner(web.Server(vendor.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    vendor.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield vendor
    await runner.cleanup()


@pytest.fixture
async def session(vendor: Vendor) -> AsyncIterator[MatatikaSession]:
    """A session with this server, which names itself by the vendor's host."""
    deployment = Deployment(
        f"{vendor.url}/api", token_url=f"{vendor.url}/oauth/token", alias_hosts=("app.matatika.com",)
    )
    credentials = ClientCredentials("own-client", "own-secret")
    async with MatatikaSession(credentials, deployment=deployment, retries=Retries(attempts=1)) as session:
        yield session


async def test_the_list_of_keys(vendor: Vendor, session: MatatikaSession) -> None:
    keys = await session.apikeys.list().collect()
    assert [(key.id, key.name, key.client_id) for key in keys] == [
        (DEFAULT, "default", "defaultClientId"),
        (NIGHTLY, "nightly", "nightlyClientId"),
        (HOURLY, "hourly", "hourlyClientId"),
    ]
    assert [key.created for key in keys] == [
        datetime(2024, 2, 20, 16, 23, 6, 930440, UTC),
        datetime(2025, 6, 2, 9, 0, 17, 537000, UTC),
        datetime(2025, 6, 2, 9, 0, 17, 0, UTC),
    ]
    assert {key.profile_id for key in keys} == {PROFILE}
    assert await session.apikeys.list().count() == 3
    assert vendor.sent == [("GET", "/api/apikeys")] * 2


async def test_the_token_that_the_key_named_default_shows_is_hidden(session: MatatikaSession) -> None:
    default = await session.apikeys.list().first()
    assert default is not None
    assert default.access_token is not None
    assert default.access_token.reveal() == EMBEDDED_TOKEN
    assert EMBEDDED_TOKEN not in repr(default)
    assert dict(default.extra) == {}


async def test_a_key_is_initialised_and_created(vendor: Vendor, session: MatatikaSession) -> None:
    draft = await session.apikeys.initialise()
    assert (draft.id, draft.name, draft.client_id) == (NEW, None, None)
    assert draft.links.action("create").href == f"{HOST}/api/apikeys/{NEW}"
    new = await session.apikeys.create("new", draft=draft)
    assert (new.id, new.client_id, new.client_secret.reveal()) == (NEW, "newClientId", SECRET)
    assert new.created == datetime(2026, 1, 11, 18, 58, 35, 961073, UTC)
    assert new.links.can("update")
    assert vendor.sent == [("POST", "/api/apikeys"), ("PUT", f"/api/apikeys/{NEW}")]


async def test_a_key_is_read_renamed_and_deleted(vendor: Vendor, session: MatatikaSession) -> None:
    nightly = await session.apikeys.get(NIGHTLY)
    assert nightly == (await session.apikeys.list().collect())[1]
    renamed = await session.apikeys.update(nightly, name="nightly")
    assert renamed.last_modified == datetime(2026, 1, 11, 18, 58, 36, 120000, UTC)
    await session.apikeys.delete(renamed)
    assert vendor.sent[-1] == ("DELETE", f"/api/apikeys/{NIGHTLY}")


async def test_links_that_name_the_vendors_host_are_followed_on_the_configured_one(
    vendor: Vendor, session: MatatikaSession
) -> None:
    nightly = await session.apikeys.get(NIGHTLY)
    assert await session.follow(nightly, "self", ApiKey) == nightly
    owner = await session.follow(nightly, "profile", Profile)
    assert owner.id == PROFILE
    assert vendor.sent[-1] == ("GET", "/api/profiles/auth0%7C5eb0327cbfd7490bff55feeb")
    assert vendor.hosts == {vendor.url.removeprefix("http://")}


async def test_without_the_alias_such_links_are_not_followed(vendor: Vendor) -> None:
    deployment = Deployment(f"{vendor.url}/api", token_url=f"{vendor.url}/oauth/token")
    async with MatatikaSession(ClientCredentials("own-client", "own-secret"), deployment=deployment) as session:
        nightly = await session.apikeys.get(NIGHTLY)
        with pytest.raises(UnsafeLinkError):
            await session.follow(nightly, "profile", Profile)
    assert len(vendor.sent) == 1


async def test_profiles_come_without_a_page_object(vendor: Vendor, session: MatatikaSession) -> None:
    (profile,) = await session.profiles.list().collect()
    assert (profile.id, profile.handle) == (PROFILE, "@somebody")
    assert profile.default_workspace is not None
    assert profile.default_workspace.name == "Home"
    assert profile.links.action("edit").method == "PATCH"
    assert await session.profiles.get(PROFILE) == profile
    assert await session.profiles.list().count() == 1
    assert vendor.sent[1] == ("GET", "/api/profiles/auth0%7C5eb0327cbfd7490bff55feeb")


@pytest.mark.parametrize("document", [{}, {"_embedded": {}}, {"_embedded": {"apikeys": []}}])
async def test_an_empty_list_comes_in_three_forms(vendor: Vendor, session: MatatikaSession, document: Any) -> None:
    page = {"size": 20, "totalElements": 0, "totalPages": 0, "number": 0}
    vendor.answers["GET", "/api/apikeys"] = (200, document | {"page": page})
    assert await session.apikeys.list().collect() == []
    assert await session.apikeys.list().count() == 0


async def test_an_error_comes_whole(vendor: Vendor, session: MatatikaSession) -> None:
    fields = {"error": "Bad Request", "message": "It went wrong", "timestamp": "2026-01-11T18:59:02.481923"}
    failing = {"field": "id", "rejectedValue": "no-id", "bindingFailure": True, "code": "typeMismatch"}
    path = f"/api/apikeys/{NIGHTLY}"
    vendor.answers["GET", path] = (400, {"status": 400, "path": path, "errors": [failing], **fields})
    with pytest.raises(BadRequestError) as caught:
        await session.apikeys.get(NIGHTLY)
    raised = caught.value
    assert {name: getattr(raised, name) for name in fields} == fields
    assert (raised.status, raised.path, raised.errors) == (400, path, (failing,))


CALLS: list[Callable[[MatatikaSession], Awaitable[object]]] = [
    lambda session: session.apikeys.list().collect(),
    lambda session: session.apikeys.create("new"),
    lambda session: session.apikeys.rotate(NIGHTLY),
    lambda session: session.profiles.list().collect(),
]


@pytest.mark.parametrize("call", CALLS, ids=["list", "create", "rotate", "profiles"])
async def test_every_request_goes_to_the_configured_host(
    vendor: Vendor, session: MatatikaSession, call: Callable[[MatatikaSession], Awaitable[object]]
) -> None:
    await call(session)
    assert vendor.hosts == {vendor.url.removeprefix("http://")}
