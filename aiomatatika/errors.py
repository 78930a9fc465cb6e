"""Every error of the library.

::

    MatatikaError                                .transient: repeating the call later can help, and is safe
    ├── ConfigurationError (ValueError)          settings that cannot work; nothing was sent
    ├── InvalidArgumentError (ValueError)        an argument that cannot work; nothing was sent
    ├── SessionClosedError                       used after close, or closed while in flight
    ├── TransportError                           no usable response; .sent is "no" or "maybe"
    │   └── TransportTimeoutError (TimeoutError) a limit ran out
    ├── AuthenticationError                      the credentials are refused
    ├── ApiError                                 the API answered with an error status
    │   ├── BadRequestError                      400
    │   ├── ForbiddenError                       403
    │   ├── NotFoundError                        404
    │   ├── MethodNotAllowedError                405
    │   ├── ConflictError                        409
    │   ├── RateLimitError                       429, of the API or of the identity provider
    │   └── ServerError                          500 to 599
    ├── ResponseError                            a status or a body that is not what was promised
    ├── LinkError                                a link that cannot be followed
    │   ├── RelationNotFoundError (KeyError)     the resource has no such link
    │   ├── UnsafeLinkError                      a link or redirect that would take the token elsewhere
    │   └── PaginationError                      pages that loop, stand still or never end
    ├── SecretLostError                          a one-time secret that nobody holds
    ├── SecretDeliveryError                      a key was made and is in .api_key, but a later step failed
    ├── JobFailedError                           a run that ended, and not with COMPLETE: .job
    └── PendingError                             202, or a wait that took too long: accepted, not done

Every error carries ``.method``, ``.path`` (without query), ``.attempts`` (requests put on the wire for this call),
``.request_id`` (for the vendor's support, where the server sent one) and, when it was raised while iterating,
``.next_url``. It pickles and copies, and no exception of aiohttp hangs in its chain: theirs hold the Authorization
header. ``except MatatikaError`` catches everything but an `OSError` of the caller's own files: ``save=``,
`Download.save`, a body that is a path.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, Self
from uuid import UUID

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "ForbiddenError",
    "InvalidArgumentError",
    "JobFailedError",
    "LinkError",
    "MatatikaError",
    "MethodNotAllowedError",
    "NotFoundError",
    "PaginationError",
    "PendingError",
    "RateLimitError",
    "RelationNotFoundError",
    "ResponseError",
    "SecretDeliveryError",
    "SecretLostError",
    "ServerError",
    "SessionClosedError",
    "TransportError",
    "TransportTimeoutError",
    "UnsafeLinkError",
]


# 501 and 505 are permanent: the server does not support the request.
_TRANSIENT_STATUSES = frozenset({408, 425, 429, *range(500, 600)} - {501, 505})


class MatatikaError(Exception):
    """The root of all errors of this library.

    Attributes:
        method: The HTTP method of the call, where there was one.
        path: The path of the call, without its query.
        attempts: How many requests this call put on the wire, including the one that failed.
        maybe_done: Whether an attempt of this call may have been carried out: the one that failed, or an earlier one.
        repeatable: Whether doing the call twice has the effect of doing it once.
        request_id: The id that the server gave the request, for the vendor's support.
        next_url: The page to go on from (`Collection.at`), when the error was raised while iterating.
    """

    method: str | None = None
    path: str | None = None
    attempts: int = 0
    maybe_done: bool = False
    repeatable: bool = True
    request_id: str | None = None
    next_url: str | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)

    @property
    def transient(self) -> bool:
        """Whether repeating the call later can help, and is safe."""
        return False

    def __str__(self) -> str:
        message = str(self.args[0]) if self.args else type(self).__name__
        return f"{message} ({self.method} {self.path})" if self.method else message

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy has lists of its own (`__notes__` is one): what is added to it does not show on the original.
        state = {name: value.copy() if isinstance(value, list) else value for name, value in self.__dict__.items()}
        return (_rebuild, (type(self), self.args, state))

    # Without these two, what others register for exceptions (`copyreg`, as Dask does) would copy ours in another way.

    def __copy__(self) -> Self:
        rebuild, arguments = self.__reduce__()
        copied: Self = rebuild(*arguments)
        return copied

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        rebuild, arguments = self.__reduce__()
        copied: Self = rebuild(*copy.deepcopy(arguments, memo))
        return copied


def _rebuild(cls: type[MatatikaError], args: tuple[Any, ...], state: dict[str, Any]) -> MatatikaError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(MatatikaError, ValueError):
    """The settings cannot work. Nothing was sent; change the settings."""


class InvalidArgumentError(MatatikaError, ValueError):
    """An argument cannot work; the message names it. Nothing was sent."""


class SessionClosedError(MatatikaError):
    """The session was closed before the call or during it. A call in flight may have been carried out."""


class TransportError(MatatikaError):
    """No usable response came back. Repeating is safe with ``sent == "no"``, else for idempotent calls only.

    Attributes:
        sent: ``"no"``: the server cannot have acted. ``"maybe"``: it may have.
    """

    sent: Literal["no", "maybe"]

    def __init__(self, message: str, *, sent: Literal["no", "maybe"] = "maybe") -> None:
        super().__init__(message)
        self.sent = sent

    @property
    def transient(self) -> bool:
        """Whether repeating the call later can help, and is safe."""
        return self.sent == "no" or self.repeatable


class TransportTimeoutError(TransportError, TimeoutError):
    """A time limit of the session ran out: a `TransportError` that ``except TimeoutError`` catches.

    A `TimeoutError` is an `OSError`: put an ``except OSError`` that is meant for files after ``except MatatikaError``.
    """


class AuthenticationError(MatatikaError):
    """The identity provider, or the API after one refresh, refuses the credentials. Repeating does not help.

    Attributes:
        status: The HTTP status of the refusal, where there was a response.
        code: The ``error`` code of the refusal (RFC 6749 section 5.2, RFC 6750 section 3.1), where one was given.
    """

    def __init__(self, message: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


class ApiError(MatatikaError):
    """The API answered with an error status; `transient` says whether repeating the call can help.

    Attributes:
        status: The HTTP status.
        error: The reason phrase in the body ("Not Found"), or None; the text of the error then has the standard one.
        message: What the server says went wrong: at most 500 characters, credentials cut out, or None.
        errors: The fields that a 400 refuses, as the server lists them (Spring's field errors), credentials cut out.
        timestamp: The time of the error as the server writes it, or None.
    """

    def __init__(  # noqa: PLR0913  # one keyword for each member of the server's document
        self,
        status: int,
        *,
        error: str | None = None,
        message: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        timestamp: str | None = None,
    ) -> None:
        reason = error or _phrase(status)
        super().__init__(f"{status} {reason}".rstrip() + (f": {message}" if message and message != reason else ""))
        self.status = status
        self.error = error
        self.message = message
        self.errors: tuple[Mapping[str, Any], ...] = tuple(errors)
        self.timestamp = timestamp

    @property
    def transient(self) -> bool:
        """Whether repeating the call later can help, and is safe."""
        return self.status == 429 or (self.status in _TRANSIENT_STATUSES and self.repeatable)


class BadRequestError(ApiError):
    """400: the request is malformed or a field is not valid; `errors` says which. Repeating does not help."""


class ForbiddenError(ApiError):
    """403: the credentials are good, but may not do this. Repeating does not help.

    Attributes:
        code: The ``error`` code of the ``WWW-Authenticate`` header ("insufficient_scope"), where one was given.
        audience: The audience that the token was requested for; None where the caller brought the token.
    """

    code: str | None = None
    audience: str | None = None

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.audience is None else f"{text}; the token was requested for the audience {self.audience}"


class NotFoundError(ApiError):
    """404: the object does not exist, or the caller may not see it. Repeating does not help."""


class MethodNotAllowedError(ApiError):
    """405: the object does not take this method. Repeating does not help."""


class ConflictError(ApiError):
    """409: the object's state forbids it. Read it again before repeating."""


class RateLimitError(ApiError):
    """429: too many requests, at the API or at the identity provider. Nothing was done; safe to repeat later.

    Attributes:
        retry_after: Seconds to wait, or None where the server did not say.
    """

    retry_after: float | None = None


class ServerError(ApiError):
    """500 to 599: the server failed, and may have acted. Repeat idempotent calls only."""


class ResponseError(MatatikaError):
    """A status or a body that is not what was promised. After a success status the server has acted.

    The message says where (``apikeys[3].id: expected a UUID``), never the value.

    Attributes:
        status: The HTTP status, where it is known.
        incomplete: Whether the body was cut, damaged on its way or stopped coming: another attempt can bring it whole.
    """

    status: int | None = None
    incomplete: bool = False

    @property
    def transient(self) -> bool:
        """Whether repeating the call later can help, and is safe."""
        return self.incomplete and self.repeatable


class LinkError(MatatikaError):
    """A link that is a URI template, or takes another method. Nothing was sent to it."""


class RelationNotFoundError(LinkError, KeyError):
    """The resource has no link of this relation; the message names those that it has. Nothing was sent."""


class UnsafeLinkError(LinkError):
    """A link or redirect leaves the API (other origin, path above its root, user name in it). It was not followed."""


class PaginationError(LinkError):
    """The pages of a collection loop, stand still or never end. The items already delivered are good."""


class SecretLostError(MatatikaError):
    """A key's one-time secret is lost: no response carried it, and no later one will. Creating another key is safe.

    Attributes:
        key_id: The id of the key that was being created.
        created: Whether this call made the key; False where it existed before, None where that is unknown.
        orphan: Whether a key of this id is left whose secret nobody has: delete it. None where that is unknown: look
            first.
    """

    def __init__(self, message: str, *, key_id: UUID, created: bool | None, orphan: bool | None) -> None:
        super().__init__(message)
        self.key_id = key_id
        self.created = created
        self.orphan = orphan


class SecretDeliveryError(MatatikaError):
    """A key was made and its secret is in ``.api_key``, but a later step failed. Store the key before anything else.

    Attributes:
        api_key: The key with its secret: a `NewApiKey`.
        step: What failed. ``"save"``: the caller's own sink. ``"accept"``: the key is not accepted yet. ``"delete"``:
            the key that it replaces may still exist. ``"update"``: the key had gone, and was made anew.
    """

    def __init__(
        self,
        message: str,
        *,
        api_key: Any,  # a `NewApiKey`: importing its type would be a circle
        step: Literal["save", "accept", "delete", "update"] | None = None,
    ) -> None:
        super().__init__(message)
        self.api_key: Any = api_key
        self.step = step


class JobFailedError(MatatikaError):
    """A run ended, and not with ``COMPLETE``. Running the pipeline again starts another job.

    Attributes:
        job: The `Job` as it ended; `Jobs.logs` has its log.
    """

    def __init__(self, message: str, *, job: Any) -> None:  # importing the type `Job` would be a circle
        super().__init__(message)
        self.job: Any = job


class PendingError(MatatikaError):
    """202, or a wait that took too long: the server goes on with it. Look at the resource before repeating.

    Attributes:
        resource_id: The id of the resource that is to come, where it is known.
    """

    def __init__(self, message: str, *, resource_id: UUID | str | None = None) -> None:
        super().__init__(message)
        self.resource_id = resource_id
