"""What a user holds: an API key's client ID and secret, or a bearer token.

The constructors wrap a secret before anything else can fail: no frame of a traceback holds it in clear text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable, Mapping

import attrs

from aiomatatika.errors import ConfigurationError
from aiomatatika.secret import Secret

__all__ = ["AccessToken", "BearerToken", "ClientCredentials", "Credentials", "credentials_from_env", "is_token68"]

_VISIBLE = re.compile(r"[!-~]+", re.ASCII)
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)


def is_token68(token: Secret) -> bool:
    """Tell whether a token has the form that an Authorization header takes (RFC 6750 section 2.1)."""
    return _TOKEN68.fullmatch(token.reveal()) is not None


def _hidden(value: object) -> Secret:
    """Wrap a str; what is none becomes the empty secret, which every check refuses."""
    return value if isinstance(value, Secret) else Secret(value if isinstance(value, str) else "")


def _check_token(token: Secret, argument: str) -> None:
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


@attrs.frozen(init=False)
class BearerToken:
    """A token that the user holds, or an async callable that brings one.

    A fixed token is sent as it is until the API refuses it. A callable is called for the first token and again when a
    token is refused or about to expire; however many calls wait, it runs once at a time.

    Args:
        token: The bare token (str or `Secret`), or an async callable without arguments that returns a str or an
            `AccessToken`.

    Raises:
        ConfigurationError: The token is empty, quoted, has a ``Bearer`` prefix or white space; its value is not shown.
    """

    token: Secret | Callable[[], Awaitable[str | AccessToken]] = attrs.field(repr=False)

    def __init__(self, token: str | Secret | Callable[[], Awaitable[str | AccessToken]]) -> None:
        if callable(token):
            self.__attrs_init__(token)
            return
        secret = _hidden(token)
        del token
        self.__attrs_init__(secret)
        _check_token(secret, "token")


Credentials = ClientCredentials | BearerToken


def credentials_from_env(environ: Mapping[str, str]) -> Credentials:
    """Read ``MATATIKA_CLIENT_ID`` and ``MATATIKA_CLIENT_SECRET``, or ``MATATIKA_ACCESS_TOKEN``.

    An empty variable counts as missing.

    Raises:
        ConfigurationError: They are missing, half there or contradictory; the message names the variables.
    """
    present = {
        name: Secret(environ[name])
        for name in ("MATATIKA_CLIENT_ID", "MATATIKA_CLIENT_SECRET", "MATATIKA_ACCESS_TOKEN")
        if environ.get(name)
    }
    del environ
    token = present.pop("MATATIKA_ACCESS_TOKEN", None)
    if token and present:
        raise ConfigurationError(f"MATATIKA_ACCESS_TOKEN and {' and '.join(present)} are set: unset one or the other")
    if not token and len(present) < 2:  # an ID and a secret
        missing = [name for name in ("MATATIKA_CLIENT_ID", "MATATIKA_CLIENT_SECRET") if name not in present]
        raise ConfigurationError(f"{' and '.join(missing)} not set (and no MATATIKA_ACCESS_TOKEN in their place)")
    try:
        if token:
            return BearerToken(token)
        return ClientCredentials(present["MATATIKA_CLIENT_ID"].reveal(), present["MATATIKA_CLIENT_SECRET"])
    except ConfigurationError as error:
        message = f"MATATIKA_{'ACCESS_TOKEN' if token else 'CLIENT_ID or MATATIKA_CLIENT_SECRET'}: {error}"
    raise ConfigurationError(message)
