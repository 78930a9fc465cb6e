"""Which bodies the embedded server cannot read: their members have the types that the API's classes give them."""

from __future__ import annotations

from typing import Any

import pytest

from aiomatatika.testing.forms import misfit


@pytest.mark.parametrize(
    "name, document, wrong",
    [
        (
            "Pipeline",
            {"label": "x", "dataComponents": ["tap"], "timeout": 5, "properties": {"a": "b", "c": None}},
            None,
        ),
        ("Pipeline", {"label": None, "unknown": [5], "_links": 5}, None),
        ("Pipeline", {"label": "x", "timeout": "5"}, "timeout"),
        ("Pipeline", {"timeout": True}, "timeout"),
        ("Pipeline", {"dataComponents": "tap"}, "dataComponents"),
        ("Pipeline", {"dataComponents": ["tap", 5]}, "dataComponents"),
        ("Pipeline", {"properties": {"a": 5}}, "properties"),
        ("Pipeline", {"properties": ["a"]}, "properties"),
        ("Workspace", {"deploymentSecret": {"a": "b"}}, "deploymentSecret"),
        ("Dataplugin", {"hidden": "no"}, "hidden"),
        ("Dataplugin", {"metadata": "none"}, "metadata"),
        ("Dataplugin", {"settings": [{"name": "a", "value": {"any": 1}}]}, None),
        ("Dataplugin", {"settings": [{"name": 5}]}, "settings"),
        ("Dataplugin", {"settings": ["a"]}, "settings"),
        ("Dataplugin", {"commands": {"about": {"args": "--about"}}}, None),
        ("Dataplugin", {"commands": {"about": "--about"}}, "commands"),
        ("Alert", {"raised": "2026-01-02T03:04:05.123456789", "detail": "x"}, None),
        ("Alert", {"raised": "2026-01-02T03:04:05Z"}, "raised"),
        ("Alert", {"raised": 5}, "raised"),
        ("Dataset", {"score": 1, "likeCount": 1.5}, "likeCount"),
    ],
)
def test_a_member_of_another_type_is_named(name: str, document: dict[str, Any], wrong: str | None) -> None:
    assert misfit(document, name) == wrong
