"""JSON objects that do not show, and what every resource has."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import attrs
import pytest

from aiomatatika import HalResource, Links, Secret
from aiomatatika.enums import OpenEnum
from aiomatatika.hal import JsonObject

HREF = "https://app.matatika.com/api/workspaces/1"


def links_of(*relations: str, **raw: Any) -> Links:
    return Links({relation: {"href": HREF} for relation in relations} | raw)


# JSON objects


def test_a_json_object_reads_as_a_mapping_and_does_not_show_its_members() -> None:
    members = JsonObject({"a": 1, "b": {"c": "canary"}})
    assert (members["a"], list(members), len(members)) == (1, ["a", "b"], 2)
    assert dict(members) == {"a": 1, "b": {"c": "canary"}}
    assert (list(members.keys()), list(members.values())) == (["a", "b"], [1, {"c": "canary"}])
    assert ("a" in members, "c" in members, members.get("a"), members.get("c", 3)) == (True, False, 1, 3)
    assert dict(members.items()) == dict(members)
    assert repr(members) == "<JsonObject: 2 hidden>"
    assert dict(JsonObject()) == {}
    with pytest.raises(TypeError):
        members["a"] = 2  # type: ignore[index]  # that is the question


def test_json_objects_are_equal_by_their_members() -> None:
    assert JsonObject({"a": [1]}) == JsonObject({"a": [1]}) == {"a": [1]}
    assert JsonObject({"a": [1]}) != JsonObject({"a": [2]})
    assert JsonObject() != []
    assert hash(JsonObject({"a": []})) == hash(JsonObject({"a": []}))


def test_a_pickle_leaves_out_every_member_and_knows_it() -> None:
    pickled = pickle.dumps(JsonObject({"port": "canary"}))
    assert b"canary" not in pickled
    once = pickle.loads(pickled)
    for copied in (once, pickle.loads(pickle.dumps(once))):
        assert (copied, copied.is_complete) == ({}, False)
    assert pickle.loads(pickle.dumps(JsonObject())).is_complete


def test_a_copy_in_the_same_process_leaves_nothing_out() -> None:
    members = JsonObject({"password": "canary"})
    assert copy.copy(members) == copy.deepcopy(members) == {"password": "canary"}
    assert copy.deepcopy(members).is_complete


# Resources


class Status(OpenEnum):
    READY = "READY"


@attrs.frozen(kw_only=True)
class Thing(HalResource):
    id: UUID
    created: datetime | None = None
    status: Status | None = None
    on: bool = True
    token: Secret | None = None
    tokens: tuple[Secret, ...] = ()
    settings: JsonObject | None = None
    owner: Thing | None = None
    things: tuple[Thing, ...] = ()
    names: list[str] | None = None
    ratios: dict[str, float] | None = None
    by_name: dict[str, Thing] | None = None


THING = Thing(id=UUID(int=1))


def test_a_resource_shows_neither_links_nor_embedded_nor_extra() -> None:
    resource = HalResource(
        links=links_of("self"), embedded=JsonObject({"a": "canary"}), extra=JsonObject({"password": "canary"})
    )
    assert repr(resource) == "HalResource()"
    assert "canary" not in repr(attrs.asdict(resource))
    pickled = pickle.dumps(resource)
    assert b"canary" not in pickled
    copied = pickle.loads(pickled)
    assert (copied.links["self"].href, copied.embedded, copied.extra) == (HREF, {}, {})


@pytest.mark.parametrize(
    "fields",
    [
        {"extra": JsonObject({"a": 1})},
        {"embedded": JsonObject({"a": 1})},
        {"settings": JsonObject({"a": 1})},
        {"token": Secret("canary")},
        {"tokens": (Secret("canary"),)},
        {"owner": attrs.evolve(THING, extra=JsonObject({"a": 1}))},
        {"things": (THING, attrs.evolve(THING, token=Secret("canary")))},
        {"by_name": {"a": THING, "b": attrs.evolve(THING, token=Secret("canary"))}},
    ],
)
def test_a_pickle_that_holds_less_than_the_server_sent_knows_it(fields: dict[str, Any]) -> None:
    thing = attrs.evolve(THING, **fields)
    assert thing.is_complete
    assert not pickle.loads(pickle.dumps(thing)).is_complete
    assert pickle.loads(pickle.dumps(attrs.evolve(THING, owner=THING, names=["a"], by_name={"a": THING}))).is_complete


def test_a_resource_becomes_a_dict_of_json_values_without_secrets() -> None:
    thing = attrs.evolve(
        THING,
        created=datetime(2026, 1, 11, 18, 58, 35, 961073, UTC),
        status=Status.READY,
        token=Secret("canary"),
        tokens=(Secret("canary"),),
        settings=JsonObject({"password": "canary"}),
        owner=attrs.evolve(THING, token=Secret("canary"), status=Status("new")),
        things=(THING,),
        names=["a"],
        ratios={"a": 0.5},
        by_name={"a": THING},
        links=links_of("self", item=[{"href": "a"}, {"href": "b"}]),
        embedded=JsonObject({"a": "canary"}),
        extra=JsonObject({"a": "canary"}),
    )
    bare: dict[str, Any] = {
        "id": str(THING.id),
        "created": None,
        "status": None,
        "on": True,
        "owner": None,
        "things": [],
    }
    bare |= {"tokens": [], "names": None, "ratios": None, "by_name": None, "token": None, "settings": None}
    owner = {name: value for name, value in bare.items() if name != "token"} | {"status": "new"}
    row = thing.to_dict()
    assert row == {
        "id": str(THING.id),
        "created": "2026-01-11T18:58:35.961073+00:00",
        "status": "READY",
        "on": True,
        "tokens": [],
        "owner": owner,
        "things": [bare],
        "names": ["a"],
        "ratios": {"a": 0.5},
        "by_name": {"a": bare},
    }
    assert json.loads(json.dumps(row)) == row
    assert type(row["status"]) is str
    assert thing.to_dict(links=True) == row | {"links": {"self": HREF, "item": ["a", "b"]}}


def test_a_resource_is_compared_by_its_members_and_not_by_its_links() -> None:
    assert HalResource(links=links_of("self")) == HalResource(links=links_of("update apikey"))
    assert HalResource(extra=JsonObject({"a": 1})) != HalResource()
    assert hash(HalResource(extra=JsonObject({"a": 1}))) == hash(HalResource())


def test_a_resource_does_not_change() -> None:
    with pytest.raises(AttributeError):
        HalResource().links = Links()  # type: ignore[misc]  # that is the question
