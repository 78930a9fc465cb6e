"""W: values that the server hides (W07), and values that it has and this version does not know (W10)."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import pytest

import aiomatatika
from aiomatatika import HalResource, MatatikaSession, OpenEnum, Secret
from aiomatatika.decoding.class_fields import member_name
from aiomatatika.decoding.json_text import value_type
from aiomatatika.hal import JsonObject
from aiomatatika.resources import Groups
from aiomatatika.resources.bodies import settable_members
from aiomatatika.testing import MatatikaServer

from .conftest import Witness

ID = "904cf92b-1111-4222-8333-944455556666"
CANARY = "canary-7f3a"
MASK = "********"
SAMPLES = {"bool": True, "int": 5, "float": 1.5, "UUID": ID, "datetime": "2026-01-01T12:00:00"}
UNKNOWN = {"newer": {"deep": [1, None, {"a": "b"}]}}
LINKS = {"_links": {"newer relation": {"href": "/api/newer"}}}

CLASSES = [
    each
    for each in (getattr(aiomatatika, name) for name in dir(aiomatatika))
    if isinstance(each, type) and issubclass(each, HalResource)
]


def updates() -> Iterator[Any]:
    """Yield the name and the update of every group that sends whole objects back."""
    for name in (name for name, each in vars(Groups).items() if isinstance(each, property)):
        update = getattr(getattr(MatatikaSession, name), "update", None)
        if update is not None and "changes" in inspect.signature(update).parameters:
            yield pytest.param(name, get_type_hints(update), id=name)


UPDATES = list(updates())


def sample(kind: Any, secret: str | None, outer: tuple[Any, ...]) -> Any:
    """Return a value of a type as the server could write it; None where there is nothing to write."""
    if kind is Secret:
        return secret
    if kind in {JsonObject, Any}:
        return {"host": "db"} | ({} if secret is None else {"password": secret})
    if attrs.has(kind):
        return None if kind in outer else document(kind, secret, outer)
    if get_origin(kind) is None:
        name = kind.__name__
        return "NEWER" if issubclass(kind, OpenEnum) else MASK if kind is str else SAMPLES[name]
    is_table = get_origin(kind) is Mapping
    part = sample(value_type(get_args(kind)[-1 if is_table else 0]), secret, outer)
    return None if part is None else {"a": part} if is_table else [part]


def document(cls: Any, secret: str | None, outer: tuple[Any, ...] = ()) -> dict[str, Any]:
    """Return an object of a class: all that it needs, all that a client may set, and a member that nobody knows."""
    kinds, settable = get_type_hints(cls), settable_members(cls)
    values = {
        member_name(field): ID if field.name == "id" else sample(value_type(kinds[field.name]), secret, (*outer, cls))
        for field in attrs.fields(cls)
        if field.name in {"id", *settable} or field.default is attrs.NOTHING
    }
    return {name: value for name, value in values.items() if value is not None} | UNKNOWN


async def sent_back(server: MatatikaServer, name: str, hints: Mapping[str, Any], document: Any) -> Any:
    """Return what an update without changes sends of an object that the server has."""
    cls, parents = hints["return"], {"workspaceId": ID, "datasetId": ID}
    server.faults.add(method="GET", status=200, json=document | LINKS | parents)
    server.faults.add(method="PUT", status=200, json=document)
    async with server.session() as session:
        resource = await session.follow("/api/newer", as_type=cls)
        arguments = [
            resource if kind is cls else ID for each, kind in hints.items() if each not in {"changes", "return"}
        ]
        await getattr(session, name).update(*arguments)
    body = json.loads(server.requests.api[-1].body)
    return {member: value for member, value in body.items() if member not in parents}


def without_id(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "id"}


@pytest.mark.parametrize("mask", [MASK, "••••", None])
@pytest.mark.parametrize("name, hints", UPDATES)
async def test_W07_masked_or_absent_secrets_are_not_sent_back(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture, name: str, hints: Any, mask: str | None
) -> None:
    cls = hints["return"]
    read, wanted = document(cls, mask), document(cls, None)
    assert await sent_back(server, name, hints, read) == without_id(wanted)
    warnings = [each.getMessage() for each in caplog.records if "masked secrets" in each.getMessage()]
    assert len(warnings) == (read != wanted)


@pytest.mark.parametrize("name, hints", UPDATES)
async def test_W10_what_is_not_known_is_sent_back_as_it_came(
    server: MatatikaServer, witness: Witness, name: str, hints: Any
) -> None:
    witness.secrets.add(CANARY)
    whole = document(hints["return"], CANARY)
    assert await sent_back(server, name, hints, whole) == without_id(whole)


@pytest.mark.parametrize("cls", CLASSES)
async def test_W10_what_is_not_known_is_kept_and_compared_by_its_text(server: MatatikaServer, cls: Any) -> None:
    server.faults.add(path="/api/newer", status=200, json=document(cls, CANARY) | LINKS)
    async with server.session() as session:
        resource: Any = await session.follow("/api/newer", as_type=cls)
    assert resource.extra.items() >= UNKNOWN.items()
    assert resource.links["newer relation"].href == "/api/newer"
    enums = [value for value in attrs.asdict(resource, recurse=False).values() if isinstance(value, OpenEnum)]
    assert [(value == "NEWER", value.is_known) for value in enums] == [(True, False)] * len(enums)
