"""What the status of an answer amounts to: a result, a redirect or an error of its class."""

from __future__ import annotations

import pytest

from aiomatatika import (
    ApiError,
    BadRequestError,
    ConflictError,
    ForbiddenError,
    MatatikaSession,
    MethodNotAllowedError,
    NotFoundError,
    RateLimitError,
    ResponseError,
    Retries,
    ServerError,
    UnsafeLinkError,
)
from aiomatatika.testing import MatatikaServer

from ..servers import API_KEYS, KEYS, caught, get

# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["{api}/profiles", "/api/profiles", "./profiles", "//{host}/api/profiles"])
async def test_a_get_is_redirected_below_the_apis_root(
    server: MatatikaServer, session: MatatikaSession, status: int, location: str
) -> None:
    location = location.format(api=f"{server.url}/api", host=server.url.removeprefix("http://"))
    server.faults.add(path="/api/apikeys", status=status, headers={"Location": location})
    response = await session.request("GET", "/apikeys")
    assert (response.status, str(response.url)) == (200, f"{server.url}/api/profiles")
    assert [request.path for request in server.requests.api] == ["/api/apikeys", "/api/profiles"]


@pytest.mark.parametrize(
    "location",
    [
        "{other}/api/apikeys/",
        "//{host}/api/apikeys/",
        "http://localhost/api/apikeys/",
        "https://127.0.0.1/api/apikeys/",
        "http://user:password@127.0.0.1/api/apikeys/",
        "/elsewhere",
        "/api/../elsewhere",
        "mailto:a@b",
        "http://[",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_redirect_elsewhere_is_refused_and_nothing_arrives_there(
    server: MatatikaServer, session: MatatikaSession, method: str, location: str
) -> None:
    async with MatatikaServer() as other:
        href = location.format(other=other.url, host=other.url.removeprefix("http://"))
        server.faults.add(path=API_KEYS, status=307, headers={"Location": href})
        error = await caught(session.request(method, KEYS, json={"a": "secret"}))
        assert isinstance(error, UnsafeLinkError)
        assert other.requests == []
    assert server.requests.methods() == [method]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_redirect_of_what_changes_something_is_not_followed(
    server: MatatikaServer, session: MatatikaSession, method: str
) -> None:
    server.faults.add(path=API_KEYS, status=307, headers={"Location": "/api/profiles"})
    error = await caught(session.request(method, KEYS))
    assert isinstance(error, ResponseError)
    assert f"redirects a {method} (307)" in str(error)
    assert len(server.requests.api) == 1


@pytest.mark.parametrize(
    "headers, asked, says",
    [
        ({"Location": "/api/apikeys"}, 1, "without end"),
        ({"Location": "/api/apikeys/?again"}, 2, "without end"),
        ({}, 1, "without saying where to"),
    ],
)
async def test_redirects_that_lead_nowhere(
    server: MatatikaServer, session: MatatikaSession, headers: dict[str, str], asked: int, says: str
) -> None:
    server.faults.add(path=API_KEYS, status=302, headers=headers, times=None)
    error = await caught(get(session))
    assert isinstance(error, ResponseError)
    assert says in str(error)
    assert len(server.requests.api) == asked


async def test_more_than_five_redirects_are_too_many(server: MatatikaServer, session: MatatikaSession) -> None:
    for number in range(6):
        server.faults.add(path=API_KEYS, status=302, headers={"Location": f"/api/apikeys?page={number}"})
    error = await caught(get(session))
    assert isinstance(error, ResponseError)
    assert len(server.requests.api) == 6


# The error that a status amounts to


@pytest.mark.parametrize(
    "status, kind",
    [
        (400, BadRequestError),
        (402, ApiError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (405, MethodNotAllowedError),
        (409, ConflictError),
        (418, ApiError),
        (429, RateLimitError),
        (500, ServerError),
        (599, ServerError),
    ],
)
async def test_an_error_status_is_an_error_of_its_class(
    server: MatatikaServer, session: MatatikaSession, status: int, kind: type[ApiError]
) -> None:
    server.faults.add(path=API_KEYS, status=status)
    error = await caught(get(session.with_options(retries=Retries(attempts=1))))
    assert type(error) is kind
    assert isinstance(error, ApiError)
    assert (error.status, error.method, error.path, error.attempts) == (status, "GET", API_KEYS, 1)
    assert len(server.requests.api) == 1


@pytest.mark.parametrize("status", [300, 304, 399, 600, 999])
async def test_a_status_that_means_nothing_is_no_answer(
    server: MatatikaServer, session: MatatikaSession, status: int
) -> None:
    server.faults.add(path=API_KEYS, status=status)
    error = await caught(get(session))
    assert isinstance(error, ResponseError)
    assert f"status {status}" in str(error)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_status_from_200_to_299_is_an_answer(
    server: MatatikaServer, session: MatatikaSession, status: int
) -> None:
    server.faults.add(path=API_KEYS, status=status)
    assert await get(session) == status
