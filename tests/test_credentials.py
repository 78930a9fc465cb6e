"""What a user holds, and how its mistakes are named without being shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from aiomatatika import AccessToken, BearerToken, ClientCredentials, ConfigurationError, Secret
from aiomatatika.credentials import credentials_from_env

from .canary import shown_by_error

CANARY = "canary-7f3a"
Maker = Callable[[Any], Any]


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
    assert caught.value.__cause__ is None
    return caught.value


# All of them


def test_text_and_secrets_are_taken_alike(maker: Maker) -> None:
    assert maker(CANARY) == maker(Secret(CANARY)) != maker(f"{CANARY}x")
    assert secret_of(maker(CANARY)) == CANARY


BAD_TEXTS = ["", " ", f"{CANARY}\n", f" {CANARY}", f"\ufeff{CANARY}", f"{CANARY}é", f"{CANARY}\0", f"{CANARY} x"]


@pytest.mark.parametrize(
    "value", [*BAD_TEXTS, Secret(""), Secret(f"{CANARY}\n"), None, CANARY.encode(), 5, [CANARY], {CANARY: CANARY}]
)
def test_what_is_no_secret_is_refused_and_never_shown(maker: Maker, value: Any) -> None:
    assert "whitespace" in str(refusal(lambda: maker(value)))


# A client ID and secret


@pytest.mark.parametrize("client_id", ["", "a b", "id\n", "é", None, 5, b"id", Secret("id")])
def test_a_client_id_is_visible_ascii(client_id: Any) -> None:
    assert str(refusal(lambda: ClientCredentials(client_id, CANARY))).startswith("client_id must be")


def test_a_secret_read_from_a_file_is_refused_with_the_cure() -> None:
    assert "strip the line end" in str(refusal(lambda: ClientCredentials("id", f"{CANARY}\n")))


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1))
def test_any_visible_ascii_is_a_client_id_and_a_client_secret(value: str) -> None:
    credentials = ClientCredentials(value, value)
    assert (credentials.client_id, credentials.client_secret.reveal()) == (value, value)


# Tokens


@pytest.mark.parametrize("token", ["a", "eyJ.a_b-c~d+e/f", "abc=", "abc==", "x" * 16_384])
def test_a_token_has_the_form_of_a_header(token: str) -> None:
    assert secret_of(BearerToken(token)) == secret_of(AccessToken(token)) == token


@pytest.mark.parametrize(
    "token, says",
    [
        *((bad, " is not a bearer token: give the bare token") for bad in (f"Bearer {CANARY}", f'"{CANARY}"', "=")),
        *((f"{CANARY}{bad}", " is not a bearer token: give the bare token") for bad in (",x", "=x", "\u2028", "٣")),
        (CANARY * 1_500, " is longer than 16 KiB"),
    ],
)
@pytest.mark.parametrize("cls, argument", [(BearerToken, "token"), (AccessToken, "value")])
def test_a_token_of_another_form_is_refused_with_a_hint(cls: Maker, argument: str, token: str, says: str) -> None:
    assert str(refusal(lambda: cls(token))).startswith(argument + says)


def test_a_callable_in_place_of_a_token_is_kept_and_not_called() -> None:
    async def bring() -> str:
        raise AssertionError

    assert BearerToken(bring).token is bring
    assert repr(BearerToken(bring)) == "BearerToken()"


@pytest.mark.parametrize("expires_in", [None, 1, 0.5, 86_400, sys.float_info.max])
def test_a_token_may_have_a_lifetime(expires_in: float | None) -> None:
    assert AccessToken(CANARY, expires_in).expires_in == expires_in


@pytest.mark.parametrize("expires_in", [0, -1, float("nan"), float("inf"), 10**400, True, "60", [60]])
def test_a_lifetime_that_makes_no_sense_is_refused(expires_in: Any) -> None:
    message = str(refusal(lambda: AccessToken(CANARY, expires_in)))
    assert message == "expires_in must be a positive number of seconds, or None"


# Files


def written(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


JSON = f'{{"client_id": "id", "client_secret": "{CANARY}", "more": 1}}'


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
@pytest.mark.parametrize("wrap", [str, Path])
def test_a_json_file_holds_credentials(tmp_path: Path, wrap: Callable[[Path], Any], mode: int) -> None:
    path = wrap(written(tmp_path / "key.json", JSON, mode))
    assert ClientCredentials.from_file(path) == ClientCredentials("id", CANARY)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644])
def test_a_file_that_others_have_access_to_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "my key.json", JSON, mode)
    message = str(refusal(lambda: ClientCredentials.from_file(path)))
    assert message == f"{path} is open to other users (mode {mode:04o}): chmod 600 '{path}'"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_mounted_folder_holds_credentials_whatever_its_modes(tmp_path: Path, end: str) -> None:
    versions = tmp_path / "..2026_11_25"  # as Kubernetes lays it out
    versions.mkdir()
    written(versions / "client_id", f"id{end}", 0o644)
    written(versions / "client_secret", f"{CANARY}{end}", 0o644)
    (tmp_path / "..data").symlink_to(versions.name)
    for name in ("client_id", "client_secret"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    for folder in (tmp_path, versions):
        assert ClientCredentials.from_file(folder) == ClientCredentials("id", CANARY)


@pytest.mark.parametrize(
    "text, says",
    [
        *((bad, "must be a JSON object with the strings client_id and client_secret") for bad in ("", CANARY, "[]")),
        (f'{{"client_id": "{CANARY}"}}', "must be a JSON object"),
        (f'{{"client_id": 5, "client_secret": "{CANARY}"}}', "must be a JSON object"),
        (f'{{"client_id": "id", "client_secret": ["{CANARY}"]}}', "must be a JSON object"),
        (f'{{"client_id": "a", "client_id": "b", "client_secret": "{CANARY}"}}', "must be a JSON object"),
        (JSON.encode("utf-16"), "must be a JSON object"),
        (JSON + " " * 2**16, "cannot be read: larger than 64 KiB"),
        (f'{{"client_id": "i d", "client_secret": "{CANARY}"}}', "client_id must be"),
        (f'{{"client_id": "id", "client_secret": "{CANARY}\\n"}}', "client_secret must be"),
    ],
)
def test_a_file_with_something_else_in_it_is_refused(tmp_path: Path, text: str | bytes, says: str) -> None:
    assert says in str(refusal(lambda: ClientCredentials.from_file(written(tmp_path / "key.json", text))))


def test_as_much_as_64_kib_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "key.json", JSON + " " * (2**16 - len(JSON)))
    assert ClientCredentials.from_file(path).client_id == "id"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "key.json"
    assert str(refusal(lambda: ClientCredentials.from_file(missing))).startswith(f"{missing} cannot be read: No such")
    assert f"{tmp_path / 'client_id'} cannot" in str(refusal(lambda: ClientCredentials.from_file(tmp_path)))
    wrong: Any = 5
    assert "must be a path, not int" in str(refusal(lambda: ClientCredentials.from_file(wrong)))


# The environment

ID, SECRET, TOKEN, FILE = (
    f"MATATIKA_{name}" for name in ("CLIENT_ID", "CLIENT_SECRET", "ACCESS_TOKEN", "CREDENTIALS_FILE")
)


@pytest.mark.parametrize(
    "environ, credentials",
    [
        ({ID: "id", SECRET: CANARY}, ClientCredentials("id", CANARY)),
        ({ID: "id", SECRET: CANARY, TOKEN: "", FILE: ""}, ClientCredentials("id", CANARY)),
        ({TOKEN: CANARY, ID: "", SECRET: ""}, BearerToken(CANARY)),
        ({FILE: "key.json", ID: ""}, ClientCredentials("id", CANARY)),
    ],
)
def test_the_environment_holds_a_file_or_a_key_or_a_token(
    environ: dict[str, str], credentials: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "key.json", JSON)
    assert credentials_from_env(environ) == credentials


@pytest.mark.parametrize(
    "environ, message",
    [
        ({}, f"{ID} and {SECRET} not set (nor {FILE} or {TOKEN} in place of them)"),
        ({ID: "id"}, f"{SECRET} not set"),
        ({SECRET: CANARY}, f"{ID} not set"),
        ({ID: "id", TOKEN: CANARY}, f"{ID} and {TOKEN} are set: unset all but one"),
        ({SECRET: CANARY, TOKEN: CANARY}, f"{SECRET} and {TOKEN} are set: unset"),
        ({FILE: "x", TOKEN: CANARY}, f"{FILE} and {TOKEN} are set: unset"),
        ({FILE: "x", ID: "id"}, f"{FILE} and {ID} are set: unset"),
        ({FILE: "x", ID: "id", SECRET: CANARY, TOKEN: CANARY}, f"{FILE} and {ID} and {SECRET} and {TOKEN} are set"),
        ({TOKEN: f"Bearer {CANARY}"}, f"{TOKEN}: token is not a bearer token"),
        ({ID: "id", SECRET: f"{CANARY}\n"}, f"{ID} or {SECRET}: client_secret must be"),
        ({ID: "i d", SECRET: CANARY}, f"{ID} or {SECRET}: client_id must be"),
        ({FILE: "not/there"}, f"{FILE}: not/there cannot be read: No such file"),
    ],
)
def test_an_environment_that_cannot_work_is_refused_by_the_names_of_its_variables(
    environ: dict[str, str], message: str
) -> None:
    error = refusal(lambda: credentials_from_env(environ))
    assert str(error).startswith(message)
    assert error.__context__ is None
