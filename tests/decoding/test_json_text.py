"""JSON texts: what is one, and what is refused before anything is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given

from aiomatatika import Links
from aiomatatika.decoding.json_text import Mismatch, decode_json, decode_page, member

from ..fuzz.hostile import raw_documents


@pytest.mark.parametrize(
    "body, document",
    [
        (b"{}", {}),
        (b' [1, 2.5, "a", null, true] ', [1, 2.5, "a", None, True]),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('"é\\ud83d\\ude00"'.encode(), "é😀"),
        (b"5", 5),
    ],
)
def test_a_json_text_is_decoded_as_utf_8(body: bytes, document: object) -> None:
    assert decode_json(body) == decode_page(body) == document


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"[1e400]",
        b"[-1e400]",
        b'"\\ud800"',
        b"'a'",
        b"{}x",
        b"\x00",
        b"[1,]",
        "é".encode("latin-1"),
        "{}".encode("utf-16"),
        "{}".encode("utf-32"),
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
        b" ",
    ],
)
def test_what_is_not_json_in_utf_8_is_a_mismatch_that_names_the_media_type(body: bytes) -> None:
    for decode in (decode_json, decode_page):
        assert decode(body, {"Content-Type": "text/html"}) == Mismatch("not JSON (text/html)")
        assert decode(body) == Mismatch("not JSON (no content type)")


def test_an_empty_body_is_named_so() -> None:
    assert decode_json(b"") == decode_json(b"\xef\xbb\xbf") == Mismatch("the body is empty")


DEEP = [251, 300, 1000, 1100, 100_000]


@pytest.mark.parametrize(
    "body", [b"[" * 250 + b"]" * 250, b'{"a":' * 249 + b"[]" + b"}" * 249, b"[" + b"[[]]," * 500 + b"[]]"]
)
def test_nesting_that_documents_have_is_decoded(body: bytes) -> None:
    assert decode_json(body) == decode_page(body) == json.loads(body)


@pytest.mark.parametrize("depth", DEEP)
def test_nesting_without_end_is_a_mismatch(depth: int) -> None:
    for body in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b"[" * depth):
        assert isinstance(decode_json(body), Mismatch)


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize("decode, most", [(decode_json, 100_000), (decode_page, 200_000)])
@pytest.mark.parametrize("value", [b"{}", b"[]", b"12"])
def test_a_large_document_has_so_many_values_and_no_more(value: bytes, decode: Any, most: int, more: int) -> None:
    values = 600_000 if value == b"12" else most - 1
    body = b"[" + b",".join([value] * (values + more)) + b"]"
    decoded = decode(body + b" " * 2**20)
    assert isinstance(decoded, Mismatch) if more else len(decoded) == values


def test_members_of_one_name_are_refused_but_in_pages_where_the_last_one_counts() -> None:
    body = b'{"id": "a", "id": "b", "deep": {"x": 1, "x": 2, "y": 3}}'
    assert decode_json(body) == Mismatch("an object has two members of one name")
    assert decode_page(body) == {"id": "b", "deep": {"x": 2, "y": 3}}


@given(raw_documents)
@example(r'["\\u0022", "\\\u0022" ]')
@example(r'{"\u0022": 1, "\"": 2}')
def test_a_repeated_name_is_found_wherever_it_stands_and_however_it_is_escaped(text: str) -> None:
    repeated = False

    def look(members: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        repeated |= len(dict(members)) < len(members)
        return dict(members)

    expected = json.loads(text, object_pairs_hook=look)
    found = decode_json(text.encode())
    assert found == (Mismatch("an object has two members of one name") if repeated else expected)


def test_a_member_is_read_out_of_an_object_and_nothing_else() -> None:
    assert member({"a": 1}, "a") == 1
    document: object
    for document in ({}, None, [], "a", 5, Mismatch("not JSON")):
        assert member(document, "a") is None
    assert member(Links(), "self") is None
