"""The identity provider: tokens, and the endpoint that issues them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any, cast

from aiomatatika.testing.clock import ServerTime
from aiomatatika.testing.error_responses import oauth_error
from aiomatatika.testing.request_log import RecordedRequest
from aiomatatika.testing.responses import ServerResponse, json_bytes
from aiomatatika.testing.store import Store

__all__ = ["TokenEndpoint", "Tokens"]

_PURGE_ABOVE = 1_000  # tokens


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Tokens:
    """The tokens that were issued, and which of them are still accepted.

    Args:
        time: The server's time.
        lifetime: Seconds from a token's issue to its expiry.

    Attributes:
        issued: How many tokens the token endpoint has issued.
    """

    def __init__(self, time: ServerTime, lifetime: float) -> None:
        self._time = time
        self.lifetime = lifetime
        self.issued = 0
        self._expiry: dict[str, float] = {}
        self._signing_key = secrets.token_bytes(32)
        self._embedded = ("", 0.0)

    def issue(self, client_id: str, audience: str) -> str:
        """Return a new token: three base64url parts, the second with the claims of the API's own tokens."""
        if len(self._expiry) > _PURGE_ABOVE:
            now = self._time.elapsed()
            self._expiry = {token: expiry for token, expiry in self._expiry.items() if now < expiry}
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
        self._expiry[token] = self._time.elapsed() + self.lifetime
        return token

    def embedded(self, client_id: str, audience: str) -> str:
        """Return the token that the key named "default" shows: valid, and the same for half its lifetime."""
        token, renewal = self._embedded
        if token not in self._expiry or self._time.elapsed() >= renewal:
            token = self.issue(client_id, audience)
            self._embedded = (token, self._time.elapsed() + self.lifetime / 2)
        return token

    def accept(self, token: str) -> bool:
        """Tell whether the API accepts a token."""
        expiry = self._expiry.get(token)
        return expiry is not None and self._time.elapsed() < expiry

    def revoke(self) -> None:
        """Refuse every token issued so far."""
        self._expiry.clear()


class TokenEndpoint:
    """``POST /oauth/token`` with the refusals of Auth0.

    Args:
        store: The keys that may log in.
        tokens: Issues the tokens.
        time: The server's time.
        audience: The only audience that it issues tokens for.
    """

    def __init__(self, store: Store, tokens: Tokens, time: ServerTime, audience: str) -> None:
        self._store = store
        self._tokens = tokens
        self._time = time
        self._audience = audience

    def respond(self, request: RecordedRequest) -> ServerResponse:
        """Return the response to a request to the token endpoint."""
        if request.method != "POST":
            return ServerResponse(404, {"Content-Type": "text/plain"}, b"Not Found")
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
        return ServerResponse(200, headers, json_bytes(document))


def _fields(request: RecordedRequest) -> dict[str, Any] | None:
    """Return the fields of a form or a JSON object; None for any other body."""
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
