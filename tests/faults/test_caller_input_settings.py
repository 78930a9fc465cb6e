"""I: credentials, URLs and numbers that the caller gives, I07 to I11. Ids: `test_caller_input`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from aiomatatika import (
    AccessToken,
    AuthenticationError,
    BearerToken,
    ClientCredentials,
    ConfigurationError,
    Deployment,
    MatatikaSession,
    Retries,
    Secret,
    Timeouts,
)
from aiomatatika.testing import MatatikaServer

from .conftest import Witness

SECRET = "canary-secret-of-the-caller"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.canary.signature"

VARIABLES = ["CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN", "API_URL", "TOKEN_URL", "AUDIENCE"]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, witness: Witness) -> Callable[..., None]:
    """Set the variables that `from_env` reads, and no others of them."""
    witness.secrets |= {SECRET, TOKEN}
    for name in VARIABLES:
        monkeypatch.delenv(f"MATATIKA_{name}", raising=False)

    def set_variables(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"MATATIKA_{name}", value)

    return set_variables


FROM_A_FILE = ["{}\n", "{}\r\n", "\ufeff{}", " {}", "{} ", "\t{}", "{}\x00", "{}\u200b", "{}\u00a0", "\n{}\n"]


def shown(value: Any) -> str:
    return type(value).__name__


@pytest.mark.parametrize("form", FROM_A_FILE)
def test_I07_credentials_read_from_a_file(witness: Witness, environment: Callable[..., None], form: str) -> None:
    makers: dict[str, Callable[[], object]] = {
        "client_id": lambda: ClientCredentials(form.format("id"), SECRET),
        "client_secret": lambda: ClientCredentials("id", form.format(SECRET)),
    }
    if "\x00" not in form:  # no environment can hold it
        environment(CLIENT_ID="id", CLIENT_SECRET=form.format(SECRET))
        makers["MATATIKA_CLIENT_SECRET"] = MatatikaSession.from_env
    for argument, make in makers.items():
        with witness.raises(ConfigurationError) as caught:
            make()
        assert argument in str(caught.value)
        assert "whitespace" in str(caught.value)


NO_TEXT: list[Any] = [None, b"", SECRET.encode(), "", 0, 5, True, [SECRET], {"value": SECRET}, object()]
MAKERS: dict[str, Callable[[Any], object]] = {
    "client_secret": lambda value: ClientCredentials("id", value),
    "token": BearerToken,
    "value": AccessToken,
    "credentials": MatatikaSession,
}


@pytest.mark.parametrize("value", [*NO_TEXT, [ClientCredentials("id", SECRET), BearerToken(TOKEN)]], ids=shown)
@pytest.mark.parametrize("argument", MAKERS)
def test_I08_wrong_credentials(witness: Witness, argument: str, value: Any) -> None:
    with witness.raises(ConfigurationError) as caught:
        MAKERS[argument](value)
    assert argument in str(caught.value)


@pytest.mark.parametrize("client_id", [None, b"id", "", 5, ["id"], Secret("id")], ids=shown)
def test_I08_wrong_client_id(witness: Witness, client_id: Any) -> None:
    with witness.raises(ConfigurationError) as caught:
        ClientCredentials(client_id, SECRET)
    assert "client_id" in str(caught.value)


@pytest.mark.parametrize(
    "make, arguments",
    [(MatatikaSession, ()), (MatatikaSession, ("id", SECRET)), (ClientCredentials, ("id",)), (BearerToken, ())],
)
def test_I08_wrong_credentials_in_number(witness: Witness, make: Any, arguments: tuple[str, ...]) -> None:
    with witness.raises(TypeError):
        make(*arguments)


@pytest.mark.parametrize(
    "variables, named",
    [
        ({}, ["CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN"]),
        ({"CLIENT_ID": "id"}, ["CLIENT_SECRET"]),
        ({"CLIENT_SECRET": SECRET}, ["CLIENT_ID"]),
        ({"CLIENT_ID": "id", "CLIENT_SECRET": ""}, ["CLIENT_SECRET"]),
        ({"CLIENT_ID": "id", "CLIENT_SECRET": SECRET, "ACCESS_TOKEN": TOKEN}, ["ACCESS_TOKEN"]),
        ({"CLIENT_SECRET": SECRET, "ACCESS_TOKEN": TOKEN}, ["ACCESS_TOKEN", "CLIENT_SECRET"]),
    ],
    ids=lambda value: "+".join(value),
)
def test_I08_wrong_credentials_in_the_environment(
    witness: Witness, environment: Callable[..., None], variables: dict[str, str], named: list[str]
) -> None:
    environment(**variables)
    with witness.raises(ConfigurationError) as caught:
        MatatikaSession.from_env()
    assert all(f"MATATIKA_{name}" in str(caught.value) for name in named)


NO_URL: list[Any] = [
    *("http://api.example.com/api", "http://10.0.0.1/api", "http://localhost.example.com/api", "ws://localhost/api"),
    *("api.example.com/api", "//api.example.com/api", "/api", "https:api.example.com", "https://", "https:///api"),
    *("ftp://api.example.com/", "file:///etc/passwd", "javascript:alert(1)", "mailto:a@example.com"),
    *("https://user@api.example.com/api", "https://user:word@api.example.com/api", "https://@api.example.com/api"),
    *("https://api.example.com/api?x=1", "https://api.example.com/api?", "https://api.example.com/api#x"),
    *("https://api.example.com/api\n", "\nhttps://api.example.com/api", "https://api.example.com/a pi", " "),
    *("https://api.example.com/api\r\nHost: x", "https://api.example.com\x00/api", "https://api.example.com\\@x/api"),
    *("https://api.example.com:x/api", "https://api.example.com:0/api", "https://api.example.com:99999/api"),
    *("https://api.example.com/%2e%2e/api", "https://[::1/api", "https://b\u00fccher.example/api", "", 5, b"x", ["x"]),
]


@pytest.mark.parametrize("url", NO_URL, ids=repr)
@pytest.mark.parametrize("argument", ["api_url", "token_url"])
def test_I09_base_url_and_token_url(witness: Witness, argument: str, url: Any) -> None:
    with witness.raises(ConfigurationError) as caught:
        Deployment(**{"api_url": "https://api.example.com/api", argument: url})
    assert str(caught.value).startswith(argument)


@pytest.mark.parametrize("name", ["API_URL", "TOKEN_URL"])
def test_I09_base_url_and_token_url_in_the_environment(
    witness: Witness, environment: Callable[..., None], name: str
) -> None:
    environment(CLIENT_ID="id", CLIENT_SECRET=SECRET, **{name: "http://api.example.com/api"})
    with witness.raises(ConfigurationError) as caught:
        MatatikaSession.from_env()
    assert f"MATATIKA_{name}" in str(caught.value)


@pytest.mark.parametrize(
    "root", ["https://api.example.com", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:1"]
)
def test_I09_base_url_and_token_url_that_are_good(root: str) -> None:
    good = Deployment(f"{root}/api", token_url=f"{root}/oauth/token")
    assert Deployment(f"{root}/api/", token_url=f"{root}/oauth/token/") == good
    assert good.audience == f"{root}/api"


NO_NUMBER: list[Any] = [-1, math.nan, math.inf, -math.inf, True, "5", None, 10**9, 1j, [5]]
SIZE_LIKE = ["size", "page", "prefetch", "limit", "max_pages"]


def no_number_for(argument: str) -> list[Any]:
    """Return what the argument cannot be; 0 is a good page, and None leaves out what can be left out."""
    numbers = list(NO_NUMBER)
    if argument not in {"page", "prefetch", "limit", "ready_within"}:
        numbers.append(0)
    if argument in {"size", "page", "limit"}:
        numbers.remove(None)
    if argument in {*SIZE_LIKE, "attempts"}:
        numbers.append(1.5)
    return numbers


@pytest.mark.parametrize(
    "make, argument",
    [
        *((Timeouts, name) for name in ("connect", "read", "total")),
        *((Retries, name) for name in ("attempts", "first_delay", "longest_delay")),
    ],
)
def test_I10_numbers_of_options(witness: Witness, make: Callable[..., object], argument: str) -> None:
    for number in no_number_for(argument):
        with witness.raises(ValueError) as caught:
            make(**{argument: number})
        assert str(caught.value).startswith(argument)


@pytest.mark.parametrize("argument", [*SIZE_LIKE, "ready_within"])
async def test_I10_numbers_of_calls(server: MatatikaServer, witness: Witness, argument: str) -> None:
    async def call(session: MatatikaSession, number: Any) -> object:
        keys = session.apikeys
        match argument:
            case "limit":
                return await keys.list().collect(number)
            case "max_pages":
                return [page async for page in keys.list().pages(max_pages=number)]
            case "ready_within":
                return await keys.create("nightly batch", ready_within=number)
            case _:
                return await keys.list(**{argument: number}).collect()

    async with server.session() as session:
        for number in no_number_for(argument):
            with witness.raises(ValueError) as caught:
                await call(session, number)
            assert str(caught.value).startswith(argument)
    assert list(server.requests) == []


PREFIXED = [
    "Bearer {}",
    "bearer {}",
    "BEARER  {}",
    "Token {}",
    '"{}"',
    "'{}'",
    "{}\n",
    "\n{}",
    " {}",
    "{}\r\nX: y",
    "<{}>",
]


@pytest.mark.parametrize("form", PREFIXED)
def test_I11_token_with_prefix(witness: Witness, environment: Callable[..., None], form: str) -> None:
    environment(ACCESS_TOKEN=form.format(TOKEN))
    makers = (lambda: BearerToken(form.format(TOKEN)), lambda: AccessToken(form.format(TOKEN), 60))
    for make in (*makers, MatatikaSession.from_env):
        with witness.raises(ConfigurationError) as caught:
            make()
        assert "without the word Bearer, quotes, whitespace or line ends" in str(caught.value)


@pytest.mark.parametrize("form", PREFIXED)
async def test_I11_token_with_prefix_from_a_callable(server: MatatikaServer, witness: Witness, form: str) -> None:
    async def bring() -> str:
        return form.format(TOKEN)

    async with MatatikaSession(BearerToken(bring), deployment=server.deployment) as session:
        with witness.raises(AuthenticationError) as caught:
            await session.apikeys.list().first()
        assert "without the word Bearer, quotes, whitespace or line ends" in str(caught.value)
    assert list(server.requests) == []
