"""What the user is told when the library raises: one table, which never quotes the server."""

from __future__ import annotations

import math
from collections.abc import Mapping

from aiomatatika import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    InvalidArgumentError,
    JobFailedError,
    LinkError,
    MatatikaError,
    MethodNotAllowedError,
    NotFoundError,
    PaginationError,
    PendingError,
    RateLimitError,
    RelationNotFoundError,
    ResponseError,
    SecretDeliveryError,
    SecretLostError,
    ServerError,
    SessionClosedError,
    TransportError,
    UnsafeLinkError,
)

ADVICE: Mapping[type[MatatikaError], str] = {
    ConfigurationError: "My settings cannot work. Please tell my operator: the log says which.",
    InvalidArgumentError: "I cannot ask the Matatika API for that. Please check what you typed.",
    SessionClosedError: "I am just being switched off. Please ask again when I am back.",
    TransportError: "I cannot reach the Matatika API.",
    AuthenticationError: "My own API key is refused. Please tell my operator to give me another.",
    ApiError: "The Matatika API refused that, in a way that I do not know. My log says more.",
    BadRequestError: "The Matatika API does not accept that. Please check what you typed.",
    ForbiddenError: "My API key may not do that. Please tell my operator.",
    NotFoundError: "There is no such key, or it is gone. /keys shows the keys.",
    MethodNotAllowedError: "That key cannot be changed in this way.",
    ConflictError: "That key was changed at the same time. Look at /keys, then try again.",
    RateLimitError: "The Matatika API has received too many requests.",
    ServerError: "The Matatika API has a problem of its own.",
    ResponseError: "I do not understand the response of the Matatika API. It may need a newer version of me.",
    LinkError: "The Matatika API names a link that I cannot follow. Please tell my operator.",
    RelationNotFoundError: "The Matatika API does not offer that for this key.",
    UnsafeLinkError: "The Matatika API sent me elsewhere, and I did not go. Please tell my operator.",
    PaginationError: "The list of keys does not end as it should. Please tell my operator.",
    SecretLostError: "The secret of a new key was lost on its way, for good.",
    SecretDeliveryError: "A key was made, but a later step failed. Look at /keys.",
    JobFailedError: "The job has failed. Its log says why.",
    PendingError: "The Matatika API has accepted that, but not done it yet. Look at /keys in a minute.",
}


def advice(error: MatatikaError) -> str:
    """Return what to tell the user: plain text, made of the table, ids and numbers alone."""
    text = next((ADVICE[each] for each in type(error).__mro__ if each in ADVICE), "Something went wrong with the API.")
    if isinstance(error, RateLimitError):
        when = f"in {math.ceil(error.retry_after)} seconds" if error.retry_after is not None else "in a minute"
        return f"{text} Please try again {when}."
    if isinstance(error, SecretLostError):
        left = {
            True: f"Key {error.key_id} is left over, and useless: delete it in the app. Then ask again.",
            False: "No key is left over. Please ask again.",
            None: f"If /keys shows {error.key_id}, delete it in the app. Then ask again.",
        }
        return f"{text} {left[error.orphan]}"
    if error.transient:
        return f"{text} Please try again in a minute."
    if isinstance(error, TransportError | ServerError):
        return f"{text} It may have done what you asked for: look at /keys before you ask again."
    return text
