"""The ways out for what has no method yet: `request` and `follow`."""

from __future__ import annotations

from typing import Any

import pytest

from aiomatatika import (
    ApiKey,
    HalResource,
    Link,
    LinkError,
    MatatikaSession,
    Profile,
    Repeat,
    ResponseError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer


def key_link(server: MatatikaServer, rel: str = "self", method: str | None = None, *, templated: bool = False) -> Link:
    href = f"{server.url}/api/apikeys/{server.default_key_id}"
    return Link(rel=rel, href=href, method=method, templated=templated)


# Requests


async def test_a_request_as_it_arrives(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.faults.add(method="PATCH", status=299, json={"a": 1}, headers={"X-Note": "b"})
    response = await matatika_session.request(
        "patch", "/workspaces?a=b%20c", json={"n": [1, "ü"]}, params={"size": 5, "sort": "name,asc", "no": None}
    )
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
    await matatika_session.request("GET", "/profiles")
    assert [request.headers["Accept"].split(",")[0] for request in matatika_server.requests.api] == [
        "text/csv",
        "application/hal+json",
    ]


@pytest.mark.parametrize("json", [[], {}, 0, False, ""])
async def test_a_body_that_is_false_is_a_body(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, json: object
) -> None:
    matatika_server.faults.add(method="PUT", status=200)
    await matatika_session.request("PUT", "/workspaces", json=json)
    assert matatika_server.requests.api[0].json() == json


@pytest.mark.parametrize("target", ["profiles", "/profiles", "{url}/api/profiles"])
async def test_a_request_goes_to_a_path_below_the_root_or_a_url_of_the_api(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, target: str
) -> None:
    await matatika_session.request("GET", target.format(url=matatika_server.url))
    assert matatika_server.requests.api[0].path == "/api/profiles"


async def test_a_request_goes_where_a_link_says(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    link = key_link(matatika_server, "delete apikey", "DELETE")
    assert (await matatika_session.request("DELETE", link)).status == 204
    assert matatika_server.default_key_id not in matatika_server.api_keys


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"method": ""}, ValueError),
        ({"method": "GET /x"}, ValueError),
        ({"method": "GET\r\n"}, ValueError),
        ({"method": None}, ValueError),
        ({"accept": "a\r\nb"}, ValueError),
        ({"accept": ""}, ValueError),
        ({"json": object()}, ValueError),
        ({"json": {"a": float}}, ValueError),
        ({"path_or_link": 5}, TypeError),
        ({"path_or_link": None}, TypeError),
        ({"path_or_link": "../secrets"}, UnsafeLinkError),
        ({"path_or_link": "/x\r\ny"}, UnsafeLinkError),
        ({"path_or_link": "https://evil.test/api/x"}, UnsafeLinkError),
        ({"path_or_link": Link(rel="x", href="https://evil.test/api/x")}, UnsafeLinkError),
        ({"path_or_link": Link(rel="x", href="/api/x{?page}", templated=True)}, LinkError),
        ({"path_or_link": Link(rel="x", href="/api/x", method="DELETE")}, LinkError),
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


async def test_a_request_may_declare_that_it_can_be_repeated(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/api/apikeys", drop="after")
    await matatika_session.request("POST", "/apikeys", repeat=Repeat.IDEMPOTENT)
    assert matatika_server.requests.methods() == ["POST", "POST"]


async def test_a_reply_that_is_no_json_says_so(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/api/profiles", body=b"canary,csv")
    response = await matatika_session.request("GET", "/profiles")
    assert response.body == b"canary,csv"
    with pytest.raises(ResponseError) as raised:
        response.json()
    assert "canary" not in str(raised.value)


# Links


async def test_a_link_of_a_resource_is_followed(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    key = await matatika_session.apikeys.get(matatika_server.default_key_id)
    owner = await matatika_session.follow(key, "profile", Profile)
    assert owner.id == matatika_server.profile_id
    assert await matatika_session.follow(key, as_type=ApiKey) == key  # itself
    plain = await matatika_session.follow(key, "profile")
    assert type(plain) is HalResource


async def test_a_link_or_an_href_is_followed(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    link = key_link(matatika_server, method="GET")
    assert (await matatika_session.follow(link, as_type=ApiKey)).id == matatika_server.default_key_id
    assert (await matatika_session.follow(link.href, as_type=ApiKey)).id == matatika_server.default_key_id


async def test_a_link_that_is_missing_is_named(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    key = await matatika_session.apikeys.get(matatika_server.default_key_id)
    with pytest.raises(KeyError, match=r"workspace.*profile"):
        await matatika_session.follow(key, "workspace")


@pytest.mark.parametrize(
    "target, error",
    [
        (Link(rel="search", href="/api/x{?q}", templated=True), LinkError),
        (Link(rel="delete", href="/api/x", method="DELETE"), LinkError),
        (Link(rel="x", href="https://evil.test/api/x"), UnsafeLinkError),
        ("https://evil.test/api/x", UnsafeLinkError),
        (5, TypeError),
    ],
)
async def test_a_link_that_cannot_be_followed_is_refused_before_anything_is_sent(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, target: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await matatika_session.follow(target)
    with pytest.raises(ValueError, match="rel goes with a resource"):
        await matatika_session.follow(target, "self")
    assert matatika_server.requests == []


async def test_what_follows_is_not_of_the_type_that_was_asked_for(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    link = key_link(matatika_server)
    matatika_server.faults.add(path="/api/apikeys/*", json={"id": "canary"})
    with pytest.raises(ResponseError, match="id") as raised:
        await matatika_session.follow(link, as_type=ApiKey)
    assert (raised.value.method, raised.value.attempts, raised.value.status) == ("GET", 1, 200)
    assert "canary" not in str(raised.value)
