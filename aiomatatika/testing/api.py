"""The API itself: from a recorded request to a response, without I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from aiomatatika.testing.api_key_body import read_api_key_body
from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.error_responses import FieldError, RefusedError, spring_error, unauthorized
from aiomatatika.testing.identity_provider import Tokens
from aiomatatika.testing.paging import page_of_keys
from aiomatatika.testing.request_log import RecordedRequest
from aiomatatika.testing.responses import ServerResponse, hal_response
from aiomatatika.testing.store import Store, StoredKey, StoredProfile
from aiomatatika.testing.timestamps import microsecond_timestamp, nanosecond_timestamp

__all__ = ["Api", "ApiSettings"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_Handler = Callable[[], ServerResponse]


@lru_cache
def _segment(text: str) -> str:
    return quote(text, safe="")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What a running API has to be told.

    Attributes:
        root: What every href begins with.
        audience: The audience of its tokens.
        page_size: The size of a page where the client asks for none.
    """

    root: str
    audience: str
    page_size: int


class Api:
    """API keys and profiles.

    Args:
        store: The data.
        tokens: Tells which tokens are accepted.
        time: The server's time.
        settings: Where it is, and how large its pages are.
    """

    def __init__(self, store: Store, tokens: Tokens, time: ServerTime, settings: ApiSettings) -> None:
        self._store = store
        self._tokens = tokens
        self._time = time
        self._settings = settings
        self._root = settings.root

    def respond(self, request: RecordedRequest) -> ServerResponse:
        """Act on a request below the API's root, and return the response."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._tokens.accept(token.strip()):
            return unauthorized()
        try:
            handlers = self._handlers(request)
            handler = handlers.get(request.method)
            if handler is None:
                message = f"Request method '{request.method}' is not supported"
                raise RefusedError(405, message, headers={"Allow": ",".join(handlers)})
            return handler()
        except RefusedError as refused:
            return spring_error(refused, request.path, now=self._time.stamp())

    def _handlers(self, request: RecordedRequest) -> Mapping[str, _Handler]:
        """Return what can be done at a path, by method."""
        match request.path.split("/")[2:]:
            case ["apikeys"] | ["apikeys", ""]:
                return {"GET": lambda: self._list_keys(request), "POST": self._initialise_key}
            case ["apikeys", text]:
                return self._key_handlers(request, _uuid(unquote(text)))
            case ["profiles"] | ["profiles", ""]:
                return {"GET": self._list_profiles}
            case ["profiles", text]:
                return {"GET": lambda: self._get_profile(unquote(text))}
            case _:
                raise RefusedError(404, f"No endpoint {request.method} {request.path}.")

    def _key_handlers(self, request: RecordedRequest, id: UUID) -> Mapping[str, _Handler]:
        return {
            "GET": lambda: hal_response(self._stored_key(self._key_of(id))),
            "PUT": lambda: self._put_key(request, id),
            "DELETE": lambda: self._delete_key(id),
        }

    # API keys

    def _list_keys(self, request: RecordedRequest) -> ServerResponse:
        keys = self._store.keys.values()
        page = page_of_keys(request.query, keys, self._settings.page_size, f"{self._root}/apikeys")
        document: dict[str, Any] = {}
        if page.items:
            document["_embedded"] = {"apikeys": [self._stored_key(key) for key in page.items]}
        document["_links"] = page.links
        document["page"] = page.numbers
        return hal_response(document)

    def _initialise_key(self) -> ServerResponse:
        id = self._store.new_id()
        stamp = self._time.stamp()
        return hal_response(
            {
                "id": str(id),
                "created": nanosecond_timestamp(stamp),
                "lastModified": nanosecond_timestamp(stamp + 214),
                "profileId": self._store.profile_id,
                "_links": {
                    "create apikey": {"href": f"{self._root}/apikeys/{id}"},
                    "profile": {"href": self._profile_href(self._store.profile_id)},
                },
            }
        )

    def _put_key(self, request: RecordedRequest, id: UUID) -> ServerResponse:
        body = read_api_key_body(request)
        key = self._store.keys.get(id)
        if key is None:
            key = self._store.create_key(id, body.name, body.extra)
            created, modified = nanosecond_timestamp(key.created_ns), nanosecond_timestamp(key.last_modified_ns)
            document = self._key(key, created=created, modified=modified, secret=key.client_secret.reveal())
            return hal_response(document, 201)
        self._store.update_key(key, body.name, body.extra)
        created, modified = microsecond_timestamp(key.created_ns), nanosecond_timestamp(key.last_modified_ns)
        return hal_response(self._key(key, created=created, modified=modified))

    def _delete_key(self, id: UUID) -> ServerResponse:
        self._store.delete_key(self._key_of(id))
        return ServerResponse(204)

    def _key_of(self, id: UUID) -> StoredKey:
        key = self._store.keys.get(id)
        if key is None:
            raise RefusedError(404, f"API key with ID '{id}' not found")
        return key

    def _stored_key(self, key: StoredKey) -> dict[str, Any]:
        return self._key(
            key,
            created=microsecond_timestamp(key.created_ns),
            modified=microsecond_timestamp(key.last_modified_ns),
        )

    def _key(self, key: StoredKey, *, created: str, modified: str, secret: str | None = None) -> dict[str, Any]:
        href = {"href": f"{self._root}/apikeys/{key.id}"}
        document: dict[str, Any] = {
            "id": str(key.id),
            "created": created,
            "lastModified": modified,
            "name": key.name,
            "clientId": key.client_id,
        }
        if secret is not None:
            document["clientSecret"] = secret
        document["profileId"] = key.profile_id
        if key.built_in:
            document["accessToken"] = self._tokens.embedded(key.client_id, self._settings.audience)
        document |= key.extra
        document["_links"] = {
            "self": href,
            "update apikey": href,
            "delete apikey": href,
            "profile": {"href": self._profile_href(key.profile_id)},
        }
        return document

    # Profiles

    def _list_profiles(self) -> ServerResponse:
        profiles = [self._profile(profile) for profile in self._store.profiles.values()]
        links = {"self": {"href": f"{self._root}/profiles"}}
        return hal_response({"_embedded": {"profiles": profiles}, "_links": links})

    def _get_profile(self, profile_id: str) -> ServerResponse:
        profile = self._store.profiles.get(profile_id)
        if profile is None:
            raise RefusedError(404, f"Profile with ID '{profile_id}' not found")
        return hal_response(self._profile(profile))

    def _profile(self, profile: StoredProfile) -> dict[str, Any]:
        return {
            "id": profile.id,
            "name": profile.name,
            "handle": profile.handle,
            "email": profile.email,
            "_links": {
                "self": {"href": f"{self._root}/profiles"},  # the real API names the collection here, too
                "update edit profile": {"href": self._profile_href(profile.id)},
            },
        }

    def _profile_href(self, profile_id: str) -> str:
        return f"{self._root}/profiles/{_segment(profile_id)}"


def _uuid(text: str) -> UUID:
    if _UUID.fullmatch(text):
        return UUID(text)
    message = (
        "Failed to convert value of type 'java.lang.String' to required type 'java.util.UUID'; "
        f"nested exception is java.lang.IllegalArgumentException: Invalid UUID string: {text}"
    )
    error = FieldError(
        code="typeMismatch",
        field="id",
        rejected=text,
        message=message,
        object_name="RequestParameter",
        binding_failure=True,
    )
    raise RefusedError(400, message, errors=(error,))
