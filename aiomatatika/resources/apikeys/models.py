"""What an API key is, and how a new one is taken out of its answer."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime
from uuid import UUID

import attrs

from aiomatatika.credentials import ClientCredentials
from aiomatatika.decoding.documents import path_list
from aiomatatika.decoding.json_text import Mismatch, decode_unambiguous, member
from aiomatatika.hal import HalResource, JsonObject, shown
from aiomatatika.secret import Secret
from aiomatatika.transport.message import Response

__all__ = ["ApiKey", "NewApiKey", "read_new_key"]

_logger = logging.getLogger("aiomatatika")


@attrs.frozen(kw_only=True)
class ApiKey(HalResource):
    """An API key, without its secret. Times are UTC.

    Attributes:
        id: Its id.
        created: When it was created. An answer straight after a write has more digits than a later one: do not compare
            for equality.
        last_modified: When it was last changed.
        name: Its name; None on a template.
        client_id: The client ID to authenticate with; None on a template.
        profile_id: The id of its owner's profile.
        access_token: A ready bearer token that the API shows on the key named ``default`` only.
    """

    id: UUID
    created: datetime | None = None
    last_modified: datetime | None = None
    name: str | None = None
    client_id: str | None = None
    profile_id: str | None = None
    access_token: Secret | None = None


@attrs.frozen(kw_only=True)
class NewApiKey(ApiKey):
    """An API key that was just created, with the secret that no other answer shows.

    Attributes:
        client_secret: The secret; store ``client_secret.reveal()`` now.
    """

    client_secret: Secret

    @property
    def credentials(self) -> ClientCredentials:
        """The credentials to open a session with.

        Raises:
            ConfigurationError: The server's answer had no client ID; `ApiKeys.get` shows it.
        """
        return ClientCredentials(self.client_id or "", self.client_secret)


def read_new_key(response: Response, key_id: UUID) -> NewApiKey | None:
    """Take the secret out of a response, first and alone: whatever else is broken does not cost it."""
    members, left_out = decode_unambiguous(response.body)
    secret, client_id, name = (member(members, each) for each in ("clientSecret", "clientId", "name"))
    if not isinstance(secret, str) or not secret:
        return None
    key = NewApiKey(
        id=key_id,
        name=name if isinstance(name, str) else None,
        client_id=client_id if isinstance(client_id, str) else None,
        client_secret=Secret(secret),
        extra=JsonObject(is_complete=False),
    )
    with contextlib.suppress(Exception):  # nor does a bug of ours, or of a log handler
        from aiomatatika.decoding.converter import structure

        whole = structure({**members, "id": str(key_id)}, NewApiKey)
        if isinstance(whole, Mismatch):
            left_out += (whole.text,)
        else:
            key = whole.content
            left_out += whole.unreadable
            if left_out:
                key = attrs.evolve(key, extra=JsonObject(key.extra, is_complete=False))
        if left_out:
            names = path_list([shown(each) for each in left_out])
            _logger.warning("API key %s was created; its response could not be read whole: %s", key_id, names)
    return key
