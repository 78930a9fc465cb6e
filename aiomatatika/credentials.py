"""What a user holds: an API key's client ID and secret, or a bearer token.

The constructors wrap a secret before anything else can fail: no frame of a traceback holds it in clear text.
"""

from __future__ import annotations

import functools
import inspect
import os
import re
import sys
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Self

import attrs

from aiomatatika.credentials_file import read_credentials_file
from aiomatatika.errors import ConfigurationError
from aiomatatika.secret import Secret

__all__ = [
    "MAX_TOKEN",
    "AccessToken",
    "BearerToken",
    "ClientCredentials",
    "Credentials",
    "TokenCallable",
    "credentials_from_env",
    "is_token68",
]

MAX_TOKEN: Final = 16 * 2**10
"""The longest token that is sent, in characters: servers refuse longer headers."""

_FILE: Final = "MATATIKA_CREDENTIALS_FILE"
_TOKEN: Final = "MATATIKA_ACCESS_TOKEN"
_KEY: Final = ("MATATIKA_CLIENT_ID", "MATATIKA_CLIENT_SECRET")
_WAYS: Final = ((_FILE,), _KEY, (_TOKEN,))
_VARIABLES: Final = (_FILE, *_KEY, _TOKEN)

_VISIBLE = re.compile(r"[!-~]+", re.ASCII)
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)


def is_token68(token: Secret) -> bool:
    """Tell whether a token has the form that an Authorization header takes (RFC 6750 section 2.1)."""
    return _TOKEN68.fullmatch(token.reveal()) is not None


def _hidden(value: object) -> Secret:
    """Wrap a str; anything else becomes the empty secret, which every check refuses."""
    return value if isinstance(value, Secret) else Secret(value if isinstance(value, str) else "")


def _check_token(token: Secret, argument: str) -> None:
    if len(token.reveal()) > MAX_TOKEN:
        raise ConfigurationError(f"{argument} is longer than 16 KiB")
    if not is_token68(token):
        raise ConfigurationError(
            f"{argument} is not a bearer token: give the bare token as a str, without the word Bearer, quotes, "
            "whitespace or line ends"
        )


@attrs.frozen(init=False)
class ClientCredentials:
    """An API key: the client ID and secret with which a program stays authenticated permanently.

    Tokens are fetched from the deployment's token endpoint with the ``client_credentials`` grant (RFC 6749 section 4.4)
    and refreshed ahead of their end.

    Args:
        client_id: `ApiKey.client_id`.
        client_secret: The secret that came with the key's creation, as a str or a `Secret`.

    Raises:
        ConfigurationError: An argument is empty, not a str, or holds white space (a line end read from a file) or
            non-ASCII characters. The message does not show the value.
    """

    client_id: str
    client_secret: Secret

    def __init__(self, client_id: str, client_secret: str | Secret) -> None:
        secret = _hidden(client_secret)
        del client_secret
        # Before the checks: a half-made object has no repr, and a traceback with locals asks for it.
        self.__attrs_init__(client_id, secret)
        if not isinstance(client_id, str) or not _VISIBLE.fullmatch(client_id):
            raise ConfigurationError("client_id must be a str of visible ASCII characters, without whitespace")
        if not _VISIBLE.fullmatch(secret.reveal()):
            raise ConfigurationError(
                "client_secret must be a str of visible ASCII characters, without whitespace: "
                "strip the line end where it was read from a file"
            )

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read an API key from a file, or from a mounted folder; nothing is sent.

        Args:
            path: A JSON file with ``client_id`` and ``client_secret``, as ``save=path`` of `ApiKeys.create` writes it;
                on POSIX systems a file that other users have access to is refused. Or a folder with two files of these
                names, as a Kubernetes secret is mounted: a line end at the end of a value is left out, symbolic links
                are followed, and file modes are the cluster's business.

        Raises:
            ConfigurationError: The file is missing, unreadable, open to other users (the message holds the command
                that mends it), or holds something else. No value is shown.
        """
        return cls(*read_credentials_file(path))


@attrs.frozen(init=False)
class AccessToken:
    """A bearer token and its lifetime, as a token callable may return it.

    Args:
        value: The bare token, as a str or a `Secret`.
        expires_in: Its lifetime from now on in seconds, or None: it is used until it is refused.

    Raises:
        ConfigurationError: The token is not one, or the lifetime is not a positive number.
    """

    value: Secret
    expires_in: float | None

    def __init__(self, value: str | Secret, expires_in: float | None = None) -> None:
        token = _hidden(value)
        del value
        self.__attrs_init__(token, expires_in)
        _check_token(token, "value")
        if expires_in is not None and (
            isinstance(expires_in, bool)
            or not isinstance(expires_in, int | float)
            or not 0 < expires_in <= sys.float_info.max
        ):
            raise ConfigurationError("expires_in must be a positive number of seconds, or None")


TokenCallable = Callable[[], Awaitable[str | Secret | AccessToken]]
"""Brings a token: an async function without arguments, or whatever returns an awaitable when it is called."""


@attrs.frozen(init=False)
class BearerToken:
    """A token that the user holds, or an async callable that brings one.

    A fixed token is sent as it is until the API refuses it. A callable is called for the first token and again when a
    token is refused or about to expire; however many calls wait, it runs once at a time.

    Args:
        token: The bare token (str or `Secret`), or an async callable without arguments that returns a str, a `Secret`
            or an `AccessToken`.

    Raises:
        ConfigurationError: The token is empty, quoted, has a ``Bearer`` prefix or white space; its value is not shown.
            Or the callable is visibly not async, or needs arguments.
    """

    token: Secret | TokenCallable = attrs.field(repr=False)

    def __init__(self, token: str | Secret | TokenCallable) -> None:
        if callable(token):
            self.__attrs_init__(token)
            _check_callable(token)
            return
        secret = _hidden(token)
        del token
        self.__attrs_init__(secret)
        _check_token(secret, "token")


def _check_callable(bring: TokenCallable) -> None:
    """Refuse what can be seen not to work; a lambda that returns a coroutine is fine, and only a call tells."""
    if _declared_result(bring) in {str, Secret, AccessToken}:
        raise ConfigurationError("the token callable must be async: define it with 'async def'")
    try:
        inspect.signature(bring).bind()
    except TypeError:
        raise ConfigurationError("the token callable must work without arguments") from None
    except ValueError:  # a callable written in C need not tell
        pass


def _declared_result(bring: object) -> object:
    """Return the type that a plain callable says it returns; None where it says nothing, is async or is decorated."""
    while isinstance(bring, functools.partial):
        bring = bring.func
    function = bring if inspect.isroutine(bring) else type(bring).__call__
    if inspect.iscoroutinefunction(function) or hasattr(function, "__wrapped__"):
        return None
    try:
        return typing.get_type_hints(function).get("return")
    except (NameError, TypeError):  # names that only a type checker sees
        return None


Credentials = ClientCredentials | BearerToken


def credentials_from_env(environ: Mapping[str, str]) -> Credentials:
    """Read what the environment says; an empty variable counts as missing.

    ``MATATIKA_CREDENTIALS_FILE`` (see `ClientCredentials.from_file`), or ``MATATIKA_CLIENT_ID`` and
    ``MATATIKA_CLIENT_SECRET``, or ``MATATIKA_ACCESS_TOKEN``.

    Raises:
        ConfigurationError: They are missing, half there or contradictory; the message names the variables.
    """
    present = {name: Secret(environ[name]) for name in _VARIABLES if environ.get(name)}
    del environ
    ways = [way for way in _WAYS if any(name in present for name in way)]
    if len(ways) > 1:
        raise ConfigurationError(f"{' and '.join(present)} are set: unset all but one way to the credentials")
    missing = [name for name in (ways[0] if ways else _KEY) if name not in present]
    if missing:
        raise ConfigurationError(f"{' and '.join(missing)} not set (nor {_FILE} or {_TOKEN} in place of them)")
    first, *others = (present[name] for name in ways[0])
    try:
        if others:
            return ClientCredentials(first.reveal(), *others)
        return BearerToken(first) if _TOKEN in present else ClientCredentials.from_file(first.reveal())
    except ConfigurationError as error:
        message = f"{' or '.join(ways[0])}: {error}"
    raise ConfigurationError(message)
