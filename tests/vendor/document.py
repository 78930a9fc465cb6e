"""The vendor's own OpenAPI document, which its server's framework generates: as it is, and as programs can read it."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from aiomatatika.testing.operation import Operation
from aiomatatika.testing.operations import OPERATIONS
from aiomatatika.testing.resource_types import BY_NAME

__all__ = [
    "BY_ROUTE",
    "IS_HERE",
    "KNOWN",
    "NOISE",
    "READABLE",
    "SCHEMAS",
    "response_schema",
    "route_of",
    "schema_name",
    "shape",
]

_HAL: Final = "application/hal+json"
_BARE: Final = {"type": "object"}  # it tells nothing
_EMPTY: Final = '{"openapi": "3.0.1", "info": {"title": "", "version": ""}, "paths": {}, "components": {"schemas": {}}}'
_PATH = Path(os.environ.get("MATATIKA_OPENAPI") or "openapi.json")
_TEXT = _PATH.read_text(encoding="utf-8") if _PATH.is_file() else _EMPTY
_DOCUMENT: Final = json.loads(_TEXT)

IS_HERE: Final = pytest.mark.skipif(
    not _PATH.is_file(), reason="the vendor's OpenAPI document is not at hand: MATATIKA_OPENAPI says where it is"
)
SETTERS: Final = {"fromDataPlugin", "metadaNode", "parent", "scheduleFromInterval"}
"""Methods of the vendor's classes that its generator took for members. They lead through all of its tables."""
NOISE: Final = {"pagedResourcesAssembler", "probe"}
"""Arguments of the vendor's methods that its generator took for query parameters; it requires them, too."""
SCHEMAS: Final[dict[str, Any]] = _DOCUMENT["components"]["schemas"]

_NAMES: Final = {
    "Administrator": "MemberResource",
    "Comment": "DatasetCommentResource",
    "Datacomponent": "DataComponentResource",
    "Dataplugin": "DataPluginResource",
    "DatapluginCommand": "DataPluginCommand",
    "DatapluginVariant": "VariantInfo",
    "Datastore": "DataStoreResource",
    "NewApiKey": "ApiKeyResource",
    "SettingOption": "Option",
    "Stream": "ExtractorStreamResource",
    "StreamField": "ExtractorStreamFieldResource",
    "Workspace": "ProfileWorkspaceResource",
}


def schema_name(resource_class: str) -> str:
    """Return what the document calls a resource class."""
    return _NAMES.get(resource_class, f"{resource_class}Resource")


def response_schema(operation: Operation) -> str:
    """Return the schema of what comes back, by the table; an empty text for a media type, and for no body."""
    if not operation.response or "/" in operation.response:
        return ""
    if not operation.embedded_key:
        return schema_name(operation.response)
    # A list of workspaces is of another class than one of them.
    one = "WorkspaceResource" if operation.response == "Workspace" else schema_name(operation.response)
    return f"{'Paged' if operation.paged else 'Collection'}Model{one}"


def shape(path: str) -> str:
    return re.sub(r"\{\w+\}|\*\*", "{}", path)


def route_of(operation: Operation) -> tuple[str, str]:
    """Return method and path, its variables without their names."""
    return operation.method, shape(f"/api{operation.path}")


BY_ROUTE: Final[dict[tuple[str, str], Any]] = {
    (method.upper(), shape(path)): operation
    for path, operations in _DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
"""The operations of the document by method and path, the variables of which have no name."""
KNOWN: Final = [operation.id for operation in OPERATIONS if route_of(operation) in BY_ROUTE or not BY_ROUTE]
"""The ids of the operations that the document knows, too."""


def _readable() -> Any:
    """Return the document without what keeps programs from reading it, and with what it leaves open."""
    document = copy.deepcopy(_DOCUMENT)
    # A path of any length is here one of one or two parts.
    document["paths"] = {
        path.replace("**", any_path): copy.deepcopy(operations)
        for path, operations in document["paths"].items()
        for any_path in ("{name}", *(("{folder}/{name}",) if path.endswith("resources/**") else ()))
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = [each for each in operation.get("parameters", ()) if each["name"] not in {*NOISE, "Accept"}]
            names = re.findall(r"\{(folder|name)\}", path)
            parameters += [{"name": name, "in": "path", "schema": {"type": "string"}} for name in names]
            operation["parameters"] = [each | {"required": each["in"] != "query"} for each in parameters]
            route = method.upper(), shape(path.replace("{folder}/", ""))
            _complete(operation, [each for each in OPERATIONS if route_of(each) == route])
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        members = schema.get("properties", {})
        members.get("imageUrl", {}).pop("pattern", None)  # a regular expression of Java alone
        for name in SETTERS & members.keys():
            del members[name]
    schemas["StreamingResponseBody"] = {"type": "string", "format": "binary"}
    reached: dict[str, bool] = {}
    _cut_circles(document["paths"], schemas, reached)
    document["components"]["schemas"] = {name: schemas[name] for name in reached}
    return document


def _complete(operation: Any, rows: list[Operation]) -> None:
    """Give an operation its statuses, and the schema of its response where that is any object."""
    described = operation["responses"].pop("200")
    content = described.get("content", {})
    if content.keys() == {"*/*"}:
        content = {_HAL: content["*/*"]}
    for row in rows:
        if content == {_HAL: {"schema": _BARE}} and row.response in BY_NAME:
            content = {_HAL: {"schema": _bare_schema(row)}}
    for status in {status for row in rows for status in row.statuses} or {200}:
        operation["responses"][str(status)] = {**described, "content": {} if status == 204 else content}


def _bare_schema(row: Operation) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{schema_name(row.response)}"}
    if not row.embedded_key:
        return one
    embedded = {"type": "object", "properties": {row.embedded_key: {"type": "array", "items": one}}}
    return {"type": "object", "properties": {"_embedded": embedded}}


def _references(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part
        for each in part.values():
            yield from _references(each)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)


def _cut_circles(part: Any, schemas: dict[str, Any], reached: dict[str, bool]) -> None:
    """Replace each reference that leads back to where it came from. ``reached``: whether a schema is on the way."""
    for reference in list(_references(part)):
        name = reference["$ref"].rpartition("/")[2]
        if reached.get(name):
            reference.clear()
            reference.update(_BARE)
        elif name not in reached:
            reached[name] = True
            _cut_circles(schemas[name], schemas, reached)
            reached[name] = False


READABLE: Final = _readable()
