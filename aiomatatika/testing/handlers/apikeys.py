"""API keys: a store of their own, a secret that is shown once, and a token in the one named "default"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from aiomatatika.testing.context import Context, Handler, not_found
from aiomatatika.testing.handlers.generic import listed
from aiomatatika.testing.resource_types import BY_NAME
from aiomatatika.testing.responses import ServerResponse, hal_response
from aiomatatika.testing.store import StoredKey
from aiomatatika.testing.timestamps import microsecond_timestamp, nanosecond_timestamp

__all__ = ["HANDLERS"]

_SORTABLE: Mapping[str, Callable[[StoredKey], object]] = {
    "id": lambda key: str(key.id),
    "name": lambda key: key.name,
    "created": lambda key: key.created_ns,
    "lastModified": lambda key: key.last_modified_ns,
    "clientId": lambda key: key.client_id,
    "profileId": lambda key: key.profile_id,
}


def _list(context: Context) -> ServerResponse:
    def value(key: StoredKey, name: str) -> object:
        return _SORTABLE[name](key) if name in _SORTABLE else None

    def shown(key: StoredKey) -> dict[str, Any]:
        return _read(context, key)

    return listed(context, context.services.store.keys.values(), (value, shown))


def _initialise(context: Context) -> ServerResponse:
    id = context.services.store.new_id()
    stamp = context.services.time.stamp()
    profile_id = context.services.store.profile_id
    document = {
        "id": str(id),
        "created": nanosecond_timestamp(stamp),
        "lastModified": nanosecond_timestamp(stamp + 214),
        "profileId": profile_id,
        "_links": {
            "create apikey": {"href": f"{context.settings.root}/apikeys/{id}"},
            "profile": {"href": _profile_href(context, profile_id)},
        },
    }
    return hal_response(document)


def _get(context: Context) -> ServerResponse:
    return hal_response(_read(context, _key(context)))


def _put(context: Context) -> ServerResponse:
    members = context.members()
    name = members.pop("name")
    store = context.services.store
    id = UUID(context.ids["apikey_id"])
    key = store.keys.get(id)
    if key is None:
        key = store.create_key(id, name, members)
        times = nanosecond_timestamp(key.created_ns), nanosecond_timestamp(key.last_modified_ns)
        return hal_response(_document(context, key, times, secret=key.client_secret.reveal()), 201)
    store.update_key(key, name, members)
    times = microsecond_timestamp(key.created_ns), nanosecond_timestamp(key.last_modified_ns)
    return hal_response(_document(context, key, times))


def _delete(context: Context) -> ServerResponse:
    context.services.store.delete_key(_key(context))
    return ServerResponse(204)


def _key(context: Context) -> StoredKey:
    id = context.ids["apikey_id"]
    key = context.services.store.keys.get(UUID(id))
    if key is None:
        raise not_found(BY_NAME["ApiKey"], id)
    return key


def _read(context: Context, key: StoredKey) -> dict[str, Any]:
    times = microsecond_timestamp(key.created_ns), microsecond_timestamp(key.last_modified_ns)
    return _document(context, key, times)


def _document(context: Context, key: StoredKey, times: tuple[str, str], *, secret: str | None = None) -> dict[str, Any]:
    href = {"href": f"{context.settings.root}/apikeys/{key.id}"}
    document: dict[str, Any] = {
        "id": str(key.id),
        "created": times[0],
        "lastModified": times[1],
        "name": key.name,
        "clientId": key.client_id,
    }
    if secret is not None:
        document["clientSecret"] = secret
    document["profileId"] = key.profile_id
    if key.built_in:
        document["accessToken"] = context.services.tokens.embedded(key.client_id, context.settings.audience)
    document |= key.extra
    document["_links"] = {
        "self": href,
        "update apikey": href,
        "delete apikey": href,
        "profile": {"href": _profile_href(context, key.profile_id)},
    }
    return document


def _profile_href(context: Context, profile_id: str) -> str:
    return f"{context.settings.root}/profiles/{quote(profile_id, safe='')}"


HANDLERS: Final[Mapping[str, Handler]] = {
    "apikeys.list": _list,
    "apikeys.initialise": _initialise,
    "apikeys.get": _get,
    "apikeys.create": _put,
    "apikeys.delete": _delete,
}
