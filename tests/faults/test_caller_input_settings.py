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

from ..servers import session_at
from .conftest import Witness, call

SECRET = "canary-secret-of-the-caller"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.canary.signature"
API = "https://api.example.com/api"

Variables = Callable[..., Callable[[], MatatikaSession]]


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch, witness: Witness) -> Variables:
    """Return what sets the variables that `from_env` reads, and no others of them, and gives `from_env`."""
    witness.secrets |= {SECRET, TOKEN}

    def set_variables(**values: str) -> Callable[[], MatatikaSession]:
        for name in ("CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN", "API_URL", "TOKEN_URL", "AUDIENCE"):
            monkeypatch.delenv(f"MATATIKA_{name}", raising=False)
        for name, value in values.items():
            monkeypatch.setenv(f"MATATIKA_{name}", value)
        return MatatikaSession.from_env

    return set_variables


def refusal(witness: Witness, make: Callable[..., object], *values: Any) -> str:
    with witness.raises(ConfigurationError) as caught:
        make(*values)
    return str(caught.value)


@pytest.mark.parametrize(
    "form", ["{}\n", "{}\r\n", "\ufeff{}", " {}", "{} ", "\t{}", "{}\x00", "{}\u200b", "{}\u00a0", "\n{}\n"]
)
def test_I07_credentials_read_from_a_file(witness: Witness, variables: Variables, form: str) -> None:
    said = {
        "client_id": refusal(witness, ClientCredentials, form.format("id"), SECRET),
        "client_secret": refusal(witness, ClientCredentials, "id", form.format(SECRET)),
    }
    if "\x00" not in form:  # no environment can hold it
        from_env = variables(CLIENT_ID="id", CLIENT_SECRET=form.format(SECRET))
        said["MATATIKA_CLIENT_SECRET"] = refusal(witness, from_env)
    assert all(argument in text and "whitespace" in text for argument, text in said.items())


NO_TEXT: list[Any] = [None, b"", SECRET.encode(), "", 0, 5, True, [SECRET], {"value": SECRET}, object()]
MAKERS: dict[str, tuple[Callable[[Any], object], list[Any]]] = {
    "client_id": (lambda value: ClientCredentials(value, SECRET), [None, b"id", "", 5, ["id"], Secret("id")]),
    "client_secret": (lambda value: ClientCredentials("id", value), NO_TEXT),
    "token": (BearerToken, NO_TEXT),
    "value": (AccessToken, NO_TEXT),
    "credentials": (MatatikaSession, [*NO_TEXT, [ClientCredentials("id", SECRET), BearerToken(TOKEN)]]),
}


@pytest.mark.parametrize("argument", MAKERS)
def test_I08_wrong_credentials(witness: Witness, argument: str) -> None:
    make, values = MAKERS[argument]
    assert all(argument in refusal(witness, make, value) for value in values)


def test_I08_wrong_credentials_in_number(witness: Witness, variables: Variables) -> None:
    calls: list[tuple[Any, tuple[str, ...]]] = [
        *((MatatikaSession, arguments) for arguments in ((), ("id", SECRET))),
        *((ClientCredentials, ("id",)), (BearerToken, ())),
    ]
    for make, arguments in calls:
        with witness.raises(TypeError):
            make(*arguments)
    ours, theirs = {"CLIENT_ID": "id", "CLIENT_SECRET": SECRET}, {"ACCESS_TOKEN": TOKEN}
    environments: list[tuple[dict[str, str], list[str]]] = [
        ({}, [*ours, *theirs]),
        ({"CLIENT_ID": "id", "CLIENT_SECRET": ""}, ["CLIENT_SECRET"]),
        ({"CLIENT_SECRET": SECRET}, ["CLIENT_ID"]),
        (ours | theirs, [*ours, *theirs]),
    ]
    for environment, named in environments:
        said = refusal(witness, variables(**environment))
        assert all(f"MATATIKA_{name}" in said for name in named)


# A case of every kind: the rest of them is in `tests/test_deployment`.
NO_URL: list[Any] = [
    *("http://api.example.com/api", "http://localhost.example.com/api", "ws://localhost/api", "//api.example.com/api"),
    *("/api", "https:///api", "ftp://api.example.com/", "file:///etc/passwd", "javascript:alert(1)", f"{API}?", " "),
    *("https://user:word@api.example.com/api", "https://@api.example.com/api", f"{API}?x=1", f"{API}#x", f"{API}\n"),
    *(f"{API}\r\nHost: x", "https://api.example.com\x00/api", "https://api.example.com\\@x/api", "https://[::1/api"),
    *("https://api.example.com:x/api", "https://api.example.com/%2e%2e/api", "https://b\u00fccher.example/", "", 5),
]


@pytest.mark.parametrize("argument", ["api_url", "token_url"])
def test_I09_base_url_and_token_url(witness: Witness, variables: Variables, argument: str) -> None:
    def make(url: Any) -> Deployment:
        return Deployment(**{"api_url": API, argument: url})

    assert all(refusal(witness, make, url).startswith(argument) for url in NO_URL)
    name = argument.upper()
    from_env = variables(CLIENT_ID="id", CLIENT_SECRET=SECRET, **{name: "http://api.example.com/api"})
    assert f"MATATIKA_{name}" in refusal(witness, from_env)


NO_NUMBER: list[Any] = [-1, math.nan, math.inf, -math.inf, True, "5", 10**9, 1j, [5]]
# What each argument cannot be besides: 0 is a good page, and None leaves out what can be left out.
NO_NUMBER_FOR: dict[str, list[Any]] = {
    **{name: [0, None] for name in ("connect", "read", "total", "first_delay", "longest_delay")},
    "attempts": [0, None, 1.5, 21],
    "size": [0, 1.5],
    "page": [1.5],
    "limit": [1.5, 10**7 + 1],
    "max_pages": [0, None, 1.5, 10**7 + 1],
    "prefetch": [None, 1.5, 101],
    "ready_within": [None],
}


async def use(session: MatatikaSession, argument: str, number: Any) -> object:
    keys = session.apikeys
    match argument:
        case "connect" | "read" | "total":
            return Timeouts(**{argument: number})
        case "attempts" | "first_delay" | "longest_delay":
            return Retries(**{argument: number})
        case "limit":
            return await keys.list().collect(number)
        case "max_pages":
            return await anext(keys.list().pages(max_pages=number))
        case "ready_within":
            return await keys.create("nightly batch", ready_within=number)
        case _:
            return await keys.list(**{argument: number}).collect()


@pytest.mark.parametrize("argument", NO_NUMBER_FOR)
async def test_I10_numbers(server: MatatikaServer, witness: Witness, argument: str) -> None:
    async with server.session() as session:
        for number in [*NO_NUMBER, *NO_NUMBER_FOR[argument]]:
            with witness.raises(ValueError) as caught:
                await use(session, argument, number)
            assert str(caught.value).startswith(argument)
    assert list(server.requests) == []


@pytest.mark.parametrize(
    "form",
    [
        *("Bearer {}", "bearer {}", "BEARER  {}", "Token {}", '"{}"', "'{}'", "<{}>"),
        *("{}\n", "\n{}", " {}", "{}\r\nX: y"),
    ],
)
async def test_I11_token_with_prefix(server: MatatikaServer, witness: Witness, variables: Variables, form: str) -> None:
    text = form.format(TOKEN)

    async def bring() -> str:
        return text

    said = [refusal(witness, make, text) for make in (BearerToken, AccessToken)]
    said.append(refusal(witness, variables(ACCESS_TOKEN=text)))
    async with session_at(server.url, credentials=BearerToken(bring)) as session:
        with witness.raises(AuthenticationError) as caught:
            await call(session)
    for each in (*said, str(caught.value)):
        assert "without the word Bearer, quotes, whitespace or line ends" in each
    assert list(server.requests) == []
