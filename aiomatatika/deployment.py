"""Where the API is, where its tokens come from, and under which other names its links may name it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping

import attrs
from yarl import URL

from aiomatatika.errors import ConfigurationError

__all__ = ["MELTANO", "PRODUCTION", "STAGING", "Deployment", "deployment_from_env"]

_HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", re.ASCII)
_URL_CHARACTERS = re.compile(r"[!-\[\]-~]+", re.ASCII)  # visible ASCII without the backslash


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked_url(text: str, argument: str) -> str:
    """Return the URL in its one spelling (lower-case host, no trailing slash), or raise `ConfigurationError`."""
    if not isinstance(text, str) or not _URL_CHARACTERS.fullmatch(text):
        raise ConfigurationError(f"{argument} must be a URL: visible ASCII characters without white space")
    try:
        url = URL(text)
        host = url.host  # decodes an internationalised name, which can fail too
    except ValueError:
        raise ConfigurationError(f"{argument} is not a URL") from None
    if url.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(f"{argument} must begin with https:// and a host")
    if "@" in text:
        raise ConfigurationError(f"{argument} must not hold a user name or password")
    if "?" in text or "#" in text:
        raise ConfigurationError(f"{argument} must have neither query nor fragment")
    if url.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(f"{argument} must be https: a token sent over http is anybody's (http: loopback only)")
    kept = str(url).rstrip("/")
    if "%" in text + kept or url.explicit_port == 0:  # what would have to be encoded is no root of an API
        raise ConfigurationError(f"{argument} is not a URL")
    return kept


def _text_or_empty(text: str | None) -> str:
    return text or ""


def _checked_hosts(hosts: Iterable[str]) -> tuple[str, ...]:
    if isinstance(hosts, str):
        raise ConfigurationError("alias_hosts must be a tuple of host names, not one string")
    names = tuple(host.lower() if isinstance(host, str) else "" for host in hosts)
    if not all(_HOST_NAME.fullmatch(name) for name in names):
        raise ConfigurationError("alias_hosts must be plain host names, such as 'app.matatika.com'")
    return names


@attrs.frozen
class Deployment:
    """An API and its identity provider.

    URLs are ``https``; ``http`` only for a loopback host. A trailing slash makes no difference.

    Args:
        api_url: The root of the API, such as ``https://app.matatika.com/api``.
        token_url: The token endpoint for `ClientCredentials` (RFC 6749 section 3.2). Never guessed from ``api_url``.
        audience: The audience that tokens are asked for; ``api_url`` where it is not given.
        alias_hosts: Other host names under which the API's links may name it. Such a link is re-rooted on ``api_url``:
            the token goes to no other origin.

    Raises:
        ConfigurationError: A URL cannot work; the message names the argument.
    """

    api_url: str
    token_url: str | None = None
    audience: str = attrs.field(default="", converter=_text_or_empty)
    alias_hosts: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        # Not in converters: an object that is half made when they raise has no repr for a traceback with locals.
        api_url = _checked_url(self.api_url, "api_url")
        checked: dict[str, object] = {
            "api_url": api_url,
            "token_url": None if self.token_url is None else _checked_url(self.token_url, "token_url"),
            "audience": self.audience or api_url,
            "alias_hosts": _checked_hosts(self.alias_hosts),
        }
        if not isinstance(checked["audience"], str):
            raise ConfigurationError("audience must be a str")
        for name, value in checked.items():
            object.__setattr__(self, name, value)


PRODUCTION = Deployment(
    "https://app.matatika.com/api",
    token_url="https://identity.matatika.com/oauth/token",
    alias_hosts=("app.meltano.com", "catalog.matatika.com"),
)
MELTANO = Deployment(
    "https://app.meltano.com/api",
    token_url="https://identity.matatika.com/oauth/token",
    alias_hosts=("app.matatika.com", "catalog.matatika.com"),
)
STAGING = Deployment(
    "https://staging.matatika.com/api",
    token_url="https://identity-staging.matatika.com/oauth/token",
    alias_hosts=("catalog-staging.matatika.com",),
)


def deployment_from_env(environ: Mapping[str, str]) -> Deployment:
    """Read ``MATATIKA_API_URL`` (left out: `PRODUCTION`), ``MATATIKA_TOKEN_URL`` and ``MATATIKA_AUDIENCE``.

    One of the three known deployments is recognised by its ``api_url`` and keeps its aliases; the other two variables
    replace its token endpoint and audience.

    Raises:
        ConfigurationError: A variable's value cannot work; the message names the variable.
    """
    api_url = environ.get("MATATIKA_API_URL") or None
    token_url = environ.get("MATATIKA_TOKEN_URL") or None
    audience = environ.get("MATATIKA_AUDIENCE") or None
    del environ  # it holds secrets, and a traceback with locals would show them
    try:
        deployment = Deployment(api_url) if api_url else PRODUCTION
        for known in (PRODUCTION, MELTANO, STAGING):
            if known.api_url == deployment.api_url:
                deployment = known
        if token_url:
            deployment = attrs.evolve(deployment, token_url=token_url)
        return attrs.evolve(deployment, audience=audience) if audience else deployment
    except ConfigurationError as error:
        message = str(error).replace("api_url", "MATATIKA_API_URL").replace("token_url", "MATATIKA_TOKEN_URL")
    raise ConfigurationError(message)
