"""Requests and responses: what they carry, and that neither shows it."""

from __future__ import annotations

import copy
import pickle
from uuid import UUID

import pytest
from multidict import CIMultiDict
from yarl import URL

from aiomatatika import Repeat, Response, ResponseError
from aiomatatika.decoding.request_bodies import Body
from aiomatatika.transport.message import CallFacts, Request

CANARY = "canary-7f3a"
ID = UUID("904cf92b-1111-4222-8333-944455556666")
REQUEST = Request(
    method="PUT", url=URL(f"https://app.matatika.com/api/x?q={CANARY}"), repeat=Repeat.ONCE, body=Body(CANARY.encode())
)


def response(body: bytes, status: int = 200, **headers: str) -> Response:
    named = CIMultiDict((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, named, body, REQUEST)


def test_a_request_shows_its_path_and_neither_query_nor_body() -> None:
    assert repr(REQUEST) == "<Request PUT /api/x, Repeat.ONCE>"
    assert CANARY not in repr(response(CANARY.encode(), Set_Cookie=CANARY).call)


def test_a_response_has_its_parts_and_shows_its_status_alone() -> None:
    answer = response(CANARY.encode(), 203, X_Header=CANARY)
    assert (answer.url, answer.headers["x-header"]) == (REQUEST.url, CANARY)
    assert repr(answer) == str(answer) == "<Response 203>"
    for copier in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="a Response does not pickle or copy"):
            copier(answer)


def test_an_error_is_told_of_one_call_only() -> None:
    error = ResponseError("oh")
    CallFacts("PUT", "/x", repeatable=False, attempts=2, maybe_done=True, request_id="id").describe(error)
    CallFacts("GET", "/other").describe(error)
    assert (error.method, error.path, error.repeatable) == ("PUT", "/x", False)
    assert (error.attempts, error.maybe_done, error.request_id) == (2, True, "id")


@pytest.mark.parametrize(
    "content_type, media_type",
    [
        ("application/hal+json", "application/hal+json"),
        ("Application/JSON ; charset=UTF-8", "application/json"),
        *(("", ""), (";", ""), ("x" * 100, "x" * 59 + "…"), ("text/\x1b[31m\u202e", r"text/\x1b[31m\u202e")),
    ],
)
def test_a_media_type_is_in_lower_case_without_parameters_and_escaped(content_type: str, media_type: str) -> None:
    assert response(b"", Content_Type=content_type).media_type == media_type
    assert response(b"").media_type == ""
