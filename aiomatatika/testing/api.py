"""The API itself: from a recorded request to an answer, without I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from aiomatatika.testing.answers import Answer, field_error, hal, read_back, spring_error, unauthorized, written
from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.identity import Tokens
from aiomatatika.testing.key_input import key_input
from aiomatatika.testing.log import RecordedRequest
from aiomatatika.testing.paging import paged
from aiomatatika.testing.store import Store, StoredKey, StoredProfile

__all__ = ["Api"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_Handler = Callable[[], Answer]


@lru_cache
def _segment(text: str) -> str:
    return quote(text, safe="")


class Api:
    """API keys and profiles.

    Args:
        store: What there is.
        tokens: Which tokens are good.
        time: The server's time.
        audience: The audience of the tokens.
        root: What every href begins with.
        page_size: The size of a page where the client asks for none.
    """

    def __init__(
        self, store: Store, tokens: Tokens, time: ServerTime, *, audience: str, root: str, page_size: int
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._time = time
        self._audience = audience
        self._root = root
        self._page_size = page_size

    def answer(self, request: RecordedRequest) -> Answer:
        """Answer a request below the API's root."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._tokens.accept(token.strip()):
            return unauthorized()
        handlers = self._handlers(request)
        if isinstance(handlers, Answer):
            return handlers
        handler = handlers.get(request.method)
        if handler is None:
            message = f"Request method '{request.method}' is not supported"
            return self._error(request, 405, message, headers={"Allow": ",".join(handlers)})
        return handler()

    def _handlers(self, request: RecordedRequest) -> Mapping[str, _Handler] | Answer:
        """Return what can be done at a path, by method, or the error for a path that is none."""
        match request.path.split("/")[2:]:
            case ["apikeys"] | ["apikeys", ""]:
                return {"GET": lambda: self._list_keys(request), "POST": self._initialise_key}
            case ["apikeys", text]:
                id = unquote(text)
                if not _UUID.fullmatch(id):
                    return self._no_uuid(request, id)
                return self._key_handlers(request, UUID(id))
            case ["profiles"] | ["profiles", ""]:
                return {"GET": self._list_profiles}
            case ["profiles", text]:
                profile_id = unquote(text)
                return {"GET": lambda: self._get_profile(request, profile_id)}
            case _:
                return self._error(request, 404, f"No endpoint {request.method} {request.path}.")

    def _key_handlers(self, request: RecordedRequest, id: UUID) -> Mapping[str, _Handler]:
        return {
            "GET": lambda: self._get_key(request, id),
            "PUT": lambda: self._put_key(request, id),
            "DELETE": lambda: self._delete_key(request, id),
        }

    # API keys

    def _list_keys(self, request: RecordedRequest) -> Answer:
        page = paged(request.query, self._store.keys.values(), self._page_size, f"{self._root}/apikeys/")
        if isinstance(page, str):
            return self._error(request, 400, page)
        document: dict[str, Any] = {}
        if page.items:
            document["_embedded"] = {"apikeys": [self._stored_key(key) for key in page.items]}
        document["_links"] = page.links
        document["page"] = page.numbers
        return hal(document)

    def _initialise_key(self) -> Answer:
        id = self._store.new_id()
        stamp = self._time.stamp()
        return hal(
            {
                "id": str(id),
                "created": written(stamp),
                "lastModified": written(stamp + 214),
                "profileId": self._store.profile_id,
                "_links": {
                    "create apikey": {"href": f"{self._root}/apikeys/{id}"},
                    "profile": {"href": self._profile_href(self._store.profile_id)},
                },
            }
        )

    def _get_key(self, request: RecordedRequest, id: UUID) -> Answer:
        key = self._store.keys.get(id)
        return self._no_key(request, id) if key is None else hal(self._stored_key(key))

    def _put_key(self, request: RecordedRequest, id: UUID) -> Answer:
        sent = key_input(request, self._time.stamp())
        if isinstance(sent, Answer):
            return sent
        if (key := self._store.keys.get(id)) is None:
            key = self._store.create_key(id, sent.name, sent.extra)
            secret = key.client_secret.reveal()
            return hal(
                self._key(key, created=written(key.created_ns), modified=written(key.last_modified_ns), secret=secret),
                201,
            )
        self._store.update_key(key, sent.name, sent.extra)
        return hal(self._key(key, created=read_back(key.created_ns), modified=written(key.last_modified_ns)))

    def _delete_key(self, request: RecordedRequest, id: UUID) -> Answer:
        key = self._store.keys.get(id)
        if key is None:
            return self._no_key(request, id)
        self._store.delete_key(key)
        return Answer(204)

    def _stored_key(self, key: StoredKey) -> dict[str, Any]:
        return self._key(key, created=read_back(key.created_ns), modified=read_back(key.last_modified_ns))

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
            document["accessToken"] = self._tokens.embedded(key.client_id, self._audience)
        document |= key.extra
        document["_links"] = {
            "self": href,
            "update apikey": href,
            "delete apikey": href,
            "profile": {"href": self._profile_href(key.profile_id)},
        }
        return document

    # Profiles

    def _list_profiles(self) -> Answer:
        profiles = [self._profile(profile) for profile in self._store.profiles.values()]
        return hal({"_embedded": {"profiles": profiles}, "_links": {"self": {"href": f"{self._root}/profiles"}}})

    def _get_profile(self, request: RecordedRequest, profile_id: str) -> Answer:
        profile = self._store.profiles.get(profile_id)
        if profile is None:
            return self._error(request, 404, f"Profile with ID '{profile_id}' not found")
        return hal(self._profile(profile))

    def _profile(self, profile: StoredProfile) -> dict[str, Any]:
        return {
            "id": profile.id,
            "name": profile.name,
            "handle": profile.handle,
            "email": profile.email,
            "_links": {
                "self": {"href": f"{self._root}/profiles"},  # the real one names the collection, too
                "update edit profile": {"href": self._profile_href(profile.id)},
            },
        }

    def _profile_href(self, profile_id: str) -> str:
        return f"{self._root}/profiles/{_segment(profile_id)}"

    # Errors

    def _error(
        self,
        request: RecordedRequest,
        status: int,
        message: str,
        *,
        errors: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return spring_error(status, message, request.path, now=self._time.stamp(), errors=errors, headers=headers)

    def _no_key(self, request: RecordedRequest, id: UUID) -> Answer:
        return self._error(request, 404, f"API key with ID '{id}' not found")

    def _no_uuid(self, request: RecordedRequest, text: str) -> Answer:
        message = (
            "Failed to convert value of type 'java.lang.String' to required type 'java.util.UUID'; "
            f"nested exception is java.lang.IllegalArgumentException: Invalid UUID string: {text}"
        )
        error = field_error("typeMismatch", "id", text, message, of="RequestParameter", failed=True)
        return self._error(request, 400, message, errors=[error])
