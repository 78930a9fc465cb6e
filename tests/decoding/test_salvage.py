"""A JSON object that is broken in places: each member costs itself alone."""

from __future__ import annotations

from typing import Any

import pytest

from aiomatatika.decoding.salvage import read_members

CANNOT = "it cannot be read"


@pytest.mark.parametrize("order", ["%s, %s", "%s , %s }"], ids=["it breaks off", "whole"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "broken, members, unreadable",
    [
        (rb'"x": "\ud800"', {}, [f"x: {CANNOT}"]),
        (b'"x": NaN', {}, [f"x: {CANNOT}"]),
        (b'"x": 1e999', {}, [f"x: {CANNOT}"]),
        (b'"x": ' + b"9" * 5000, {}, [f"x: {CANNOT}"]),
        (b'"x": ' + b"[" * 300 + b"]" * 300, {}, [f"x: {CANNOT}"]),
        (b'"x": ' + b'{"y":' * 300 + b"1" + b"}" * 300, {}, [f"x: {CANNOT}"]),
        (b'"x": "\xff"', {}, [f"x: {CANNOT}"]),
        (b'"x":', {}, [f"x: {CANNOT}"]),
        (b'"x": 1, "x": 1', {}, ["x: it stands twice"]),
        (b'"\xff": 1', {}, ["?: its name cannot be read"]),
        (b"5: 1", {}, ["?: its name cannot be read"]),
        (b'"a name": tru', {}, [f"?: {CANNOT}"]),
        (b'"x": [{"y": NaN}]', {}, [f"x: {CANNOT}"]),
        (b'"x": {"y": NaN, "z": "}]"}', {"x": {"z": "}]"}}, [f"x.y: {CANNOT}"]),
        (b'"x": {"y": {"z": 1, "z": 2}}', {"x": {"y": {}}}, ["x.y.z: it stands twice"]),
        (b'"a":{"b":{"c":{"d":{"e":NaN}}}}', {"a": {"b": {"c": {}}}}, [f"a.b.c.d: {CANNOT}"]),
    ],
    ids=lambda value: value[:20].decode("ascii", "ignore").replace("\\", "") if isinstance(value, bytes) else "",
)
def test_a_member_that_cannot_be_read_costs_itself(
    broken: bytes, members: dict[str, Any], unreadable: list[str], first: bool, order: str
) -> None:
    good = rb'"secret": "s\"},{"'
    text = b"\xef\xbb\xbf {" + order.encode() % ((broken, good) if first else (good, broken))
    assert read_members(text) == ({"secret": 's"},{', **members}, unreadable)


@pytest.mark.parametrize(
    "text, members, unreadable",
    [
        (b'{"secret": "s", "x": 1}', {"secret": "s", "x": 1}, []),
        (b'{"secret": "s", "x": 12', {"secret": "s"}, [f"x: {CANNOT}"]),
        (b'{"secret": "s", "x"}', {"secret": "s"}, ["body: its end is not JSON"]),
        (b'{"secret": "s"} more', {"secret": "s"}, ["body: its end is not JSON"]),
        (b'{"secret": "s', {}, [f"secret: {CANNOT}"]),
        (b'{"secret": "s\\"', {}, [f"secret: {CANNOT}"]),
        (b'{"secret": "a", "secret": "b"}', {}, ["secret: it stands twice"]),
        (b'{"x": {"secret": "s"}, "y": NaN}', {"x": {"secret": "s"}}, [f"y: {CANNOT}"]),
        (b'{"x": {"y": [' + b"{}," * 97 + b'{}], "z": NaN}}', {"x": {"y": [{}] * 98}}, [f"x.z: {CANNOT}"]),
        (b'{"x": {"y": [' + b"{}," * 98 + b'{}], "z": NaN}}', {}, [f"x: {CANNOT}"]),
        (b'[{"secret": "s"}]', {}, []),
        (b'["secret", NaN', {}, []),
        (b"", {}, []),
        (b"<html>", {}, []),
        (b'{"secret": "s", "x": NaN, "y": "' + b"y" * 2**15 + b'"}', {}, []),
    ],
)
def test_nothing_is_taken_for_what_it_is_not(text: bytes, members: dict[str, Any], unreadable: list[str]) -> None:
    assert read_members(text) == (members, unreadable)
