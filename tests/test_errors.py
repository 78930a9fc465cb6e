"""The error tree: what is drawn is what there is, and every error travels. Which are transient: `test_I21_…`."""

from __future__ import annotations

import copy
import copyreg
import inspect
import pickle
import re
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import (
    ApiError,
    AuthenticationError,
    ForbiddenError,
    Job,
    JobFailedError,
    MatatikaError,
    NewApiKey,
    PendingError,
    RateLimitError,
    ResponseError,
    Secret,
    SecretDeliveryError,
    SecretLostError,
    TransportError,
    errors,
)

KEY_ID = UUID("904cf92b-1111-4222-8333-944455556666")
API_KEY = NewApiKey(id=KEY_ID, name="nightly", client_id="id", client_secret=Secret("canary"))
CALL = {
    "method": "PUT",
    "path": "/api/apikeys",
    "attempts": 2,
    "maybe_done": True,
    "repeatable": False,
    "request_id": "8f2a",
    "next_url": "https://h/api/apikeys?page=1",
}


def through_a_pickle(protocol: int, error: Any) -> Any:
    return pickle.loads(pickle.dumps(error, protocol))


# What each class and those below it take and carry beside a message.
OWN: dict[type[MatatikaError], tuple[tuple[Any, ...], dict[str, Any]]] = {
    ApiError: ((418,), {"error": "Teapot", "message": "short", "errors": [{"field": "name"}], "timestamp": "now"}),
    TransportError: (("lost",), {"sent": "no"}),
    AuthenticationError: (("refused",), {"status": 401, "code": "access_denied"}),
    SecretLostError: (("lost",), {"key_id": KEY_ID, "created": True, "orphan": False}),
    SecretDeliveryError: (("made",), {"api_key": API_KEY, "step": "save"}),
    JobFailedError: (("failed",), {"job": Job(id=KEY_ID, exit_code=1)}),
    PendingError: (("not yet",), {"resource_id": KEY_ID}),
}
NOTHING: tuple[tuple[Any, ...], dict[str, Any]] = (("wrong",), {})
LATER: dict[type[MatatikaError], dict[str, object]] = {
    ForbiddenError: {"code": "insufficient_scope", "audience": "https://app.matatika.com/api"},
    RateLimitError: {"retry_after": 2.5},
    ResponseError: {"status": 200},
}
CLASSES: list[type[MatatikaError]] = [getattr(errors, name) for name in errors.__all__]
COPIERS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {each}": partial(through_a_pickle, each) for each in range(2, pickle.HIGHEST_PROTOCOL + 1)},
}


def instance(cls: type[MatatikaError]) -> MatatikaError:
    """Return an error of the class with no attribute left at its default."""
    arguments, keywords = next((own for base, own in OWN.items() if issubclass(cls, base)), NOTHING)
    error = cls(*arguments, **keywords)
    vars(error).update(CALL, **LATER.get(cls, {}))
    error.add_note("a note")
    return error


def drawn_tree() -> dict[str, tuple[str, ...]]:
    """Read the tree out of the docstring: each name with its bases."""
    bases: dict[str, tuple[str, ...]] = {}
    above: list[str] = []
    for line in (inspect.getdoc(errors) or "").splitlines():
        match = re.match(r"^    ((?:│   |    )*)([├└]── )?([A-Z]\w*Error)(?: \((\w+)\))?", line)
        if match:
            depth = len(match[1]) // 4 + bool(match[2])
            del above[depth:]
            bases[match[3]] = tuple(base for base in (*above[-1:], match[4]) if base)
            above.append(match[3])
    return bases


def every_class(root: type[MatatikaError] = MatatikaError) -> list[type[MatatikaError]]:
    """Return the classes of the library: a test's own do not count."""
    ours = [child for child in root.__subclasses__() if child.__module__.startswith("aiomatatika.")]
    return [root, *(each for child in ours for each in every_class(child))]


def test_the_tree_is_what_the_docstring_draws() -> None:
    bases = {cls.__name__: tuple(base.__name__ for base in cls.__bases__ if base is not Exception) for cls in CLASSES}
    assert drawn_tree() == bases
    assert set(every_class()) == set(CLASSES)


@pytest.mark.parametrize("cls", CLASSES)
def test_every_class_says_when_it_is_raised(cls: type[MatatikaError]) -> None:
    assert cls.__doc__
    assert cls.__doc__ != MatatikaError.__doc__ or cls is MatatikaError


# What they carry


def test_an_error_starts_without_a_call_and_ends_with_one() -> None:
    error = MatatikaError("it went wrong")
    assert [getattr(error, name) for name in CALL] == [None, None, 0, False, True, None, None]
    assert str(error) == "it went wrong"
    vars(error).update(CALL)
    assert str(error) == "it went wrong (PUT /api/apikeys)"


def test_unless_it_is_known_better_a_lost_response_may_have_been_carried_out() -> None:
    assert TransportError("lost").sent == "maybe"


@pytest.mark.parametrize(
    "status, details, text",
    [
        (404, {}, "404 Not Found"),
        (599, {}, "599"),
        (404, {"error": "Gone fishing"}, "404 Gone fishing"),
        (404, {"message": "no such key"}, "404 Not Found: no such key"),
        (429, {"error": "Too Many Requests", "message": "Too Many Requests"}, "429 Too Many Requests"),
    ],
)
def test_an_api_error_says_what_the_server_said(status: int, details: dict[str, Any], text: str) -> None:
    assert str(ApiError(status, **details)) == text


# Copies and pickles


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("copier", COPIERS)
def test_every_error_copies_and_pickles_with_all_that_it_carries(cls: type[MatatikaError], copier: str) -> None:
    error = instance(cls)
    error.__cause__ = error.__context__ = RuntimeError("canary")
    twin = COPIERS[copier](error)
    assert (type(twin), twin.args, str(twin), twin.transient) == (cls, error.args, str(error), error.transient)
    assert (twin.__cause__, twin.__context__, twin.__traceback__) == (None, None, None)
    mine, theirs = dict(vars(error)), dict(vars(twin))
    if cls is SecretDeliveryError:  # a pickle carries no secret: so the keys differ, in that alone
        mine["api_key"], theirs["api_key"] = mine["api_key"].client_id, theirs["api_key"].client_id
    assert theirs == mine
    twin.attempts = 99
    assert error.attempts == 2


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_what_others_register_for_exceptions_does_not_copy_ours(
    monkeypatch: pytest.MonkeyPatch, copied: Callable[[MatatikaError], MatatikaError]
) -> None:
    monkeypatch.setitem(copyreg.dispatch_table, UsersError, lambda error: (RuntimeError, ("not ours",)))
    assert isinstance(copied(UsersError(5)), UsersError)


def test_a_pickled_delivery_error_leaves_the_secret_behind_and_a_copy_keeps_it() -> None:
    error = instance(SecretDeliveryError)
    assert b"canary" not in pickle.dumps(error)
    twin = copy.deepcopy(error)
    assert isinstance(twin, SecretDeliveryError)
    assert twin.api_key.client_secret.reveal() == "canary"


class UsersError(MatatikaError):
    def __init__(self, number: int) -> None:
        self.number = number


def test_a_class_of_a_user_travels_as_well_and_has_a_text_though_it_forgets_its_base() -> None:
    error = pickle.loads(pickle.dumps(UsersError(5)))
    error.args = ()
    assert (type(error), error.number, str(error)) == (UsersError, 5, "UsersError")
