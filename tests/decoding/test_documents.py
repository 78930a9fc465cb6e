"""Bodies into resources, without an object around them or with one."""

from __future__ import annotations

from uuid import UUID

import pytest

from aiomatatika import ApiKey
from aiomatatika.decoding.converter import Read
from aiomatatika.decoding.documents import Content, path_list, read_array, read_resource
from aiomatatika.decoding.json_text import Mismatch

ITEM = b'{"id":"00000000-0000-0000-0000-000000000001"}'
KEY = ApiKey(id=UUID(int=1))


def test_a_body_does_not_show() -> None:
    assert repr(Content(b"canary", {})) == "<Content hidden>"


def test_a_body_holds_one_resource_or_an_array_of_them() -> None:
    assert read_resource(Content(ITEM, {}), ApiKey) == Read(KEY)
    assert read_array(Content(b"[%s,%s]" % (ITEM, ITEM), {}), ApiKey) == Read([KEY, KEY])
    assert read_array(Content(b"[]", {}), ApiKey) == Read([])


@pytest.mark.parametrize(
    "body, one, many",
    [
        (b"<", "not JSON (text/html)", "not JSON (text/html)"),
        (ITEM, None, "body: expected an array"),
        (b"[{}]", "body: expected an object", "[0].id: missing"),
        (b'{"id":1,"id":2}', "an object has two members of one name", "body: expected an array"),
    ],
)
def test_another_body_is_a_mismatch(body: bytes, one: str | None, many: str) -> None:
    content = Content(body, {"Content-Type": "Text/HTML; charset=x"})
    assert read_resource(content, ApiKey) == (Mismatch(one) if one else Read(KEY))
    assert read_array(content, ApiKey) == Mismatch(many)


@pytest.mark.parametrize("paths, text", [(1, "x0"), (20, "x19"), (21, "x19 and 1 more"), (99, "x19 and 79 more")])
def test_of_many_paths_the_first_are_named(paths: int, text: str) -> None:
    assert path_list([f"x{number}" for number in range(paths)]).endswith(text)
    assert path_list(["a", "b"]) == "a, b"
