"""Bodies of every kind: they become objects of the right types, or an error that says where and shows no value."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
from hypothesis import given, strategies as st
from yarl import URL

from aiomatatika import ApiKey, HalResource, LinkError, NewApiKey, Profile, Response, ResponseError, Secret
from aiomatatika.decoding.converter import converter, structure
from aiomatatika.decoding.documents import Content, read_array
from aiomatatika.decoding.json_text import Mismatch, decode_json
from aiomatatika.decoding.salvage import read_members
from aiomatatika.paging.page import PageDocument, read_page
from aiomatatika.transport.error_responses import api_error
from aiomatatika.transport.message import Request
from aiomatatika.transport.repeat import Repeat

from .hostile import CANARY, api_keys, bodies, json_values, media_types, odd_texts, pages, wounded

REQUEST = Request(method="GET", url=URL("https://api.example.com/api/apikeys"), repeat=Repeat.SAFE)
LONGEST_MESSAGE = 300


def assert_says_where(text: str) -> None:
    assert 0 < len(text) <= LONGEST_MESSAGE
    assert CANARY not in text


def refuse_constant(name: str) -> float:
    raise ValueError(name)


def finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else refuse_constant(text)


def refuse_repeated(members: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(members)
    if len(document) < len(members):
        raise ValueError("a name stands twice")
    return document


def strictly(body: bytes) -> Any:
    """Decode as the standard library does, without its extensions to JSON and without members that hide another."""
    return json.loads(
        body.decode("utf-8").removeprefix("\ufeff"),
        parse_constant=refuse_constant,
        parse_float=finite,
        object_pairs_hook=refuse_repeated,
    )


def assert_is(kind: Any, value: object) -> None:
    """Check a field's value against its annotation, as far as the resource classes annotate."""
    assert isinstance(value, kind), f"{type(value)} for {kind}"
    if isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0)
        assert value.tzinfo is UTC


def assert_whole(resource: HalResource, raw: Mapping[str, Any]) -> None:
    """Check that a resource is what its class says, keeps what it does not know, and hides what may be secret."""
    for field in attrs.fields(attrs.resolve_types(type(resource))):
        assert_is(field.type, getattr(resource, field.name))
    for name, value in resource.extra.items():
        assert raw[name] == value
    assert CANARY not in repr(resource.extra)
    for name in ("access_token", "client_secret"):
        secret = getattr(resource, name, None)
        if secret is not None:
            assert CANARY not in f"{secret} {secret!r} {secret:>30}"
    unpickled = pickle.loads(pickle.dumps(resource))
    assert type(unpickled) is type(resource)


@given(body=bodies(json_values))
def test_what_is_no_json_is_refused_and_what_is_means_the_same(body: bytes) -> None:
    document = decode_json(body)
    try:
        expected = strictly(body)
    except (ValueError, RecursionError):
        expected = Mismatch("")
    if isinstance(expected, Mismatch):
        assert isinstance(document, Mismatch)
    elif isinstance(document, Mismatch):
        assert b"\\ud" in body.lower(), "only lone surrogates are JSON to one and not to the other"
    else:
        assert repr(document) == repr(expected)


@given(body=bodies(json_values), media_type=media_types | odd_texts.map(lambda text: text * 50))
def test_a_reply_gives_json_or_a_response_error(body: bytes, media_type: str) -> None:
    response = Response(200, {"Content-Type": media_type}, body, REQUEST)
    assert repr(response) == "<Response 200>"
    try:
        response.json()
    except ResponseError as error:
        assert_says_where(str(error))


@given(document=api_keys, cls=st.sampled_from([ApiKey, NewApiKey, Profile, HalResource]))
def test_a_document_becomes_a_resource_or_a_mismatch(cls: type[HalResource], document: Any) -> None:
    read = structure(document, cls)
    if isinstance(read, Mismatch):
        assert_says_where(read.text)
        return
    assert_whole(read.content, document)
    assert converter.structure(document, cls) == read.content
    for path in read.unreadable:
        assert read.content.extra[path.partition(".")[0]] == document[path.partition(".")[0]]
        assert getattr(read.content, path, None) is None or path.startswith("_")


@given(document=api_keys)
def test_a_member_without_its_neighbours_reads_the_same(document: Any) -> None:
    """A row is read in an array, alone and, where something is wrong, member by member: all agree."""
    page = json.dumps([{**document, "id": str(UUID(int=1))}] * 5 if isinstance(document, dict) else [document] * 5)
    read = read_array(Content(page.encode(), {}), ApiKey)
    alone = structure(json.loads(page)[0], ApiKey, "[0]")
    if isinstance(alone, Mismatch) or isinstance(read, Mismatch):
        assert read == alone or b"\\ud" in page.encode()
        return
    assert read.content == [alone.content] * 5
    assert read.unreadable[: len(alone.unreadable)] == alone.unreadable


@given(body=bodies(api_keys))
def test_what_can_be_read_beside_something_broken_is_not_lost(body: bytes) -> None:
    members, unreadable = read_members(body)
    assert isinstance(members, dict)
    document = decode_json(body)
    if isinstance(document, dict):
        assert (members, unreadable) == (document, [])


@given(document=api_keys)
def test_links_are_read_or_refused_when_they_are_looked_at(document: Any) -> None:
    read = structure(document, ApiKey)
    if isinstance(read, Mismatch):
        return
    key = read.content
    assert isinstance(key.links.can("update"), bool)
    for rel in key.links:
        assert rel in key.links
        try:
            assert all(isinstance(link.href, str) for link in key.links.all(rel))
            assert isinstance(key.links[rel].href, str)
        except (LinkError, ResponseError):
            pass


@given(body=bodies(pages), status=st.sampled_from([200, 200, 200, 201, 204]), media_type=media_types)
def test_a_body_becomes_a_page_or_a_mismatch(body: bytes, status: int, media_type: str) -> None:
    page = read_page(Response(status, {"Content-Type": media_type}, body, REQUEST), ApiKey, "apikeys")
    if isinstance(page, Mismatch):
        assert_says_where(page.text)
        return
    assert isinstance(page, PageDocument)
    for key in page.items:
        assert_is(UUID, key.id)
    for count in (page.number, page.size, page.total_elements, page.total_pages, page.page_count):
        assert count is None or (type(count) is int and count >= 0)
    assert all(isinstance(href, str) for href in page.next_hrefs)


_ERROR = {
    "timestamp": "2024-01-08T13:35:35.961",
    "status": 400,
    "error": "Bad Request",
    "errors": [{"codes": ["NotBlank", CANARY], "field": "name", "rejectedValue": {CANARY: CANARY}, "code": "NotBlank"}],
    "message": f"the header was Authorization: Bearer {CANARY} <b>{CANARY}</b>",
    "path": "/api/apikeys",
}


@given(body=bodies(wounded(st.just(_ERROR))), status=st.integers(400, 599), challenge=odd_texts)
def test_an_error_body_becomes_an_error_without_our_credentials(body: bytes, status: int, challenge: str) -> None:
    response = Response(status, {"WWW-Authenticate": f'Bearer error="{challenge}'}, body, REQUEST)
    error = api_error(response, [Secret(CANARY)], None)
    shown = f"{error} {error!r} {error.errors!r} {vars(error)!r}"
    assert CANARY not in shown
    assert len(str(error)) <= 2 * 500 + LONGEST_MESSAGE
    assert error.status == status
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)
