"""The ways out for what has no method yet: `request`, `follow` and `act`."""

from __future__ import annotations

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


async def test_a_request_as_it_arrives(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.faults.add(method="PATCH", status=299, json={"a": 1}, headers={"X-Note": "b"})
    params = {"size": 5, "sort": "name,asc", "no": None}
    response = await matatika_session.request("patch", "/workspaces?a=b%20c", json={"n": [1, "ü"]}, params=params)
    assert (response.status, response.json(), response.headers["x-note"]) == (299, {"a": 1}, "b")
    request = matatika_server.requests.api[0]
    assert (request.method, request.path) == ("PATCH", "/api/workspaces")
    assert request.query == {"a": "b c", "size": "5", "sort": "name,asc"}
    assert request.json() == {"n": [1, "ü"]}
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept"] == "application/hal+json, application/json;q=0.9"


async def test_a_request_has_the_accept_header_that_it_is_given(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    await matatika_session.request("GET", "/profiles", accept="text/csv")
    assert matatika_server.requests.api[0].headers["Accept"] == "text/csv"


@pytest.mark.parametrize("json", [[], {}, 0, False, ""])
async def test_a_body_that_is_false_is_a_body(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, json: object
) -> None:
    matatika_server.faults.add(method="PUT", status=200)
    await matatika_session.request("PUT", "/workspaces", json=json)
    assert matatika_server.requests.api[0].json() == json


@pytest.mark.parametrize(
    "target", ["profiles", "/profiles", "{url}/api/profiles", Link(rel="x", href="/api/profiles", method=None)]
)
async def test_a_request_goes_to_a_path_below_the_root_a_url_of_the_api_or_a_link(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, target: str | Link
) -> None:
    await matatika_session.request("GET", target.format(url=matatika_server.url) if isinstance(target, str) else target)
    assert matatika_server.requests.api[0].path == "/api/profiles"


@pytest.mark.parametrize(
    "arguments, error",
    [
        *(({"method": method}, InvalidArgumentError) for method in ("", "GET /x", "GET\r\n", "gét", None)),
        *(({"accept": accept}, InvalidArgumentError) for accept in ("a\r\nb", "", "a  b")),
        *(({"json": json}, InvalidArgumentError) for json in (object(), {"a": float})),
        *(({"path_or_link": path}, InvalidArgumentError) for path in (5, None)),
        *(({"path_or_link": path}, UnsafeLinkError) for path in ("../x", "/x\r\ny", EVIL, Link(rel="x", href=EVIL))),
        *(({"path_or_link": link}, LinkError) for link in (TEMPLATE, TO_DELETE)),
    ],
)
async def test_a_request_that_cannot_work_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    arguments: dict[str, Any],
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        await matatika_session.request(**{"method": "GET", "path_or_link": "/profiles", **arguments})
    assert matatika_server.requests == []


@pytest.mark.parametrize(
    "method, repeat, sent",
    [("PUT", None, 2), ("PUT", Repeat.ONCE, 1), ("POST", None, 1), ("POST", Repeat.IDEMPOTENT, 2)],
)
async def test_a_request_is_repeated_as_its_method_or_the_caller_says(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, method: str, repeat: Repeat | None, sent: int
) -> None:
    matatika_server.faults.add(path="/api/x", drop="after", times=None)
    with pytest.raises(TransportError):
        await matatika_session.request(method, "/x", repeat=repeat)
    assert matatika_server.requests.methods() == [method] * sent


# Links


async def test_a_link_of_a_resource_is_followed(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    key = await matatika_session.apikeys.get(matatika_server.default_key_id)
    assert (await matatika_session.follow(key, "profile", Profile)).id == matatika_server.profile_id
    assert await matatika_session.follow(key, as_type=ApiKey) == key  # itself
    assert type(await matatika_session.follow(key, "profile")) is HalResource
    link = key.links["self"]
    for target in (link, link.href):
        assert await matatika_session.follow(target, as_type=ApiKey) == key
    with pytest.raises(RelationNotFoundError, match=r"workspace.*profile"):
        await matatika_session.follow(key, "workspace")


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
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, target: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await matatika_session.follow(target)
    with pytest.raises(InvalidArgumentError, match="rel goes with a resource"):
        await matatika_session.follow(target, "self")
    assert matatika_server.requests == []


async def test_a_response_that_does_not_fit_the_class_says_where(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/api/x", status=200, json={"id": "canary"})
    with pytest.raises(ResponseError, match="id: expected a UUID") as raised:
        await matatika_session.follow("/api/x", as_type=ApiKey)
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
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    target: HalResource | Link,
    action: str,
    method: str,
) -> None:
    matatika_server.faults.add(path="/api/x", status=200, json={"name": "it"}, times=None)
    response = await matatika_session.act(target, action, json={"a": 1})
    assert (response.status, response.json()) == (200, {"name": "it"})
    assert (await matatika_session.act(target, action, as_type=HalResource)).extra == {"name": "it"}
    assert matatika_server.requests.methods() == [method, method]
    assert matatika_server.requests.api[0].json() == {"a": 1}
    assert matatika_server.requests.api[1].body == b""


@pytest.mark.parametrize(
    "target, action, error, says",
    [
        (
            links(verify_pipeline="/api/x"),
            "publish",
            RelationNotFoundError,
            "no link 'publish'; there are: verify pipeline",
        ),
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
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    target: Any,
    action: Any,
    error: type[Exception],
    says: str,
) -> None:
    with pytest.raises(error, match=says):
        await matatika_session.act(target, action)
    assert matatika_server.requests == []


@pytest.mark.parametrize("action, sent", [("update", 2), ("create", 1)])
async def test_what_is_created_is_sent_once_for_a_secret_may_come_with_it(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, action: str, sent: int
) -> None:
    matatika_server.faults.add(path="/api/x", drop="after", times=None)
    with pytest.raises(TransportError):
        await matatika_session.act(links(create_key="/api/x", update_key="/api/x"), action, json={})
    assert matatika_server.requests.methods() == ["PUT"] * sent
