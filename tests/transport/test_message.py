"""Requests and responses: what they carry, and that neither shows it."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from multidict import CIMultiDict
from yarl import URL

from aiomatatika import ApiKey, HalResource, Repeat, Response, ResponseError, Secret
from aiomatatika.decoding.request_bodies import Body, json_body
from aiomatatika.transport.message import Request

from ..canary import shown_by_error

CANARY = "canary-7f3a"
ID = UUID("904cf92b-1111-4222-8333-944455556666")
URL_ASKED = URL(f"https://app.matatika.com/api/apikeys/?q={CANARY}")


def response(body: bytes, status: int = 200, **headers: str) -> Response:
    named = CIMultiDict((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, named, body, URL_ASKED, attempts=2)


def refusal(use: Any) -> ResponseError:
    """Return the error, after a look at everything that it could show."""
    with pytest.raises(ResponseError) as caught:
        use()
    assert CANARY not in "".join(shown_by_error(caught.value, but_not=__file__))
    return caught.value


# Bodies that go out


@pytest.mark.parametrize(
    "document, body",
    [
        ({}, b"{}"),
        ({"name": "é", "n": None, "deep": [1, 2.5, True]}, '{"name":"é","n":null,"deep":[1,2.5,true]}'.encode()),
        (
            {"id": ID, "at": datetime(2023, 3, 8, tzinfo=UTC), "of": (date(2024, 2, 29), 2**64)},
            f'{{"id":"{ID}","at":"2023-03-08T00:00:00+00:00","of":["2024-02-29",18446744073709551616]}}'.encode(),
        ),
        ([], b"[]"),
    ],
)
def test_a_body_is_json_in_utf_8(document: Any, body: bytes) -> None:
    assert json_body(document) == body


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1},
        b"a",
        1j,
        "\ud800",
        Secret(CANARY),
        HalResource(),
        float("nan"),
        float("inf"),
        -float("inf"),
    ],
)
def test_what_json_has_no_form_for_is_a_value_error_that_shows_nothing(value: Any) -> None:
    for document in (value, {"password": CANARY, "value": [None, value]}):
        with pytest.raises(ValueError, match="json holds a value that JSON has no form for") as caught:
            json_body(document)
        assert caught.value.__context__ is None
        assert CANARY not in "".join(shown_by_error(caught.value, but_not=__file__))


@pytest.mark.parametrize("document", [{5: 1}, {None: 1}, [{"a": {True: 1}}]])
def test_names_of_members_are_text(document: Any) -> None:
    with pytest.raises(ValueError, match="JSON has no form for"):
        json_body(document)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    )
)
def test_a_body_reads_back_as_what_was_given(document: Any) -> None:
    assert response(json_body(document)).json() == document


# Requests


def test_a_request_shows_its_path_and_neither_query_nor_body() -> None:
    request = Request(method="PUT", url=URL_ASKED, repeat=Repeat.ONCE, body=CANARY.encode())
    assert "/api/apikeys" in repr(request)
    assert CANARY not in repr(request)


def test_a_request_is_for_hal_and_sends_json_unless_it_says_otherwise() -> None:
    request = Request(method="GET", url=URL_ASKED, repeat=Repeat.SAFE)
    assert request.accept.startswith("application/hal+json")
    assert (request.content_type, request.body, request.within) == ("application/json", None, None)
    assert not request.absence_is_success
    assert not request.protected


# Replies


def test_a_reply_shows_its_status_alone() -> None:
    assert repr(response(CANARY.encode(), 201, Set_Cookie=CANARY)) == str(response(b"", 201)) == "<Response 201>"


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_reply_does_not_travel(copier: Any) -> None:
    with pytest.raises(TypeError, match="a Response does not pickle or copy"):
        copier(response(b"{}"))


def test_a_reply_has_the_parts_of_the_answer() -> None:
    answer = response(b"text", 203, X_Header="value")
    assert (answer.status, answer.body, answer.url, answer.attempts) == (203, b"text", URL_ASKED, 2)
    assert answer.headers["x-header"] == "value"
    assert Response(200, {}, b"", URL_ASKED).attempts == 1


@pytest.mark.parametrize(
    "content_type, media_type",
    [
        ("application/hal+json", "application/hal+json"),
        ("Application/JSON ; charset=UTF-8", "application/json"),
        ("", ""),
        (";", ""),
        ("x" * 100, "x" * 60),
    ],
)
def test_a_media_type_is_in_lower_case_without_parameters(content_type: str, media_type: str) -> None:
    assert response(b"", Content_Type=content_type).media_type == media_type


def test_an_answer_may_have_no_media_type() -> None:
    assert response(b"").media_type == ""


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "rot13", "utf-7", "klingon"])
def test_json_is_read_as_utf_8_whatever_the_header_says(charset: str) -> None:
    answer = response('{"name": "é"}'.encode(), Content_Type=f"application/json; charset={charset}")
    assert answer.json() == {"name": "é"}


@pytest.mark.parametrize(
    "body, message",
    [
        (f"<p>{CANARY}".encode(), "not JSON (text/html)"),
        (b"", "the body is empty"),
        (f'{{"a": "{CANARY}", "a": 2}}'.encode(), "an object has two members of one name"),
    ],
)
def test_a_body_that_is_no_json_is_an_error_that_does_not_quote_it(body: bytes, message: str) -> None:
    answer = response(body, 203, Content_Type="text/html; charset=utf-8")
    error = refusal(answer.json)
    assert str(error) == f"{message} (GET /api/apikeys/)"
    assert (error.method, error.path, error.attempts, error.status) == ("GET", "/api/apikeys", 2, 203)
    assert str(refusal(lambda: answer.structured(ApiKey))) == str(error)


def test_a_reply_becomes_a_resource() -> None:
    assert response(f'{{"id": "{ID}", "name": "a"}}'.encode()).structured(ApiKey) == ApiKey(id=ID, name="a")


@pytest.mark.parametrize(
    "body, message",
    [
        (b"[]", "body: expected an object"),
        (b"{}", "id: missing"),
        (f'{{"id": "{CANARY}"}}'.encode(), "id: expected a UUID"),
        (f'{{"id": "{ID}", "clientId": ["{CANARY}"]}}'.encode(), "clientId: expected a string"),
        (
            f'{{"id": "{ID}", "created": "{CANARY}", "accessToken": "{CANARY}"}}'.encode(),
            "created: expected a timestamp",
        ),
    ],
)
def test_a_reply_that_is_not_what_was_promised_says_where_and_not_what(body: bytes, message: str) -> None:
    assert str(refusal(lambda: response(body).structured(ApiKey))) == f"{message} (GET /api/apikeys/)"
