"""The embedded server's table and the resource classes, compared with the vendor's document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, get_origin, get_type_hints
from uuid import UUID, uuid4

import attrs
import pytest

import aiomatatika
from aiomatatika import HalResource, OpenEnum, Secret
from aiomatatika.decoding.class_fields import EXTRA, member_name
from aiomatatika.decoding.json_text import value_type
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.operation import Operation
from aiomatatika.testing.operations import OPERATIONS
from aiomatatika.testing.routing import Router

from .differences import NOT_IN_THE_DOCUMENT, OF_CLASSES, OF_OPERATIONS, WITHOUT_A_METHOD
from .document import BY_ROUTE, IS_HERE, KNOWN, NOISE, SCHEMAS, response_schema, route_of, schema_name

pytestmark = IS_HERE

TABLE: Final = {operation.id: operation for operation in OPERATIONS}
CLASSES: Final = {
    name: each
    for name, each in ((name, getattr(aiomatatika, name)) for name in dir(aiomatatika))
    if isinstance(each, type) and issubclass(each, HalResource) and each is not HalResource
}
FORMS: Final[Mapping[Any, str]] = {
    str: "string",
    Secret: "string",
    UUID: "uuid",
    datetime: "date-time",
    bool: "boolean",
    int: "integer",
    float: "number",
    tuple: "array",
}


def test_the_operations_are_the_same() -> None:
    ours = {route_of(operation) for operation in OPERATIONS}
    assert {" ".join(route) for route in ours - BY_ROUTE.keys()} == NOT_IN_THE_DOCUMENT
    assert {" ".join(route) for route in BY_ROUTE.keys() - ours} == set().union(*WITHOUT_A_METHOD.values())


@pytest.mark.parametrize("id", KNOWN)
def test_an_operation(id: str) -> None:
    assert set(differences_of(TABLE[id])) == OF_OPERATIONS.get(id, {}).keys()


@pytest.mark.parametrize("name", CLASSES)
def test_a_class(name: str) -> None:
    assert set(differing_members(CLASSES[name])) == OF_CLASSES.get(name, {}).keys()


def apart(what: str, ours: set[str], theirs: set[str]) -> Iterator[str]:
    yield from (f"{what} {each}" for each in ours - theirs)
    yield from (f"no {what} {each}" for each in theirs - ours)


def differences_of(operation: Operation) -> Iterator[str]:
    described = BY_ROUTE[route_of(operation)]
    rows = [each for each in OPERATIONS if route_of(each) == route_of(operation)]
    named: dict[str, dict[str, Any]] = {"query": {}, "header": {}, "path": {}}
    for each in described.get("parameters", ()):
        named[each["in"]][each["name"]] = each["schema"]
    pageable = {"pageable"} if operation.paged or operation.pageable else set()
    yield from apart("query", {name for row in rows for name in row.query} | pageable, named["query"].keys() - NOISE)
    yield from apart("header", set(operation.headers), named["header"].keys() - {"Accept"})
    yield from apart("ids", {ids_of(operation)}, {" ".join(map(form_of, named["path"].values()))})
    body = {operation.body} if "/" in operation.body else {schema_name(operation.body)} if operation.body else set()
    yield from apart("body", body, contents(described.get("requestBody", {}), body))
    content = described["responses"]["200"]
    schema = response_schema(operation)
    yield from apart("response", {schema} - {""}, contents(content, {schema}) if schema else set())
    accepts = {kind for row in rows for kind in row.document()["accepts"]} - {"*/*"}
    if kinds := content.get("content", {}).keys() - {"*/*"}:
        yield from apart("accept", accepts, kinds)


def ids_of(operation: Operation) -> str:
    """Return the forms of the path's variables, by what the embedded server refuses; not those of any length."""
    forms = []
    for name in re.findall(r"\{(?!resource_path|dataset_id_or_alias)\w+\}", operation.path):
        path = re.sub(r"\{\w+\}", str(uuid4()), operation.path.replace(name, "text"))
        try:
            Router(OPERATIONS).match(operation.method, path)
        except RefusedError:
            forms.append("uuid")
        else:
            forms.append("string")
    return " ".join(forms)


def contents(described: Any, ours: set[str]) -> set[str]:
    """Return the schemas or the media types of a body. Where the document leaves it open, the table is taken."""
    content = described.get("content", {})
    named = {body["schema"]["$ref"].rpartition("/")[2] for body in content.values() if "$ref" in body["schema"]}
    if named - {"StreamingResponseBody"}:
        return named - {"StreamingResponseBody"}
    return ours if "*/*" in content else set(content)


def form_of(schema: Any) -> str:
    form = str(schema.get("format") or schema.get("type") or "object")
    return {"int32": "integer", "int64": "integer", "double": "number"}.get(form, form)


def differing_members(cls: type[HalResource]) -> Iterator[str]:
    if schema_name(cls.__name__) not in SCHEMAS:
        yield "no schema"
        return
    described = {"_embedded": {}, "_links": {}} | SCHEMAS[schema_name(cls.__name__)]["properties"]
    kinds = get_type_hints(cls)
    fields = {member_name(each): value_type(kinds[each.name]) for each in attrs.fields(cls) if each.name != EXTRA}
    yield from apart("member", set(fields), set(described))
    for name in described.keys() & fields.keys():
        kind, schema = fields[name], described[name]
        is_enum = isinstance(kind, type) and issubclass(kind, OpenEnum)
        form = "string" if is_enum else FORMS.get(get_origin(kind) or kind, "object")
        if form != form_of(schema):
            yield f"{name}: {form}, not {form_of(schema)}"
        if is_enum and (unknown := [value for value in schema.get("enum", ()) if not kind(value).is_known]):
            yield f"{name}: {' '.join(sorted(unknown))}"
