"""The ways out for what has no method yet: `request`, `follow` and `act`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aiomatatika import (
    ApiKey,
    HalResource,
    InvalidArgumentError,
    Link,
    LinkError,
    Links,
    MatatikaSession,
    Profile,
    RelationNotFoundError,
    Repeat,
    ResponseError,
    Secret,
    TransportError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer

EVIL = "https://evil.test/api/x"
TEMPLATE = Link(rel="search", href="/api/x{?q}", templated=True)
TO_DELETE = Link(rel="delete x", href="/api/x", method="DELETE")


def links(**hrefs: str) -> HalResource:
    """Return a resource with links; the underscores of their names are spaces."""
    return HalResource(links=Links({rel.replace("_", " "): {"href": href} for rel, href in hrefs.items()}))


# Requests

NO_BODIES: list[object] = [5, {}, bytearray(1), [b"a"], "\ud800", Path("\0")]


async def test_a_request_as_it_arrives(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(method="PATCH", status=299, json={"a": 1}, headers={"X-Note": "b"})
    params: dict[str, int | str | None] = {"size": 5, "sort": "name,asc", "no": None}
    response = await session.request("patch", "/workspaces?a=b%20c", json={"n": [1, "ü"]}, params=params)
    assert (response.status, response.json(), response.headers["x-note"]) == (299, {"a": 1}, "b")
    request = server.requests.api[0]
    assert (request.method, request.path) == ("PATCH", "/api/workspaces")
    assert request.query == {"a": "b c", "size": "5", "sort": "name,asc"}
    assert request.json() == {"n": [1, "ü"]}
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept"] == "application/hal+json, application/json;q=0.9"


async def test_a_request_has_the_accept_header_that_it_is_given(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    await session.request("GET", "/profiles", accept="text/csv")
    assert server.requests.api[0].headers["Accept"] == "text/csv"


@pytest.mark.parametrize("json", [[], {}, 0, False, ""])
async def test_a_body_that_is_false_is_a_body(server: MatatikaServer, session: MatatikaSession, json: object) -> None:
    server.faults.add(method="PUT", status=200)
    await session.request("PUT", "/workspaces", json=json)
    assert server.requests.api[0].json() == json


async def yielding(*pieces: Any) -> AsyncIterator[Any]:
    for piece in pieces:
        yield piece


BYTES, TEXT = "application/octet-stream", "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "body, arrives, content_type",
    [
        (b"", b"", BYTES),
        (b"\0\xff", b"\0\xff", BYTES),
        ("é", "é".encode(), TEXT),
        ("", b"", TEXT),
        (Path(__file__), Path(__file__).read_bytes(), BYTES),
        (lambda: yielding(b"a", b"", b"bc"), b"abc", BYTES),
        (yielding, b"", BYTES),
    ],
    ids=["no bytes", "bytes", "text", "no text", "path", "iterator", "empty iterator"],
)
@pytest.mark.parametrize("given", [None, "application/x-own"])
async def test_a_body_as_it_arrives(
    server: MatatikaServer, session: MatatikaSession, body: Any, arrives: bytes, content_type: str, given: str | None
) -> None:
    server.faults.add(path="/api/x", status=200)
    await session.request("PUT", "/x", body=body() if callable(body) else body, content_type=given)
    (request,) = server.requests.api
    assert (request.body, request.headers["Content-Type"]) == (arrives, given or content_type)
    assert request.headers.get("Content-Length") == (None if callable(body) else str(len(arrives)))


async def test_json_of_another_media_type(server: MatatikaServer, session: MatatikaSession) -> None:
    server.faults.add(path="/api/x", status=200)
    await session.request("PATCH", "/x", json={}, content_type="application/merge-patch+json")
    assert server.requests.api[0].headers["Content-Type"] == "application/merge-patch+json"


async def test_header_fields_are_added(server: MatatikaServer, session: MatatikaSession) -> None:
    await session.request("GET", "/profiles", headers={"If-None-Match": '"a b"', "X-Key": Secret("canary")})
    headers = server.requests.api[0].headers
    assert (headers["If-None-Match"], headers["X-Key"]) == ('"a b"', "canary")


@pytest.mark.parametrize(
    "target",
    [
        "profiles",
        "/profiles?at=https://x.test/y",
        "{url}/api/profiles",
        Link(rel="x", href="/api/profiles", method=None),
    ],
)
async def test_a_request_goes_to_a_path_below_the_root_a_url_of_the_api_or_a_link(
    server: MatatikaServer, session: MatatikaSession, target: str | Link
) -> None:
    await session.request("GET", target.format(url=server.url) if isinstance(target, str) else target)
    assert server.requests.api[0].path == "/api/profiles"


@pytest.mark.parametrize(
    "arguments, error",
    [
        *(({"method": method}, InvalidArgumentError) for method in ("", "GET /x", "GET\r\n", "gét", None)),
        *(({"accept": accept}, InvalidArgumentError) for accept in ("a\r\nb", "", "a  b")),
        *(({"json": json}, InvalidArgumentError) for json in (object(), {"a": float})),
        *(({"body": body}, InvalidArgumentError) for body in NO_BODIES),
        *(({"body": path}, OSError) for path in (Path("/nowhere/x"), Path("/"), Path("/dev/null"))),
        ({"json": {}, "body": b""}, InvalidArgumentError),
        ({"content_type": "text/x"}, InvalidArgumentError),
        *(({"body": b"", "content_type": text}, InvalidArgumentError) for text in ("", "a\r\nb", 5)),
        ({"headers": {"Host": "x"}}, InvalidArgumentError),
        *(({"path_or_link": path}, InvalidArgumentError) for path in (5, None)),
        *(({"path_or_link": path}, UnsafeLinkError) for path in ("../x", "/x\r\ny", EVIL, Link(rel="x", href=EVIL))),
        *(({"path_or_link": link}, LinkError) for link in (TEMPLATE, TO_DELETE)),
    ],
)
async def test_a_request_that_cannot_work_is_refused_before_anything_is_sent(
    server: MatatikaServer, session: MatatikaSession, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await session.request(**{"method": "GET", "path_or_link": "/profiles", **arguments})
    assert server.requests == []


@pytest.mark.parametrize(
    "method, repeat, sent",
    [("PUT", None, 2), ("PUT", Repeat.ONCE, 1), ("POST", None, 1), ("POST", Repeat.IDEMPOTENT, 2)],
)
async def test_a_request_is_repeated_as_its_method_or_the_caller_says(
    server: MatatikaServer, session: MatatikaSession, method: str, repeat: Repeat | None, sent: int
) -> None:
    server.faults.add(path="/api/x", drop="after", times=None)
    with pytest.raises(TransportError):
        await session.request(method, "/x", repeat=repeat)
    assert server.requests.methods() == [method] * sent


# Links


async def test_a_link_of_a_resource_is_followed(server: MatatikaServer, session: MatatikaSession) -> None:
    key = await session.apikeys.get(server.default_key_id)
    assert (await session.follow(key, "profile", Profile)).id == server.profile_id
    assert await session.follow(key, as_type=ApiKey) == key  # itself
    assert type(await session.follow(key, "profile")) is HalResource
    link = key.links["self"]
    for target in (link, link.href):
        assert await session.follow(target, as_type=ApiKey) == key
    with pytest.raises(RelationNotFoundError, match=r"workspace.*profile"):
        await session.follow(key, "workspace")


@pytest.mark.parametrize(
    "target, error",
    [
        (TEMPLATE, LinkError),
        (TO_DELETE, LinkError),
        (Link(rel="x", href=EVIL), UnsafeLinkError),
        (EVIL, UnsafeLinkError),
        (5, InvalidArgumentError),
    ],
)
async def test_a_link_that_cannot_be_followed_is_refused_before_anything_is_sent(
    server: MatatikaServer, session: MatatikaSession, target: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await session.follow(target)
    with pytest.raises(InvalidArgumentError, match="rel goes with a resource"):
        await session.follow(target, "self")
    assert server.requests == []


async def test_a_response_that_does_not_fit_the_class_says_where(
    server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path="/api/x", status=200, json={"id": "canary"})
    with pytest.raises(ResponseError, match="id: expected a UUID") as raised:
        await session.follow("/api/x", as_type=ApiKey)
    assert (raised.value.method, raised.value.attempts, raised.value.status) == ("GET", 1, 200)


# Actions


@pytest.mark.parametrize(
    "target, action, method",
    [
        (links(verify_pipeline="/api/x"), "verify", "POST"),
        (links(verify_pipeline="/api/x"), "verify pipeline", "POST"),
        (links(update_delete_workspace="/api/x"), "delete", "DELETE"),
        (Link(rel="update delete workspace", href="/api/x", method=None), "update", "PUT"),
        (Link(rel="draft dataset", href="/api/x", method="PATCH"), "draft", "PATCH"),  # the server says so itself
    ],
)
async def test_an_action_is_done_by_the_method_that_it_has(
    server: MatatikaServer, session: MatatikaSession, target: HalResource | Link, action: str, method: str
) -> None:
    server.faults.add(path="/api/x", status=200, json={"name": "it"}, times=None)
    response = await session.act(target, action, json={"a": 1})
    assert (response.status, response.json()) == (200, {"name": "it"})
    assert (await session.act(target, action, as_type=HalResource)).extra == {"name": "it"}
    assert server.requests.methods() == [method, method]
    assert server.requests.api[0].json() == {"a": 1}
    assert server.requests.api[1].body == b""


@pytest.mark.parametrize(
    "target, action, error, says",
    [
        (
            links(verify_pipeline="/api/x"),
            "publish",
            RelationNotFoundError,
            "no link 'publish'; there are: verify pipeline",
        ),
        (links(verify_a="/api/x"), "verify a b", RelationNotFoundError, "no link 'verify a b'; there are: verify a"),
        (links(verify_a="/api/x", verify_b="/api/y"), "verify", LinkError, "'verify' is offered on a, b: name one"),
        (links(ponder_pipeline="/api/x"), "ponder", LinkError, "does not say which method 'ponder' takes"),
        (links(verify_pipeline=EVIL), "verify", UnsafeLinkError, "another host"),
        (
            links(verify_pipeline="/api/x"),
            None,
            InvalidArgumentError,
            "action must be a str, such as 'verify', not None",
        ),
        (TO_DELETE, "update", RelationNotFoundError, "the link 'delete x' does not offer 'update'"),
        (TEMPLATE, "search", LinkError, "a URI template"),
        ("/api/x", "verify", InvalidArgumentError, "expected a resource or a Link, not str"),
    ],
)
async def test_an_action_that_cannot_be_done_is_refused_before_anything_is_sent(
    server: MatatikaServer, session: MatatikaSession, target: Any, action: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        await session.act(target, action)
    assert server.requests == []


@pytest.mark.parametrize("action, sent", [("update", 2), ("create", 1)])
async def test_what_is_created_is_sent_once_for_a_secret_may_come_with_it(
    server: MatatikaServer, session: MatatikaSession, action: str, sent: int
) -> None:
    server.faults.add(path="/api/x", drop="after", times=None)
    with pytest.raises(TransportError):
        await session.act(links(create_key="/api/x", update_key="/api/x"), action, json={})
    assert server.requests.methods() == ["PUT"] * sent
