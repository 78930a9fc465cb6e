"""Error answers into errors: by status, with whatever the server echoes of a credential cut out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, strategies as st
from multidict import CIMultiDict
from yarl import URL

from aiomatatika import (
    ApiError,
    BadRequestError,
    ConflictError,
    ForbiddenError,
    MethodNotAllowedError,
    NotFoundError,
    RateLimitError,
    Response,
    Secret,
    ServerError,
)
from aiomatatika.transport.error_responses import api_error, challenge_code, error_code, redact

CANARY = "canary-7f3a.B_c~d+e/f=="
SECRETS = (Secret(CANARY), Secret("second-secret"))


def response(document: Any = b"", status: int = 400, **headers: str) -> Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    named = CIMultiDict((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, named, body, URL("https://app.matatika.com/api/apikeys/"))


def error_of(document: Any = b"", status: int = 400, secrets: Iterable[Secret] = SECRETS, **headers: str) -> ApiError:
    return api_error(response(document, status, **headers), secrets, None)


# Which error


@pytest.mark.parametrize(
    "status, cls",
    [
        (400, BadRequestError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (405, MethodNotAllowedError),
        (409, ConflictError),
        (429, RateLimitError),
        (500, ServerError),
        (502, ServerError),
        (599, ServerError),
        *((status, ApiError) for status in (401, 402, 406, 418, 422, 499)),
    ],
)
def test_the_status_decides_the_error(status: int, cls: type[ApiError]) -> None:
    error = error_of({"status": 200}, status)
    assert type(error) is cls
    assert error.status == status


def test_a_forbidden_error_has_the_code_of_the_challenge() -> None:
    error = error_of(status=403, WWW_Authenticate='Bearer realm="x", error="insufficient_scope"')
    assert isinstance(error, ForbiddenError)
    assert error.code == "insufficient_scope"


@pytest.mark.parametrize("retry_after", [None, 0.0, 3540.0])
def test_a_rate_limit_error_has_the_seconds_to_wait(retry_after: float | None) -> None:
    error = api_error(response(status=429), (), retry_after)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == retry_after


# What it says


def test_springs_body_becomes_attributes() -> None:
    field = {"field": "name", "defaultMessage": "must not be blank", "rejectedValue": None, "codes": ["NotBlank"]}
    error = error_of(
        {
            "timestamp": "2023-03-08T10:21:35.123+00:00",
            "status": 400,
            "error": "Bad Request",
            "message": "Validation failed",
            "errors": [field],
            "path": "/api/apikeys/1",
        }
    )
    assert (error.error, error.message, error.timestamp) == (
        "Bad Request",
        "Validation failed",
        "2023-03-08T10:21:35.123+00:00",
    )
    assert error.errors == (field,)
    assert str(error) == "400 Bad Request: Validation failed"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        {},
        {"message": None},
        {"message": 5, "error": [], "timestamp": 5, "errors": None},
        {"errors": "x"},
        {"errors": {}},
        {"errors": ["x", 5, None, []]},
    ],
)
def test_every_member_of_the_body_is_optional(document: Any) -> None:
    error = error_of(document)
    assert (error.error, error.message, error.timestamp, error.errors) == (None, None, None, ())
    assert str(error) == "400 error"


@pytest.mark.parametrize(
    "body, message",
    [
        (b"Bad gateway", "Bad gateway"),
        (b'"text"', '"text"'),
        (b"[1]", "[1]"),
        (b"<html><head><title>502</title></head><body>\n\n<h1>Bad  gateway</h1></body>", "502 Bad gateway"),
        (b"a<!-- b > c --><i\nclass='x'>d</i> <!-- e", "a d"),
        (b"1 < 2 and 4 > 3", "1 3"),
        (b"5 < 6", "5 < 6"),
        (b"5 < 6 <b>always</b>", "5 < 6 always"),
        (b"\xff\xfe", "��"),
    ],
)
def test_a_body_of_another_kind_is_the_message_without_its_markup(body: bytes, message: str) -> None:
    assert error_of(body, 502).message == message


def test_a_message_is_at_most_500_characters() -> None:
    assert error_of({"message": "x" * 500}).message == "x" * 500
    assert error_of({"message": "x" * 501}).message == "x" * 499 + "…"
    message = error_of(b"<p>" + b"word " * 400_000, 502).message
    assert message is not None
    assert len(message) == 500


def test_the_fields_are_limited_in_number_and_depth() -> None:
    deep: Any = "bottom"
    for _ in range(20):
        deep = [deep]
    error = error_of({"errors": [{"n": number, "deep": deep, "many": [0] * 100} for number in range(60)]})
    assert [each["n"] for each in error.errors] == list(range(50))
    assert error.errors[0]["deep"] == [[[[None]]]]
    assert len(error.errors[0]["many"]) == 50


# Secrets

ECHOES = [
    CANARY,
    f"Bearer {CANARY}",
    f"the header 'Authorization: Bearer {CANARY}' is not valid",
    f"{CANARY}{CANARY}",
    f"<b>{CANARY}</b>",
    f"client_secret={CANARY}&audience=x",
    "x" * 480 + CANARY,
]


def hidden(error: ApiError) -> bool:
    return not any(part in repr((str(error), vars(error), error.args)) for part in ("canary", "second", "7f3a"))


@pytest.mark.parametrize("text", ECHOES)
def test_an_echoed_secret_is_cut_out_wherever_it_stands(text: str) -> None:
    field = {"rejectedValue": text, text: {"deep": [text, {"deeper": text}]}, "codes": [text]}
    for document in (
        {"error": text, "message": text, "timestamp": text, "errors": [field]},
        text.encode(),
        [text],
        text.encode() + b"\xff",
    ):
        assert hidden(error_of(document, 500))


def test_every_secret_is_cut_out_and_what_is_around_it_stays() -> None:
    message = f"neither {CANARY} nor second-secret will do"
    assert error_of({"message": message}).message == "neither [hidden] nor [hidden] will do"
    again = error_of({"error": message, "message": message}, secrets=iter(SECRETS))
    assert again.error == again.message == "neither [hidden] nor [hidden] will do"


@pytest.mark.parametrize(
    "text, shown",
    [
        ("Bearer other-token.x is expired", "[hidden] is expired"),
        ("bearer  abc==", "[hidden]"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: [hidden]"),
        ("token eyJhbGciOi.eyJzdWIi.c2ln refused", "token [hidden] refused"),
        ("grant_type=x&client_secret=abc&audience=y", "grant_type=x&[hidden]&audience=y"),
        ('{"client_secret": "abc", "x": 1}', '{"[hidden]", "x": 1}'),
        ("clientSecret: abc, access_token = def; accessToken='ghi'", "[hidden], [hidden]; [hidden]'"),
        ("a bearer of good news", "a [hidden] good news"),
        ("the secret of success", "the secret of success"),
    ],
)
def test_what_looks_like_the_credential_of_somebody_is_cut_out_too(text: str, shown: str) -> None:
    assert redact(text, ()) == shown


@given(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40),
    st.text(max_size=600),
    st.text(max_size=600),
    st.booleans(),
)
def test_no_secret_survives_whatever_is_around_it(value: str, before: str, after: str, spaced: bool) -> None:
    space = " " if spaced else ""
    shown = redact(before + space + value + space + after, [Secret(value)])
    assert value not in shown or value in "[hidden]"
    assert len(shown) <= 500


def test_a_cut_leaves_no_half_of_a_secret() -> None:
    for length in range(470, 500):
        assert "canary" not in redact("x" * length + CANARY, SECRETS)


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<!-- ", "Bearer ", "Bearer", "client_secret=", "eyJ", "eyJaaaaa.", " ", "=", "&lt;"]
)
def test_no_text_is_slow_to_look_through(piece: str) -> None:
    begun = time.perf_counter()
    redact(piece * (200_000 // len(piece)), SECRETS)
    assert time.perf_counter() - begun < 0.5  # 0.02 s; the square of its length would be minutes


# Codes


@pytest.mark.parametrize(
    "document, code",
    [
        ({"error": "access_denied", "error_description": "Unauthorized"}, "access_denied"),
        ({"error": "Unauthorized"}, None),
        ({"error": CANARY}, None),
        ({"error": "x" * 65}, None),
        ({"error": ""}, None),
        ({"error": 5}, None),
        ({"error": None}, None),
        ({}, None),
        ([], None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_a_code_has_the_form_of_one(document: Any, code: str | None) -> None:
    assert error_code(response(document)) == code


@pytest.mark.parametrize(
    "header, code",
    [
        ('Bearer error="invalid_token"', "invalid_token"),
        ("Bearer error=invalid_token", "invalid_token"),
        (
            'Bearer realm="x", error="insufficient_claims", claims="e30", authorization_uri="https://h"',
            "insufficient_claims",
        ),
        ('Bearer error_description="x"', None),
        ('Bearer error=""', None),
        (f'Bearer error="{"x" * 65}"', None),
        ("Bearer", None),
        ("", None),
    ],
)
def test_a_challenge_has_its_code_in_the_header(header: str, code: str | None) -> None:
    assert challenge_code(response(WWW_Authenticate=header)) == code
    assert challenge_code(response()) is None
