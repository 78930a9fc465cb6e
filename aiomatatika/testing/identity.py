"""The identity provider: tokens and the endpoint that hands them out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any, cast

from aiomatatika.testing.answers import Answer, json_bytes, oauth_error
from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.log import RecordedRequest
from aiomatatika.testing.store import Store

__all__ = ["TokenEndpoint", "Tokens"]

_MANY = 1_000  # tokens, before the expired ones are looked for


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Tokens:
    """The tokens that were issued, and which of them are still good.

    Args:
        time: The server's time.
        lifetime: Seconds from a token's issue to its end.

    Attributes:
        issued: How many the token endpoint handed out.
    """

    def __init__(self, time: ServerTime, lifetime: float) -> None:
        self._time = time
        self.lifetime = lifetime
        self.issued = 0
        self._ends: dict[str, float] = {}
        self._signing_key = secrets.token_bytes(32)
        self._embedded = ("", 0.0)

    def issue(self, client_id: str, audience: str) -> str:
        """Return a new token: three base64url parts, the middle one with the claims that the API's tokens have."""
        if len(self._ends) > _MANY:
            now = self._time.elapsed()
            self._ends = {token: end for token, end in self._ends.items() if now < end}
        issued_at = int(self._time.now())
        claims = {
            "iss": audience.removesuffix("api"),
            "sub": f"{client_id}@clients",
            "aud": audience,
            "iat": issued_at,
            "exp": issued_at + int(self.lifetime),
            "azp": client_id,
            "gty": "client-credentials",
            "jti": secrets.token_hex(8),  # two of the same second differ
        }
        head = json_bytes({"alg": "HS256", "typ": "JWT"})
        text = f"{_part(head)}.{_part(json_bytes(claims))}"
        token = f"{text}.{_part(hmac.digest(self._signing_key, text.encode(), hashlib.sha256))}"
        self._ends[token] = self._time.elapsed() + self.lifetime
        return token

    def embedded(self, client_id: str, audience: str) -> str:
        """Return the token that the key named "default" shows: good, and the same for half a lifetime."""
        token, renewal = self._embedded
        if token not in self._ends or self._time.elapsed() >= renewal:
            token = self.issue(client_id, audience)
            self._embedded = (token, self._time.elapsed() + self.lifetime / 2)
        return token

    def accept(self, token: str) -> bool:
        """Tell whether the API accepts a token."""
        end = self._ends.get(token)
        return end is not None and self._time.elapsed() < end

    def revoke(self) -> None:
        """Refuse every token issued so far."""
        self._ends.clear()


class TokenEndpoint:
    """``POST /oauth/token`` with the refusals of Auth0.

    Args:
        store: Whose keys may log in.
        tokens: Where tokens come from.
        time: The server's time.
        audience: The audience that a token must be asked for.
    """

    def __init__(self, store: Store, tokens: Tokens, time: ServerTime, audience: str) -> None:
        self._store = store
        self._tokens = tokens
        self._time = time
        self._audience = audience

    def answer(self, request: RecordedRequest) -> Answer:
        """Answer a request to the token endpoint."""
        if request.method != "POST":
            return Answer(404, {"Content-Type": "text/plain"}, b"Not Found")
        fields = _fields(request)
        if fields is None:
            return oauth_error(400, "invalid_request", "The body is neither a form nor a JSON object")
        if not isinstance(grant := fields.get("grant_type"), str):
            return oauth_error(403, "invalid_request", "Missing required parameter: grant_type")
        key = self._store.key_of_client(str(fields.get("client_id")))
        if (
            key is None
            or key.client_secret.reveal() != fields.get("client_secret")
            or self._time.elapsed() < key.usable_from
        ):
            return oauth_error(401, "access_denied", "Unauthorized")
        if grant != "client_credentials":
            return oauth_error(403, "unauthorized_client", f"Grant type '{grant}' not allowed for the client.")
        audience = fields.get("audience")
        if audience != self._audience:
            return oauth_error(403, "access_denied", f"Service not enabled within domain: {audience}")
        self._tokens.issued += 1
        document = {
            "access_token": self._tokens.issue(key.client_id, self._audience),
            "scope": "",
            "expires_in": int(self._tokens.lifetime),
            "token_type": "Bearer",
        }
        headers = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}
        return Answer(200, headers, json_bytes(document))


def _fields(request: RecordedRequest) -> dict[str, Any] | None:
    """Return what was sent as a form or as JSON, or None where it was neither."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        if media_type == "application/x-www-form-urlencoded":
            return dict(request.form())
        if media_type == "application/json":
            document: Any = json.loads(request.body)
            return cast("dict[str, Any]", document) if isinstance(document, dict) else None
    except (ValueError, RecursionError):
        pass
    return None
