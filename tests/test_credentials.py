"""What a user holds, and how its mistakes are named without being shown."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from aiomatatika import AccessToken, BearerToken, ClientCredentials, ConfigurationError, Secret
from aiomatatika.credentials import credentials_from_env, is_token68

from .canary import shown_by, shown_by_error

CANARY = "canary-7f3a"
Maker = Callable[[Any], Any]


async def bring() -> str:
    return CANARY


@pytest.fixture(params=[lambda secret: ClientCredentials("id", secret), AccessToken, BearerToken])
def maker(request: pytest.FixtureRequest) -> Maker:
    """One of the three that hold a secret, made of that alone."""
    made: Maker = request.param
    return made


def secret_of(holder: Any) -> str:
    (secret,) = (value for value in attrs.asdict(holder).values() if isinstance(value, Secret))
    return secret.reveal()


def refusal(make: Callable[[], object]) -> ConfigurationError:
    """Return the refusal, after a look at everything that it could show."""
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert CANARY not in "".join(shown_by_error(caught.value, but_not=__file__))
    return caught.value


# All of them


def test_text_and_secrets_are_taken_alike(maker: Maker) -> None:
    assert maker(CANARY) == maker(Secret(CANARY))
    assert secret_of(maker(CANARY)) == CANARY


def test_none_shows_what_it_holds(maker: Maker) -> None:
    for text in shown_by(maker(CANARY)):
        assert CANARY not in text


def test_a_pickle_has_everything_but_the_secret(maker: Maker) -> None:
    copied = pickle.loads(pickle.dumps(maker(CANARY)))
    with pytest.raises(ValueError, match="pickle"):
        secret_of(copied)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        f"{CANARY}\n",
        f" {CANARY}",
        f"\ufeff{CANARY}",
        f"{CANARY}é",
        f"{CANARY}\x00",
        f"{CANARY} x",
        Secret(""),
        None,
        CANARY.encode(),
        5,
        [CANARY],
        {CANARY: CANARY},
        Secret(f"{CANARY}\n"),
    ],
)
def test_what_is_no_secret_is_refused_and_never_shown(maker: Maker, value: Any) -> None:
    assert "whitespace" in str(refusal(lambda: maker(value)))


# A client ID and secret


def test_a_client_id_shows_and_its_secret_does_not() -> None:
    assert (
        repr(ClientCredentials("my-id", CANARY)) == "ClientCredentials(client_id='my-id', client_secret=Secret(hidden))"
    )


@pytest.mark.parametrize("client_id", ["", "a b", "id\n", "é", None, 5, b"id", Secret("id")])
def test_a_client_id_is_visible_ascii(client_id: Any) -> None:
    assert str(refusal(lambda: ClientCredentials(client_id, CANARY))).startswith("client_id must be")


def test_a_secret_read_from_a_file_is_refused_with_the_cure() -> None:
    assert "strip the line end" in str(refusal(lambda: ClientCredentials("id", f"{CANARY}\n")))


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
def test_any_visible_ascii_is_a_client_secret(value: str) -> None:
    assert ClientCredentials("id", value).client_secret.reveal() == value


def test_credentials_are_equal_by_value() -> None:
    assert ClientCredentials("id", CANARY) == ClientCredentials("id", CANARY)
    assert ClientCredentials("id", CANARY) != ClientCredentials("id", CANARY + "x")
    assert ClientCredentials("id", CANARY) != ClientCredentials("id2", CANARY)


# Tokens


@pytest.mark.parametrize("token", ["a", "eyJ.a_b-c~d+e/f", "abc=", "abc=="])
def test_a_token_has_the_form_of_a_header(token: str) -> None:
    assert is_token68(Secret(token))
    assert secret_of(BearerToken(token)) == token


@pytest.mark.parametrize(
    "token", [f"Bearer {CANARY}", f'"{CANARY}"', f"{CANARY},x", f"{CANARY}=x", "=", f"{CANARY}\u2028", f"{CANARY}٣"]
)
@pytest.mark.parametrize("cls, argument", [(BearerToken, "token"), (AccessToken, "value")])
def test_a_token_of_another_form_is_refused_with_a_hint(cls: Maker, argument: str, token: str) -> None:
    assert not is_token68(Secret(token))
    message = str(refusal(lambda: cls(token)))
    assert message.startswith(f"{argument} is not a bearer token: give the bare token")
    assert "without the word Bearer" in message


def test_a_callable_in_place_of_a_token_is_kept_and_not_called() -> None:
    assert BearerToken(bring).token is bring
    assert repr(BearerToken(bring)) == "BearerToken()"


@pytest.mark.parametrize("expires_in", [None, 1, 0.5, 86_400, sys.float_info.max])
def test_a_token_may_have_a_lifetime(expires_in: float | None) -> None:
    assert AccessToken(CANARY, expires_in).expires_in == expires_in


@pytest.mark.parametrize("expires_in", [0, -1, float("nan"), float("inf"), 10**400, True, "60", [60]])
def test_a_lifetime_that_is_none_is_refused(expires_in: Any) -> None:
    message = str(refusal(lambda: AccessToken(CANARY, expires_in)))
    assert message == "expires_in must be a positive number of seconds, or None"


# The environment

ID, SECRET, TOKEN = "MATATIKA_CLIENT_ID", "MATATIKA_CLIENT_SECRET", "MATATIKA_ACCESS_TOKEN"


@pytest.mark.parametrize(
    "environ, credentials",
    [
        ({ID: "id", SECRET: CANARY}, ClientCredentials("id", CANARY)),
        ({ID: "id", SECRET: CANARY, TOKEN: ""}, ClientCredentials("id", CANARY)),
        ({TOKEN: CANARY}, BearerToken(CANARY)),
        ({TOKEN: CANARY, ID: "", SECRET: ""}, BearerToken(CANARY)),
    ],
)
def test_the_environment_holds_a_key_or_a_token(environ: dict[str, str], credentials: object) -> None:
    assert credentials_from_env(environ) == credentials


@pytest.mark.parametrize(
    "environ, message",
    [
        ({}, f"{ID} and {SECRET} not set (and no {TOKEN} in their place)"),
        ({ID: "id"}, f"{SECRET} not set (and no {TOKEN} in their place)"),
        ({SECRET: CANARY}, f"{ID} not set (and no {TOKEN} in their place)"),
        ({ID: "id", TOKEN: CANARY}, f"{TOKEN} and {ID} are set: unset one or the other"),
        ({SECRET: CANARY, TOKEN: CANARY}, f"{TOKEN} and {SECRET} are set: unset one or the other"),
        ({ID: "id", SECRET: CANARY, TOKEN: CANARY}, f"{TOKEN} and {ID} and {SECRET} are set: unset one or the other"),
        ({TOKEN: f"Bearer {CANARY}"}, f"{TOKEN}: token is not a bearer token"),
        ({ID: "id", SECRET: f"{CANARY}\n"}, f"{ID} or {SECRET}: client_secret must be"),
        ({ID: "i d", SECRET: CANARY}, f"{ID} or {SECRET}: client_id must be"),
    ],
)
def test_an_environment_that_holds_neither_is_refused_by_the_names_of_its_variables(
    environ: dict[str, str], message: str
) -> None:
    error = refusal(lambda: credentials_from_env(environ))
    assert str(error).startswith(message)
    assert error.__context__ is None
