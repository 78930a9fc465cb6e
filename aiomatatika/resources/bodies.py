"""Bodies that create and change resources: what a client may set, under the names of the API. No I/O.

A PUT replaces the object that it meets. So an update sends back what the server sent, unknown members and values too,
with the changes; what the server sets itself is never sent, nor is a secret that it showed as a mask.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, cast, final
from uuid import UUID

import attrs

from aiomatatika.decoding.class_fields import MEMBER, member_name
from aiomatatika.decoding.documents import path_list
from aiomatatika.decoding.request_bodies import Body, json_body
from aiomatatika.hal import HalResource, JsonObject
from aiomatatika.resources.masks import without_masks
from aiomatatika.secret import Secret

__all__ = ["FieldValues", "kept_members", "member", "sent_back", "set_by_server", "settable_members"]

_logger = logging.getLogger(__name__)

_SET_BY_SERVER: Final = "set by server"
_SENT_BACK: Final = "sent back"


def set_by_server(default: Any = None, *, member: str | None = None) -> Any:
    """Declare a field that the server sets: it is read, and never sent.

    Args:
        default: What it is where the server leaves it out; `attrs.NOTHING`: it must not.
        member: Its name on the wire, where that is not the attribute's in camelCase.
    """
    return attrs.field(default=default, metadata={_SET_BY_SERVER: True} | ({MEMBER: member} if member else {}))


def sent_back(default: Any = None) -> Any:
    """Declare a field that no method sets. An update sends it back as it was read: a PUT without it may erase it."""
    return attrs.field(default=default, metadata={_SENT_BACK: True})


def member(name: str, default: Any = None) -> Any:
    """Declare a field whose name on the wire is not the attribute's in camelCase."""
    return attrs.field(default=default, metadata={MEMBER: name})


def _members_without(cls: Any, *kinds: str) -> dict[str, str]:
    not_sent = {"id", *attrs.fields_dict(HalResource)}
    return {
        field.name: member_name(field)
        for field in attrs.fields(cls)
        if field.name not in not_sent and not any(kind in field.metadata for kind in kinds)
    }


@cache
def settable_members(cls: Any) -> Mapping[str, str]:
    """Return the members that a client may set, by attribute."""
    return _members_without(cls, _SET_BY_SERVER, _SENT_BACK)


@cache
def _members_to_send_back(cls: Any) -> Mapping[str, str]:
    return _members_without(cls, _SET_BY_SERVER)


def _to_json(value: Any, of_resource: Callable[[HalResource], Any]) -> Any:
    """Return a value as the API writes it; of a resource, what a function makes of it."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, HalResource):
        return of_resource(value)
    if isinstance(value, datetime) and value.utcoffset() is not None:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat()
    if isinstance(value, Mapping | JsonObject):
        return {name: _to_json(part, of_resource) for name, part in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_to_json(item, of_resource) for item in value]
    return value


def _id_of(resource: HalResource) -> dict[str, Any]:
    id = getattr(resource, "id", None)
    return {} if id is None else {"id": str(id)}


def _members_of(resource: HalResource) -> dict[str, Any]:
    """Return what the server sent of a resource, but for the server's own; None and () are what it left out."""
    names = _members_to_send_back(cast("Any", type(resource)))
    values = {member: getattr(resource, attribute) for attribute, member in names.items()}
    known = {name: _to_json(value, _as_read) for name, value in values.items() if value is not None and value != ()}
    return dict(resource.extra.items()) | known


def _as_read(resource: HalResource) -> dict[str, Any]:
    """Return a resource that stands in another one, as the server sent it."""
    return _id_of(resource) | _members_of(resource)


def _as_named(resource: HalResource) -> dict[str, Any]:
    """Return a resource that a caller puts into another: where it has an id, that alone names it."""
    return _id_of(resource) or _members_of(resource)


def kept_members(cls: Any, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that can be sent back: masked secrets are left out, and named in one WARNING."""
    left_out: list[str] = []
    kept: dict[str, Any] = without_masks(members, cls, left_out)
    if left_out:
        _logger.warning("masked secrets of a %s are not sent: %s", cls.__name__, path_list(left_out))
    return kept


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


# No local of these methods holds what is sent: it can be a password, and a traceback with locals would show it.
@final
class FieldValues:
    """What a caller sets on a resource: becomes a body, and does not show.

    Args:
        cls: The class of the resource.
        values: The values by attribute. The mapping is emptied: it can hold passwords, and a traceback with locals
            would show them.

    Raises:
        TypeError: A field does not exist, or is not the client's to set; the message names those that are.
    """

    __slots__ = ("_cls", "_members")

    _members: Callable[[], dict[str, Any]]

    def __init__(self, cls: type, values: Mapping[str, Any]) -> None:
        self._cls: Any = cls
        names = settable_members(self._cls)
        unknown = ", ".join(repr(name) for name in values if name not in names)
        if not unknown:
            members = {names[name]: _to_json(value, _as_named) for name, value in values.items()}
            self._members = lambda: members
        cast("dict[str, Any]", values).clear()
        if unknown:
            raise TypeError(f"{cls.__name__} has no field {unknown} that can be set; it has {', '.join(names)}")

    def new(self, id: UUID | None = None) -> Body:
        """Return the body that creates a resource. A field of None is left out.

        Args:
            id: The id of the resource, where no path names it.
        """
        return json_body(_without_none(kept_members(self._cls, {"id": id} | self._members())))

    def edit(self) -> Body:
        """Return the body of a PATCH: the fields given, and null where they are None."""
        return json_body(kept_members(self._cls, self._members()))

    def change(self, resource: HalResource) -> Body:
        """Return the body of a PUT: the resource as it was read, with the changes; None takes a member away."""
        return json_body(_without_none(kept_members(self._cls, _members_of(resource) | self._members())))
