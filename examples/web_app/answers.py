"""What the app says to each error: a status, a sentence, and what to do now."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs

from aiomatatika import errors
from examples.web_app.one_time_secrets import NoRoomError, StaleFormError


@attrs.frozen
class Answer:
    """The answer to one class of errors.

    Attributes:
        status: The HTTP status.
        title: What has happened, as a sentence.
        advice: What to do now.
    """

    status: int
    title: str
    advice: str


_CHANGE = "Change what you entered, and send it again."
_LATER = "Try again in a moment. Nothing was changed by looking."
_OPERATOR = "Trying again does not help. Tell the people who run this app."
_LOOK = "Look at the list of keys before you repeat anything."
_UNEXPECTED = "The app and the API may be of different versions. Tell the people who run this app."

ANSWERS: Mapping[type[Exception], Answer] = {
    errors.MatatikaError: Answer(502, "The API could not be used.", _LOOK),
    errors.ConfigurationError: Answer(500, "This app is not set up correctly.", _OPERATOR),
    errors.InvalidArgumentError: Answer(400, "The API cannot be asked for this.", _CHANGE),
    errors.SessionClosedError: Answer(503, "This app is being stopped.", f"Wait until it runs again. {_LOOK}"),
    errors.TransportError: Answer(502, "The API cannot be reached.", "Try again in a moment."),
    errors.TransportTimeoutError: Answer(504, "The API takes too long to respond.", "Try again in a moment."),
    errors.AuthenticationError: Answer(502, "The API refuses this app's credentials.", _OPERATOR),
    errors.ApiError: Answer(502, "The API responded with an error.", _LOOK),
    errors.BadRequestError: Answer(400, "The API does not accept this.", _CHANGE),
    errors.ForbiddenError: Answer(403, "This app may not do that.", "Its own API key lacks the right. " + _OPERATOR),
    errors.NotFoundError: Answer(404, "There is no such key.", "Somebody may have deleted it. Go back to the list."),
    errors.MethodNotAllowedError: Answer(502, "The API does not offer this.", _UNEXPECTED),
    errors.ConflictError: Answer(409, "The key has changed in the meantime.", "Look at it again, then repeat."),
    errors.RateLimitError: Answer(429, "There are too many requests.", "Nothing was done. Try again later."),
    errors.ServerError: Answer(502, "The API has a problem of its own.", f"Try again in a moment. {_LOOK}"),
    errors.ResponseError: Answer(502, "The API's response could not be understood.", f"{_LOOK} {_UNEXPECTED}"),
    errors.LinkError: Answer(502, "The API's response has a link that cannot be followed.", _UNEXPECTED),
    errors.RelationNotFoundError: Answer(502, "The API does not offer this for the key.", _UNEXPECTED),
    errors.UnsafeLinkError: Answer(
        502, "The API's response leads to another place; the link was not followed.", _OPERATOR
    ),
    errors.PaginationError: Answer(502, "The API's pages of keys do not fit together.", _LATER),
    errors.SecretLostError: Answer(502, "The secret of a new key is lost.", "You can create another key."),
    errors.SecretDeliveryError: Answer(502, "A key was made, but a later step failed.", "See its secret first."),
    errors.JobFailedError: Answer(502, "The job has failed.", "Its log says why. Running it again starts another."),
    errors.PendingError: Answer(202, "The API has accepted it, but not done it yet.", f"Wait a little. {_LOOK}"),
    NoRoomError: Answer(503, "Too many new secrets wait to be seen.", "No key was made. First see those on the list."),
    StaleFormError: Answer(
        409, "This form is from before the app was restarted.", f"No key was made by sending it now. {_LOOK}"
    ),
}

_LEFT_OF_A_LOST_SECRET = {
    True: "The key is left, and nobody has its secret: delete it.",
    False: "No key is left over.",
    None: "The key may be left. If one has this id, nobody has its secret: delete it.",
}
_DONE_WITHOUT_ANSWER = {
    "no": "Nothing was changed: the API has not seen the request.",
    "maybe": f"A change may have been made nevertheless. {_LOOK}",
}


@attrs.frozen
class Explanation:
    """What a page says of one error.

    Attributes:
        answer: The answer to its class.
        details: Sentences that only this error can give.
        exact: The error in the library's words, which hold no secret; None for other errors.
        headers: Header fields that go with it.
        transient: Whether trying again can help, and is safe.
    """

    answer: Answer
    details: list[str]
    exact: str | None
    headers: dict[str, str]
    transient: bool


def answer_to(error: Exception) -> Answer:
    """Return the answer to an error whose class the table knows, or a base of it."""
    return next(ANSWERS[each] for each in type(error).__mro__ if each in ANSWERS)


def explain(error: Exception) -> Explanation:
    """Return what to say of an error."""
    exact = f"{type(error).__name__}: {error}" if isinstance(error, errors.MatatikaError) else None
    headers = {}
    if isinstance(error, errors.RateLimitError) and error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    transient = isinstance(error, errors.MatatikaError) and error.transient
    return Explanation(answer_to(error), _details_of(error), exact, headers, transient)


def _details_of(error: Exception) -> list[str]:
    match error:
        case errors.SecretLostError():
            return [f"The id of the key was {error.key_id}.", _LEFT_OF_A_LOST_SECRET[error.orphan]]
        case errors.PendingError() if error.resource_id:
            return [f"The id is {error.resource_id}."]
        case errors.RateLimitError() if error.retry_after is not None:
            return [f"The API asks to wait {math.ceil(error.retry_after)} seconds."]
        case errors.TransportError():
            return [_DONE_WITHOUT_ANSWER[error.sent]]
        case errors.BadRequestError():
            return [str(each["defaultMessage"]) for each in error.errors if each.get("defaultMessage")]
        case _:
            return []
