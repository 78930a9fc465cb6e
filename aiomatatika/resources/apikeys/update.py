"""Renaming a key: a PUT that makes the key anew, with a new secret, where the key had gone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from aiomatatika.decoding.request_bodies import Body, json_body
from aiomatatika.errors import MatatikaError, PendingError, ResponseError, SecretDeliveryError, SecretLostError
from aiomatatika.hal import JsonObject
from aiomatatika.resources.apikeys.models import ApiKey, read_new_key
from aiomatatika.resources.bodies import kept_members
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import Request, Response
from aiomatatika.transport.repeat import Repeat
from aiomatatika.transport.retry_after import server_time

__all__ = ["update_key"]

_logger = logging.getLogger(__name__)

_CREATED, _ACCEPTED = 201, 202
# The server's own, even where it shows them: a PUT does not send them back.
_NEVER_SENT_BACK: Final = frozenset({"clientSecret", "accessToken"})
# Seconds.
_DATE_RESOLUTION = 1.0


def _whole_body(kept: JsonObject | Mapping[str, object], name: str) -> Body:
    sent_back = kept_members(ApiKey, {each: value for each, value in kept.items() if each not in _NEVER_SENT_BACK})
    return json_body({**sent_back, "name": name})


async def update_key(client: Client, key_id: UUID, known: ApiKey | None, name: str) -> ApiKey:
    """PUT the key with its new name; `ApiKeys.update` says what can come of it.

    Args:
        client: Makes the call.
        key_id: Which key.
        known: The key as the server has it, all of it, where the caller knows it.
        name: Its new name.
    """
    request = Request(
        method="PUT",
        url=client.at(f"/apikeys/{key_id}"),
        repeat=Repeat.IDEMPOTENT,
        # Never in a local: what the server sent and nobody knows can be a secret, and a traceback may show locals.
        body=_whole_body({} if known is None else known.extra, name),
        not_repeated_after=frozenset({_CREATED}),
    )
    clock, began, facts = client.state.clock, client.state.clock.monotonic(), request.facts()
    try:
        response = await client.send(request)
    except BaseException as error:
        if not isinstance(error, ResponseError) or error.status != _CREATED:
            if not isinstance(error, MatatikaError) or error.maybe_done:
                error.add_note(f"if API key {key_id} had gone, this update may have made it anew, with a new secret")
            raise
        facts.attempts, facts.maybe_done = error.attempts, True
        failure: MatatikaError = _lost(key_id, "the response broke off")
    else:
        facts = response.call
        outcome = _outcome(response, key_id)
        if isinstance(outcome, ApiKey) and facts.maybe_done:
            began_at = _server_time_before(response, now=clock.wall(), seconds=clock.monotonic() - began)
            if _was_made_anew(known, outcome, began_at):
                outcome = _lost(key_id, "that response was lost")
        if isinstance(outcome, ApiKey):
            if facts.maybe_done:
                _logger.warning(
                    "an update got no response before it was repeated, and may still arrive: API key %s",
                    key_id,
                    extra=facts.log_fields(response.status),
                )
            return outcome
        failure = outcome
    facts.describe(failure)
    raise failure


def _outcome(response: Response, key_id: UUID) -> ApiKey | MatatikaError:
    if response.status == _ACCEPTED:
        return PendingError(f"the change of API key {key_id} is accepted, not done", resource_id=key_id)
    if response.status != _CREATED:
        return response.structured(ApiKey)
    made = read_new_key(response, key_id)
    if made is None:
        return _lost(key_id, "the response holds no usable secret")
    message = f"API key {key_id} had gone, and the update created it anew: its new secret is in .api_key"
    return SecretDeliveryError(message, api_key=made, step="update")


def _server_time_before(response: Response, *, now: float, seconds: float) -> datetime:
    """Return the time at the server, so many seconds ago: by our clock where it agrees with the server's, else by that.

    The Date header cuts its time to the second before: a key that was made half a second before the call is not new.
    """
    date = server_time(response.headers, now)
    agrees = date <= now < date + _DATE_RESOLUTION + seconds
    return datetime.fromtimestamp((now if agrees else date) - seconds, UTC)


def _was_made_anew(known: ApiKey | None, updated: ApiKey, call_began: datetime) -> bool:
    """Tell whether an attempt without a response created the key: by its client ID, else by when it was created."""
    if known is not None and known.client_id is not None and updated.client_id is not None:
        return known.client_id != updated.client_id
    if updated.created is None:
        _logger.warning("whether an update without a response made API key %s anew cannot be told", updated.id)
    return updated.created is not None and updated.created >= call_began


def _lost(key_id: UUID, reason: str) -> SecretLostError:
    message = f"API key {key_id} had gone, the update created it anew, and {reason}"
    return SecretLostError(message, key_id=key_id, created=True, orphan=True)
