"""What the calls of the conformance test need: resources that the server has, made when a call names them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs

import aiomatatika
from aiomatatika import HalResource, MatatikaSession, OpenEnum, Secret
from aiomatatika.decoding.class_fields import member_name
from aiomatatika.decoding.json_text import value_type
from aiomatatika.hal import JsonObject
from aiomatatika.resources.bodies import settable_members
from aiomatatika.testing import MatatikaServer
from tests.resources.row import names_in

__all__ = ["UNKNOWN", "Things", "full_members"]

UNKNOWN = {"futureMember": {"with": ["parts"]}}
_VALUES: Mapping[Any, Any] = {
    str: "text",
    int: 3,
    float: 1.5,
    bool: True,
    Secret: "shh",
    datetime: "2026-01-02T03:04:05.678",
    JsonObject: {"name": "value"},
    Any: "anything",
}


def full_members(cls: Any) -> dict[str, Any]:
    """Return a document with every member of a class that a client may set, and one that no class knows."""
    kinds, settable = get_type_hints(cls), settable_members(cls)
    values = {name: _value(value_type(kinds[each]), cls) for each, name in settable.items()}
    return {name: value for name, value in values.items() if value is not None} | UNKNOWN


def _value(kind: Any, outer: Any) -> Any:
    """Return a value of a type as the server writes it; None for an id, which the server gives, and for no end."""
    if kind is UUID or kind is outer:
        return None
    if kind in _VALUES:
        return _VALUES[kind]
    if isinstance(kind, type) and issubclass(kind, OpenEnum):
        return next(iter(kind)).value
    if isinstance(kind, type) and issubclass(kind, HalResource):
        required = {member_name(each): "text" for each in attrs.fields(kind) if each.default is attrs.NOTHING}
        return full_members(kind) | required
    part = _value(get_args(kind)[-1], outer) if Mapping is get_origin(kind) else _value(get_args(kind)[0], outer)
    return None if part is None else {"name": part} if Mapping is get_origin(kind) else [part]


# How each is read; those that have another name in its call are made before it. ``id`` is that of its row.
_READ: Mapping[str, Callable[[MatatikaSession, Any, str], Awaitable[Any]]] = {
    "account": lambda s, x, id: s.accounts.get(id),
    "administrator": lambda s, x, id: s.administrators.list(x.workspace).first(),
    "alert": lambda s, x, id: s.alerts.get(id),
    "channel": lambda s, x, id: s.channels.get(id),
    "comment": lambda s, x, id: s.comments.get(id),
    "datacomponent": lambda s, x, id: s.datacomponents.get(id),
    "dataplugin": lambda s, x, id: s.dataplugins.get(id),
    "dataset": lambda s, x, id: s.datasets.get(id),
    "datastore": lambda s, x, id: s.datastores.get(id),
    "file": lambda s, x, id: s.resources.get(x.workspace, id),
    "invitation": lambda s, x, id: s.invitations.list_sent().first(),
    "job": lambda s, x, id: s.jobs.get(id),
    "member": lambda s, x, id: s.members.get(x.workspace, id),
    "notification": lambda s, x, id: s.notifications.get(id),
    "pipeline": lambda s, x, id: s.pipelines.get(id),
    "subscription": lambda s, x, id: s.subscriptions.get(id),
    "tag": lambda s, x, id: s.tags.get(x.workspace, id),
    "workspace": lambda s, x, id: s.workspaces.get(id),
}
# What is no row of its own: what `initialise` returns, and what has been put into something.
_MADE: Mapping[str, Callable[[MatatikaSession, Any], Awaitable[Any]]] = {
    "admin": lambda s, x: _once(s.accounts.add_admin(x.account, x.profile), x.profile),
    "listed_dataset": lambda s, x: _once(s.channels.add_dataset(x.channel, x.dataset), x.dataset),
    "account_draft": lambda s, x: s.accounts.initialise(),
    "alert_draft": lambda s, x: s.alerts.initialise(x.dataset),
    "apikey_draft": lambda s, x: s.apikeys.initialise(),
    "channel_draft": lambda s, x: s.channels.initialise(x.workspace),
    "comment_draft": lambda s, x: s.comments.initialise(x.dataset),
    "datacomponent_draft": lambda s, x: s.datacomponents.initialise(x.workspace),
    "dataplugin_draft": lambda s, x: s.dataplugins.initialise(x.workspace),
    "datastore_draft": lambda s, x: s.datastores.initialise(x.workspace),
    "message_draft": lambda s, x: s.datasets.initialise_message(x.dataset),
    "pipeline_draft": lambda s, x: s.pipelines.initialise(x.workspace),
    "workspace_draft": lambda s, x: s.workspaces.initialise(),
}
# Beside what `full_members` makes.
_MEMBERS = {"channel": {"type": "LIST"}, "file": {"contentType": "text/plain"}, "job": {"status": "RUNNING"}}
_TABLES = {"file": "resources"}
_CLASSES = {"file": "Resource"}
_PARENTS = {"alert": "dataset", "comment": "dataset", "job": "pipeline"}


async def _once(done: Awaitable[Any], thing: Any) -> Any:
    await done
    return thing


class Things:
    """Resources by name, as attributes.

    Args:
        session: Reads them.
        server: Has them.
    """

    def __init__(self, session: MatatikaSession, server: MatatikaServer) -> None:
        self._session = session
        self._server = server

    async def make(self, call: Callable[..., Any]) -> None:
        """Make what a call names."""
        for name in names_in(call):
            if name in {*_READ, *_MADE, "apikey", "profile"} and not hasattr(self, name):
                setattr(self, name, await self._made(name))

    async def _made(self, name: str) -> Any:
        if name == "apikey":
            return await self._session.apikeys.get(self._server.add_api_keys(1)[0])
        if name == "profile":
            return await self._session.profiles.get(self._server.add_profiles(1)[0])
        if name in _MADE:
            await self.make(_MADE[name])
            return await _MADE[name](self._session, self)
        await self.make(_READ[name])
        return await _READ[name](self._session, self, await self._row_id(name))

    async def _row_id(self, name: str) -> str:
        table = self._server.tables[_TABLES.get(name, f"{name}s")]
        members = full_members(getattr(aiomatatika, _CLASSES.get(name, name.title()))) | _MEMBERS.get(name, {})
        if name == "workspace":
            return str(table.add(members).id)
        parent = _PARENTS.get(name, "workspace")
        if not hasattr(self, parent):
            setattr(self, parent, await self._made(parent))
        return str(table.add(members, **{f"{parent}_id": str(getattr(self, parent).id)}).id)
