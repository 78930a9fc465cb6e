"""What an API key is, and how a new one is taken out of the response that creates it."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime
from uuid import UUID

import attrs

from aiomatatika.credentials import ClientCredentials
from aiomatatika.decoding.converter import structure
from aiomatatika.decoding.documents import path_list
from aiomatatika.decoding.json_text import Mismatch
from aiomatatika.decoding.salvage import read_members
from aiomatatika.hal import HalResource, JsonObject
from aiomatatika.resources.masks import is_usable
from aiomatatika.secret import Secret
from aiomatatika.transport.message import Response

__all__ = ["ApiKey", "NewApiKey", "read_new_key"]

_logger = logging.getLogger(__name__)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ApiKey(HalResource):
    """An API key, without its secret. Times are UTC.

    Attributes:
        id: Its id.
        created: When it was created. A response straight after a write has more digits than a later one: do not
            compare for equality.
        last_modified: When it was last changed.
        name: Its name; None on a draft.
        client_id: The client ID to authenticate with; None on a draft.
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


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NewApiKey(ApiKey):
    """An API key that was just created, with the secret that no other response shows.

    Attributes:
        client_secret: The secret; store ``client_secret.reveal()`` now.
    """

    client_secret: Secret

    @property
    def credentials(self) -> ClientCredentials:
        """The credentials to open a session with.

        Raises:
            ConfigurationError: The server's response had no client ID; `ApiKeys.get` shows it.
        """
        return ClientCredentials(self.client_id or "", self.client_secret)


def read_new_key(response: Response, key_id: UUID) -> NewApiKey | None:
    """Take a new key out of the response that creates it; None: the response holds no usable secret.

    An INFO record names the key. Whatever is broken beside the secret does not cost it: what cannot be read is absent
    and named in one WARNING, and the key knows that it is incomplete.
    """
    members, unreadable = read_members(response.body)
    secret, client_id, name = members.get("clientSecret"), members.get("clientId"), members.get("name")
    if not isinstance(secret, str) or not is_usable(secret):
        return None
    key = NewApiKey(
        id=key_id,
        name=name if isinstance(name, str) else None,
        client_id=client_id if isinstance(client_id, str) else None,
        client_secret=Secret(secret),
        extra=JsonObject(is_complete=False),
    )
    left_out = tuple(unreadable)
    with contextlib.suppress(Exception):  # nor does a bug of ours
        read = structure(members | {"id": str(key_id)}, NewApiKey)
        if not isinstance(read, Mismatch):
            key = read.content
            left_out += read.unreadable  # these stay in `extra`, as they came
            if unreadable:
                key = attrs.evolve(key, extra=JsonObject(dict(key.extra.items()), is_complete=False))
    with contextlib.suppress(Exception):  # or of a log handler
        fields = response.call.log_fields(response.status)
        _logger.info("API key %s was created", key_id, extra=fields)
        if left_out:
            what = path_list(left_out)
            _logger.warning("API key %s was created, but its response is not whole (%s)", key_id, what, extra=fields)
    return key
