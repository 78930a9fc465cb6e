"""Stored tokens as a text: what comes back, and what counts as no token."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiomatatika import Secret
from aiomatatika.auth.stores.document import from_text, to_text
from aiomatatika.auth.stores.protocol import StoredToken

TOKEN = StoredToken(Secret("a.b.c"), 1_000.5, 60.0)
WEEK = 7 * 86_400
RECORD = {"token": "a.b.c", "issued_at": 1_000.5, "lifetime": 60.0}


def read(record: Any, version: Any = 1) -> StoredToken | None:
    text = Secret(json.dumps({"version": version, "tokens": {"key": record, "whole": RECORD}}))
    tokens = from_text(text)
    assert version != 1 or tokens["whole"] == TOKEN  # one that is damaged costs no other
    return tokens.get("key")


def test_tokens_come_back_as_they_were() -> None:
    tokens = {"one": TOKEN, "two": StoredToken(Secret("x" * 16_384), 1e11, WEEK)}
    assert from_text(to_text(tokens)) == tokens


@pytest.mark.parametrize(
    "changed",
    [
        *({"token": bad} for bad in (None, 5, "", "a b", "x" * 16_385)),
        *({"issued_at": bad} for bad in (None, "yesterday", True, 0, -1, 2e11, 10**400)),
        *({"lifetime": bad} for bad in (None, "60", True, 0, -1, WEEK + 1, 10**400)),
    ],
)
def test_a_record_that_makes_no_sense_is_no_token(changed: dict[str, Any]) -> None:
    assert read(RECORD) == TOKEN
    assert read(RECORD | {"lifetime": WEEK, "issued_at": 5}) == StoredToken(Secret("a.b.c"), 5.0, WEEK)
    assert read(RECORD | changed) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"x"', "{}", '{"version": 1}', '{"version": 1, "tokens": []}', "\ud800"]
)
def test_a_text_that_is_something_else_has_no_tokens(text: str) -> None:
    assert from_text(Secret(text)) == {}


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_has_no_tokens(version: Any) -> None:
    assert read(RECORD, version) is None
