"""The error tree: what is drawn is what there is, and every error travels."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

import aiomatatika
from aiomatatika import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ForbiddenError,
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
from aiomatatika.errors import TransportTimeoutError

KEY_ID = UUID("904cf92b-1111-4222-8333-944455556666")
API_KEY = NewApiKey(id=KEY_ID, name="nightly", client_id="id", client_secret=Secret("canary"))

Copier = Callable[[Any], Any]


def pickler(protocol: int) -> Copier:
    return lambda error: pickle.loads(pickle.dumps(error, protocol))


COPIERS = [
    pytest.param(copy.copy, id="copy"),
    pytest.param(copy.deepcopy, id="deepcopy"),
    *(pytest.param(pickler(each), id=f"pickle {each}") for each in range(2, pickle.HIGHEST_PROTOCOL + 1)),
]


def every_class(root: type[MatatikaError] = MatatikaError) -> list[type[MatatikaError]]:
    """Return the classes of the library: a test's own do not count."""
    ours = [child for child in root.__subclasses__() if child.__module__.startswith("aiomatatika.")]
    return [root, *(each for child in ours for each in every_class(child))]


def instance(cls: type[MatatikaError]) -> MatatikaError:
    """Return an error of the class with no attribute left at its default."""
    error: MatatikaError
    if issubclass(cls, ApiError):
        error = cls(
            418, error="Teapot", message="short and stout", errors=[{"field": "name", "codes": ["a"]}], timestamp="now"
        )
    elif issubclass(cls, TransportError):
        error = cls("the answer is lost", sent="no")
    elif cls is AuthenticationError:
        error = AuthenticationError("refused", status=401, code="access_denied")
    elif cls is SecretLostError:
        error = SecretLostError("lost", key_id=KEY_ID, created=True, orphan=False)
    elif cls is SecretDeliveryError:
        error = SecretDeliveryError("made", api_key=API_KEY)
    elif cls is PendingError:
        error = PendingError("not yet", resource_id=KEY_ID)
    else:
        error = cls("it went wrong")
    if isinstance(error, ForbiddenError):
        error.code = "insufficient_scope"
    if isinstance(error, RateLimitError):
        error.retry_after = 2.5
    if isinstance(error, ResponseError):
        error.status = 200
    error.method, error.path, error.attempts, error.next_url = (
        "PUT",
        "/api/apikeys",
        2,
        "https://h/api/apikeys?page=1",
    )
    error.add_note("a note")
    error.add_note("another")
    return error


EVERY_ERROR = pytest.mark.parametrize("cls", every_class(), ids=lambda cls: cls.__name__)


def drawn_tree() -> dict[str, tuple[str, ...]]:
    """Read the tree out of the docstring: each name with its bases."""
    bases: dict[str, tuple[str, ...]] = {}
    above: list[str] = []
    for line in inspect.getdoc(errors).splitlines():  # type: ignore[union-attr]  # it has one
        match = re.match(r"^    ((?:│   |    )*)([├└]── )?([A-Z]\w*Error)(?: \((\w+)\))?", line)
        if match:
            depth = len(match[1]) // 4 + bool(match[2])
            del above[depth:]
            bases[match[3]] = tuple(base for base in (*above[-1:], match[4]) if base)
            above.append(match[3])
    return bases


# The tree


def test_the_tree_is_what_the_docstring_draws() -> None:
    there = {
        name: tuple(base.__name__ for base in getattr(errors, name).__bases__ if base is not Exception)
        for name in errors.__all__
    }
    assert drawn_tree() == there


def test_every_error_of_the_tree_is_a_public_name() -> None:
    assert [name for name in drawn_tree() if not hasattr(aiomatatika, name)] == []


def test_no_class_hides_from_the_tree_but_the_timeout() -> None:
    assert {each.__name__ for each in every_class()} - set(errors.__all__) == {"TransportTimeoutError"}


@EVERY_ERROR
def test_every_class_says_when_it_is_raised(cls: type[MatatikaError]) -> None:
    assert cls.__doc__
    assert cls.__doc__ != MatatikaError.__doc__ or cls is MatatikaError


def test_settings_that_cannot_work_are_a_value_error_too() -> None:
    assert issubclass(ConfigurationError, ValueError)


def test_a_limit_that_ran_out_is_a_timeout_error_too() -> None:
    error = TransportTimeoutError("no answer within 5 s", sent="no")
    assert isinstance(error, TimeoutError)
    assert isinstance(error, TransportError)
    assert (str(error), error.sent) == ("no answer within 5 s", "no")


# What they carry


def test_an_error_starts_without_a_call() -> None:
    error = MatatikaError("it went wrong")
    assert (error.method, error.path, error.attempts, error.next_url) == (None, None, 0, None)
    assert str(error) == "it went wrong"


def test_an_error_of_a_call_names_it() -> None:
    error = MatatikaError("it went wrong")
    error.method, error.path = "GET", "/api/apikeys"
    assert str(error) == "it went wrong (GET /api/apikeys/)"


def test_an_error_without_arguments_has_its_class_for_a_text() -> None:
    class CarelessError(MatatikaError):
        def __init__(self) -> None:
            """It forgets its base."""

    assert str(CarelessError()) == "CarelessError"


def test_unless_it_is_known_better_a_lost_answer_may_have_been_carried_out() -> None:
    assert TransportError("lost").sent == "maybe"


@pytest.mark.parametrize(
    "details, text",
    [
        ({}, "404 error"),
        ({"error": "Not Found"}, "404 Not Found"),
        ({"message": "no such key"}, "404 error: no such key"),
        ({"error": "Not Found", "message": "no such key"}, "404 Not Found: no such key"),
    ],
)
def test_an_api_error_says_what_the_server_said(details: dict[str, str], text: str) -> None:
    assert str(ApiError(404, **details)) == text  # type: ignore[arg-type]  # texts alone are in it


# Copies and pickles


@EVERY_ERROR
@pytest.mark.parametrize("copied", COPIERS)
def test_every_error_copies_and_pickles_with_all_that_it_carries(cls: type[MatatikaError], copied: Copier) -> None:
    error = instance(cls)
    twin = copied(error)
    assert type(twin) is cls
    assert twin is not error
    assert twin.args == error.args
    assert str(twin) == str(error)
    assert twin.__notes__ == ["a note", "another"]
    mine, theirs = dict(vars(error)), dict(vars(twin))
    if cls is SecretDeliveryError:  # a pickle carries no secret: so the keys differ, in that alone
        mine["api_key"], theirs["api_key"] = mine["api_key"].client_id, theirs["api_key"].client_id
    assert theirs == mine


@EVERY_ERROR
def test_the_copy_is_independent(cls: type[MatatikaError]) -> None:
    error = instance(cls)
    twin = copy.copy(error)
    twin.attempts = 99
    assert error.attempts == 2


@EVERY_ERROR
@pytest.mark.parametrize("copied", COPIERS)
def test_neither_cause_nor_context_travels(cls: type[MatatikaError], copied: Copier) -> None:
    error = instance(cls)
    error.__cause__ = error.__context__ = RuntimeError("canary")
    twin = copied(error)
    assert (twin.__cause__, twin.__context__, twin.__traceback__) == (None, None, None)


def test_a_pickled_delivery_error_leaves_the_secret_behind_and_a_copy_keeps_it() -> None:
    error = instance(SecretDeliveryError)
    assert b"canary" not in pickle.dumps(error)
    twin = copy.deepcopy(error)
    assert isinstance(twin, SecretDeliveryError)
    assert twin.api_key.client_secret.reveal() == "canary"


def test_a_class_of_a_user_travels_as_well() -> None:
    error = pickle.loads(pickle.dumps(UsersError(5)))
    assert (type(error), error.number, str(error)) == (UsersError, 5, "number 5")


class UsersError(MatatikaError):
    def __init__(self, number: int) -> None:
        super().__init__(f"number {number}")
        self.number = number
