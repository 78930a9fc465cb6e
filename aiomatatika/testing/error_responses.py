"""Errors as the API (Spring Boot) and its identity provider (Auth0) word them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiomatatika.testing.responses import ServerResponse, json_bytes, reason_phrase
from aiomatatika.testing.timestamps import microsecond_timestamp

__all__ = ["FieldError", "RefusedError", "oauth_error", "spring_error", "unauthorized"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One entry of ``errors``.

    Attributes:
        code: The rule that the value breaks, such as ``NotBlank``.
        field: The member that holds the value.
        rejected: The value.
        message: What is wrong with it.
        object_name: The Java object that the member belongs to.
        binding_failure: The value could not even be converted.
    """

    code: str
    field: str
    rejected: object
    message: str
    object_name: str
    binding_failure: bool = False

    def document(self) -> dict[str, Any]:
        """Return the entry as JSON."""
        return {
            "codes": [f"{self.code}.{self.object_name}.{self.field}", f"{self.code}.{self.field}", self.code],
            "defaultMessage": self.message,
            "objectName": self.object_name,
            "field": self.field,
            "rejectedValue": self.rejected,
            "bindingFailure": self.binding_failure,
            "code": self.code,
        }


class RefusedError(Exception):
    """The API refuses a request. Raised wherever that is found out, and turned into a response in one place.

    Args:
        status: The HTTP status.
        message: What went wrong.
        errors: The failing fields.
        headers: Additional header fields.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers: Mapping[str, str] = headers or {}


def spring_error(refused: RefusedError, path: str, *, now: int) -> ServerResponse:
    """Return an error as Spring Boot words it.

    Args:
        refused: What is wrong.
        path: The path of the request, as it was sent.
        now: The time in nanoseconds since 1970.
    """
    body: dict[str, Any] = {
        "timestamp": microsecond_timestamp(now),
        "status": refused.status,
        "error": reason_phrase(refused.status),
    }
    if refused.errors:
        body["errors"] = [error.document() for error in refused.errors]
    body |= {"message": refused.message, "path": path}
    return ServerResponse(refused.status, {"Content-Type": "application/json", **refused.headers}, json_bytes(body))


def oauth_error(status: int, error: str, description: str) -> ServerResponse:
    """Return an error of the identity provider."""
    return ServerResponse(
        status,
        {"Content-Type": "application/json", "Cache-Control": "no-store"},
        json_bytes({"error": error, "error_description": description}),
    )


def unauthorized() -> ServerResponse:
    """Return what the API says to a token that it does not accept: the challenge, and no body."""
    return ServerResponse(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
