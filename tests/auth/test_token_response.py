"""What a token endpoint's response means, where `tests/faults/test_token_endpoint.py` does not show it."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import msgspec
import pytest
from multidict import CIMultiDict
from yarl import URL

from aiomatatika import AuthenticationError, MatatikaError, RateLimitError, ResponseError, Secret, TransportError
from aiomatatika.auth.token import Granted, Instant, Refused
from aiomatatika.auth.token_response import read_token_response
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.repeat import Repeat

NOW = 1_800_000_000
WEEK = 7 * 86_400.0


def read(status: int, body: object = b"", headers: dict[str, str] | None = None, at: float = NOW) -> Granted | Refused:
    request = Request(method="POST", url=URL("https://id.test/token"), repeat=Repeat.SAFE)
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return read_token_response(Response(status, CIMultiDict(headers or {}), content, request), Instant(at, 7.0))


def refusal(status: int, body: object = b"", headers: dict[str, str] | None = None, at: float = NOW) -> MatatikaError:
    outcome = read(status, body, headers, at)
    assert isinstance(outcome, Refused)
    assert outcome.final is isinstance(outcome.error, AuthenticationError)
    assert "canary" not in str(outcome.error)
    return outcome.error


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER", None])
@pytest.mark.parametrize("token", ["a.b-c_d~e+f/g==", "x" * 16_384])
def test_a_bearer_token(kind: str | None, token: str) -> None:
    granted = read(200, {"access_token": token, "token_type": kind, "expires_in": 5})
    assert granted == Granted(Secret(token), 5.0, Instant(NOW, 7.0))


@pytest.mark.parametrize(
    "expires_in, lifetime",
    [
        *((7_200.5, 7_200.5), ("86400.0", 86_400.0), (604_800, WEEK), (604_801, WEEK), ("604801", WEEK)),
        *((-1, -1.0), ("-1", -1.0), ("0", 0.0), (True, 600.0), ("\u0668\u0666", 600.0), ("1.5", 600.0), ("--1", 600.0)),
    ],
)
def test_a_lifetime(expires_in: object, lifetime: float) -> None:
    granted = read(200, {"access_token": "a.b.c", "expires_in": expires_in})
    assert isinstance(granted, Granted)
    assert granted.lifetime == lifetime


@pytest.mark.parametrize(
    "document, says",
    [
        ({"access_token": "canary", "token_type": "mac"}, "token_type: expected Bearer"),
        ({"access_token": "canary", "token_type": 1}, "token_type: expected Bearer"),
        ({"access_token": "x" * 16_385}, "access_token: longer than 16 KiB"),
        ([], "access_token: expected a bearer token"),
        ("canary", "access_token: expected a bearer token"),
        (b'{"access_token": "a", "access_token": "b", "expires_in": 60}', "an object has two members of one name"),
        (b'{"access_token": "a", "access_token": "b", "expires_in": NaN}', "not JSON"),
        (b'{"access_token": "\xff", "expires_in": NaN}', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_response_that_brings_no_token(document: object, says: str) -> None:
    error = refusal(200, document)
    assert isinstance(error, ResponseError)
    assert str(error).startswith(f"the token endpoint's response: {says}")


@pytest.mark.parametrize(
    "status, kind, says",
    [
        (201, ResponseError, "status 201, where 200 was promised"),
        (299, ResponseError, "status 299, where 200 was promised"),
        *((300, ResponseError, "redirects: not followed"), (399, ResponseError, "redirects: not followed")),
        *((400, AuthenticationError, "(400 without a code)"), (408, TransportError, "status 408")),
        *((425, TransportError, "status 425"), (499, AuthenticationError, "(499 without a code)")),
        *((500, TransportError, "status 500"), (599, TransportError, "status 599")),
        (600, ResponseError, "status 600, where 200 was promised"),
    ],
)
def test_a_status_other_than_200(status: int, kind: type[MatatikaError], says: str) -> None:
    error = refusal(status)
    assert type(error) is kind
    assert says in str(error)
    assert error.transient is (kind is TransportError)


@pytest.mark.parametrize("location", ["/elsewhere", "http://[", "mailto:canary"])
def test_a_redirect_to_nowhere(location: str) -> None:
    assert str(refusal(302, headers={"Location": location})) == "the token endpoint redirects: not followed"


@pytest.mark.parametrize(
    "headers, retry_after",
    [
        ({"Retry-After": "3540"}, 3_540),
        ({"Retry-After": "soon"}, None),
        ({}, None),
        *(({"X-RateLimit-Reset": str(NOW + reset)}, wait) for reset, wait in ((0, 0), (30, 30), (61, 60), (-9, 0))),
        ({"X-RateLimit-Reset": "soon"}, None),
        ({"X-RateLimit-Reset": "9" * 13}, None),
        ({"X-RateLimit-Reset": str(NOW + 30), "Retry-After": "5"}, 5),
    ],
)
@pytest.mark.parametrize("wrong", [0, 600, -600], ids=["right clock", "fast clock", "slow clock"])
def test_a_rate_limit_is_reckoned_by_the_servers_clock(
    headers: dict[str, str], retry_after: float | None, wrong: float
) -> None:
    dated: Any = {"Date": formatdate(NOW, usegmt=True), **headers}
    error = refusal(429, headers=dated, at=NOW + wrong)
    assert isinstance(error, RateLimitError)
    assert (error.retry_after, error.error) == (retry_after, "Too Many Requests")
    assert str(error) == "429 Too Many Requests: the identity provider limits token requests"


@pytest.mark.parametrize(
    "headers", [{"X-RateLimit-Reset": str(NOW + 31)}, {"Retry-After": formatdate(NOW + 31, usegmt=True)}]
)
def test_without_a_date_it_is_reckoned_by_ours(headers: dict[str, str]) -> None:
    error = refusal(429, headers=headers, at=NOW + 1)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 30
