"""Error responses into errors: by status, with whatever the server echoes of a credential cut out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
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
    Repeat,
    Response,
    Secret,
    ServerError,
)
from aiomatatika.transport.error_responses import api_error, challenge_code, error_code, request_id
from aiomatatika.transport.message import Request

CANARY = "canary-7f3a.B_c~d+e/f=="
SECRETS = (Secret(CANARY), Secret("second-secret"))
REQUEST = Request(method="GET", url=URL("https://app.matatika.com/api/apikeys"), repeat=Repeat.SAFE)


def response(document: Any = b"", status: int = 400, **headers: str) -> Response:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    named = CIMultiDict((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, named, body, REQUEST)


def error_of(document: Any = b"", status: int = 400, secrets: Iterable[Secret] = SECRETS, **headers: str) -> ApiError:
    return api_error(response(document, status, **headers), secrets, None)


@pytest.mark.parametrize(
    "statuses, cls",
    [
        *(([400], BadRequestError), ([403], ForbiddenError), ([404], NotFoundError), ([405], MethodNotAllowedError)),
        *(([409], ConflictError), ([429], RateLimitError), ([500, 501, 502, 599], ServerError)),
        ([401, 402, 406, 408, 418, 422, 499], ApiError),
    ],
)
def test_the_status_decides_the_error(statuses: list[int], cls: type[ApiError]) -> None:
    errors = [error_of({"status": 200}, status) for status in statuses]
    assert [(type(error), error.status) for error in errors] == [(cls, status) for status in statuses]


FIELD = {"field": "name", "defaultMessage": "must not be blank", "rejectedValue": None, "codes": ["NotBlank"]}
EMPTY: list[Any] = [b"", {}, {"message": None}, {"message": 5, "error": [], "timestamp": 5, "errors": None}]
EMPTY += [{"errors": "x"}, {"errors": {}}, {"errors": ["x", 5, None, []]}]
STAMP = "2023-03-08T10:21:35.123+00:00"


@pytest.mark.parametrize(
    "document, error, message, timestamp, fields",
    [
        (
            {"timestamp": STAMP, "status": 400, "error": "Bad", "message": "No", "errors": [FIELD], "path": "/x"},
            *("Bad", "No", STAMP, (FIELD,)),
        ),
        ({"title": "Bad", "detail": "No", "type": "about:blank", "instance": "/x"}, "Bad", "No", None, ()),
        ({"error": "Bad", "title": "T", "message": "No", "detail": "D"}, "Bad", "No", None, ()),
        ({"error": "", "title": "Bad", "message": None, "detail": "No"}, "Bad", "No", None, ()),
        ({"message": "No"}, None, "No", None, ()),
        *((document, None, None, None, ()) for document in EMPTY),
        *((b"Bad gateway", None, "Bad gateway", None, ()), (b'"text"', None, '"text"', None, ())),
        *((b"[1]", None, "[1]", None, ()), (b"\xff\xfe", None, "\ufffd\ufffd", None, ())),
        (b"<p>" + b"x" * 2**17, None, "x" * 499 + "…", None, ()),
    ],
)
def test_the_members_of_a_body_become_attributes_and_each_is_optional(
    document: Any, error: str | None, message: str | None, timestamp: str | None, fields: tuple[Any, ...]
) -> None:
    made = error_of(document)
    assert (made.error, made.message, made.timestamp, made.errors) == (error, message, timestamp, fields)
    assert str(made) == f"400 {error or 'Bad Request'}" + (f": {message}" if message else "")


def test_the_failing_fields_are_limited() -> None:
    error = error_of({"errors": [{"n": number} for number in range(60)]})
    assert [each["n"] for each in error.errors] == list(range(50))


@pytest.mark.parametrize("text", [CANARY, f"Bearer {CANARY}", f"<b>{CANARY}</b>", "x" * 480 + CANARY])
def test_an_echoed_secret_is_cut_out_wherever_it_stands(text: str) -> None:
    field = {"rejectedValue": text, text: {"deep": [text, {"deeper": text}]}, "codes": [text]}
    for document in (
        {"error": text, "message": text, "timestamp": text, "errors": [field]},
        {"title": text, "detail": text},
        text.encode(),
        [text],
        text.encode() + b"\xff",
    ):
        error = error_of(document, 500, secrets=iter(SECRETS))
        shown = repr((str(error), vars(error), error.args))
        assert not any(part in shown for part in ("canary", "second", "7f3a"))


@pytest.mark.parametrize(
    "document, code",
    [
        ({"error": "access_denied", "error_description": "Unauthorized"}, "access_denied"),
        *(({"error": error}, None) for error in ("Unauthorized", CANARY, "x" * 65, "", 5, None)),
        *(({}, None), ([], None), (b"<html>", None), (b"", None)),
    ],
)
def test_a_code_has_the_form_of_one(document: Any, code: str | None) -> None:
    assert error_code(response(document)) == code


@pytest.mark.parametrize(
    "header, code",
    [
        ('Bearer error="invalid_token"', "invalid_token"),
        ("Bearer error=invalid_token", "invalid_token"),
        ('Bearer realm="x", error="insufficient_claims", authorization_uri="https://h"', "insufficient_claims"),
        *((header, None) for header in ('Bearer error_description="x"', 'Bearer error=""', "Bearer", "")),
        (f'Bearer error="{"x" * 65}"', None),
    ],
)
def test_a_challenge_has_its_code_in_the_header(header: str, code: str | None) -> None:
    assert challenge_code(response(WWW_Authenticate=header)) == code
    assert challenge_code(response()) is None


@pytest.mark.parametrize(
    "status, headers, known",
    [
        (400, {"X_Request_Id": "a", "X_Correlation_Id": "b", "CF_RAY": "c"}, "a"),
        (404, {"X_Correlation_Id": "b", "CF_RAY": "c"}, "b"),
        (500, {"CF_RAY": "c"}, "c"),
        (500, {"X_Request_Id": "two words", "CF_RAY": "c"}, "c"),
        *((500, {"X_Request_Id": CANARY}, None), (500, {"X_Request_Id": "x" * 128}, "x" * 128)),
        *((500, {"X_Request_Id": "x" * 129}, None), (500, {}, None)),
    ],
)
def test_an_error_response_names_its_request(status: int, headers: dict[str, str], known: str | None) -> None:
    assert request_id(response(status=status, **headers), SECRETS) == known
