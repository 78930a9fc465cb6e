"""Renaming a key: a PUT that makes the key anew, with a new secret, where the key had gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from aiomatatika.decoding.request_bodies import Body, json_body
from aiomatatika.errors import PendingError, ResponseError, SecretDeliveryError, SecretLostError
from aiomatatika.hal import JsonObject
from aiomatatika.resources.apikeys.models import ApiKey, read_new_key
from aiomatatika.resources.group import Ref, id_of
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import Request
from aiomatatika.transport.retry import Repeat, server_time

__all__ = ["update_key"]

_CREATED, _ACCEPTED = 201, 202
# The server's own, even where it shows them: a PUT does not send them back.
_NEVER_SENT_BACK: Final = frozenset({"clientSecret", "accessToken"})
# Seconds: the Date header cuts its time to the second before.
_DATE_RESOLUTION = 1.0


def _whole_body(kept: JsonObject | Mapping[str, object], name: str) -> Body:
    return json_body({**{each: value for each, value in kept.items() if each not in _NEVER_SENT_BACK}, "name": name})


async def update_key(client: Client, key: Ref[ApiKey], name: str) -> ApiKey:
    """PUT the key with its new name; `ApiKeys.update` says what can come of it."""
    segment = id_of(key, ApiKey)
    key_id = UUID(segment)
    request = Request(
        method="PUT",
        url=client.at(f"/apikeys/{segment}"),
        repeat=Repeat.IDEMPOTENT,
        # Never in a local: what the server sent and nobody knows can be a secret, and a traceback may show locals.
        body=_whole_body(key.extra if isinstance(key, ApiKey) else {}, name),
        not_repeated_after=frozenset({_CREATED}),
    )
    clock, began = client.state.clock, client.state.clock.monotonic()
    try:
        response = await client.send(request)
    except ResponseError as error:
        if error.status != _CREATED:
            raise
        response = None
    if response is None:
        raise _lost(key_id, "the response broke off")
    if response.status == _ACCEPTED:
        raise PendingError(f"the change of API key {key_id} is accepted, not done", resource_id=key_id)
    if response.status == _CREATED:
        made = read_new_key(response, key_id)
        if made is None:
            raise _lost(key_id, "the response holds no usable secret")
        message = f"API key {key_id} had gone, and the update created it anew: its new secret is in .api_key"
        raise SecretDeliveryError(message, api_key=made, step="update")
    updated = response.structured(ApiKey)
    if response.call.attempts > 1:
        seconds = clock.monotonic() - began + _DATE_RESOLUTION
        call_began = datetime.fromtimestamp(server_time(response.headers, clock.wall()) - seconds, UTC)
        if _was_made_anew(key, updated, call_began):
            raise _lost(key_id, "that response was lost")
    return updated


def _was_made_anew(key: Ref[ApiKey], updated: ApiKey, call_began: datetime) -> bool:
    """Tell whether an attempt without a response created the key: by its client ID, else by when it was created."""
    if isinstance(key, ApiKey) and key.client_id is not None:
        return key.client_id != updated.client_id
    return updated.created is not None and updated.created >= call_began


def _lost(key_id: UUID, reason: str) -> SecretLostError:
    message = f"API key {key_id} had gone, the update created it anew, and {reason}"
    return SecretLostError(message, key_id=key_id, created=True, orphan=True)
