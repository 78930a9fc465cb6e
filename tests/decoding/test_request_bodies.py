"""Bodies of requests: JSON of what a caller gives, and nothing of it in sight."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from aiomatatika import HalResource, InvalidArgumentError, Secret
from aiomatatika.decoding.request_bodies import Body, json_body, text_body

from ..canary import shown_by_error

CANARY = "canary-7f3a"
ID = UUID("904cf92b-1111-4222-8333-944455556666")


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
    assert json_body(document).reveal() == body


VALUES = [object(), {1}, b"a", 1j, "\ud800", Secret(CANARY), HalResource(), float("nan"), float("inf"), -float("inf")]


@pytest.mark.parametrize("value", [*VALUES, {5: 1}, {None: 1}, [{"a": {True: 1}}]])
def test_what_json_has_no_form_for_is_refused_and_not_shown(value: Any) -> None:
    for document in (value, {"password": CANARY, "value": [None, value]}):
        with pytest.raises(InvalidArgumentError, match="json holds a value that JSON has no form for") as caught:
            json_body(document)
        assert caught.value.__context__ is None
        assert CANARY not in "".join(shown_by_error(caught.value, but_not=__file__))


def test_a_text_is_utf_8_or_refused_and_not_shown() -> None:
    assert text_body("é").reveal() == "é".encode()
    with pytest.raises(InvalidArgumentError, match="half of a surrogate pair") as caught:
        text_body(f"{CANARY}\ud800")
    assert caught.value.__context__ is None
    assert CANARY not in "".join(shown_by_error(caught.value, but_not=__file__))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    )
)
def test_a_body_reads_back_as_what_was_given(document: Any) -> None:
    assert json.loads(json_body(document).reveal()) == document


def test_a_body_shows_nothing_and_does_not_travel() -> None:
    assert repr(Body(CANARY.encode())) == "<Body hidden>"
    for copier in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="does not pickle or copy"):
            copier(Body(b""))


@pytest.mark.parametrize(
    "text, problem",
    [
        (b"canary-7f3a", "must be a str"),
        (None, "must be a str"),
        ("canary-7f3a\ud800", "holds half of a surrogate pair"),
    ],
)
def test_a_text_body_is_utf_8(text: Any, problem: str) -> None:
    assert text_body("é: 1\n").reveal() == "é: 1\n".encode()
    with pytest.raises(InvalidArgumentError, match=f"discovery {problem}") as caught:
        text_body(text, "discovery")
    assert CANARY not in "".join(shown_by_error(caught.value, but_not=__file__))
