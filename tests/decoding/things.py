"""A class to read documents into, with documents of it, and what can be seen of what was read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from aiomatatika import HalResource, OpenEnum, Secret
from aiomatatika.hal import JsonObject

HREF = {"href": "/api/x"}


class Colour(OpenEnum):
    RED = "RED"


@attrs.frozen(kw_only=True)
class Part(HalResource):
    name: str


def new_class() -> Any:
    """Return a class that nothing has been read into, with a field of every kind."""

    @attrs.frozen(kw_only=True)
    class Thing(HalResource):
        id: UUID
        name: str | None = None
        created: datetime | None = None
        token: Secret | None = None
        count: int = 7
        share: float | None = None
        done: bool = False
        colour: Colour | None = None
        parts: tuple[str, ...] = ()
        part: Part | None = None
        counts: dict[str, int] = attrs.field(factory=dict)
        settings: JsonObject | None = None

    return Thing


def row(number: int, **members: Any) -> dict[str, Any]:
    return {"id": str(UUID(int=number)), "_links": {"self": HREF}, **members}


def links_of(resource: Any) -> Any:
    return {rel: resource.links._raw[rel] for rel in resource.links}


def kinds_of_links(*resources: Any) -> set[type]:
    return {type(raw) for each in resources for raw in links_of(each).values()}


def seen(resource: Any) -> Any:
    return resource, repr(resource.links), resource.embedded, resource.extra, resource.token
