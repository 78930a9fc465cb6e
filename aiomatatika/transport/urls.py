"""Where a request may go: the origin rule, and ids into path segments.

Every `next`, action link, redirect and resumed page passes through `ApiRoot.resolve`. What it returns is always built
on the configured origin: the server's text can choose a path below the API's root and a query, never a host.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote
from uuid import UUID

import msgspec
from yarl import URL

from aiomatatika.decoding.json_text import CANONICAL_UUID
from aiomatatika.deployment import Deployment
from aiomatatika.errors import InvalidArgumentError, UnsafeLinkError

__all__ = ["ApiRoot", "path_segment", "uuid_of"]

_logger = logging.getLogger(__name__)

# RFC 3986 section 3.1 and 3.2, on the text as the server wrote it: yarl and a browser disagree about some authorities,
# so what is judged here has to be plain enough for nobody to read it otherwise.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.ASCII | re.IGNORECASE)
_AUTHORITY = re.compile(r"//([^/?#]*)")
_HOST_AND_PORT = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?", re.ASCII | re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]|\s")  # a lone surrogate would be left out without a word
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
# The vendor's API answers below this path on each of its hosts.
_ALIAS_ROOT = "/api"


def uuid_of(text: str | UUID, what: str = "id") -> UUID:
    """Return the UUID of a canonical text; `uuid.UUID` alone would read several others, some as a different id.

    Raises:
        InvalidArgumentError: It is not a canonical UUID. The value is not shown.
    """
    if isinstance(text, UUID):
        return text
    if not isinstance(text, str) or not CANONICAL_UUID.fullmatch(text):
        raise InvalidArgumentError(f"{what} must be a UUID or its canonical text (8-4-4-4-12 hexadecimal digits)")
    return UUID(text)


def path_segment(text: str, what: str = "id") -> str:
    """Percent-encode an id as one path segment: ``auth0|5eb0`` becomes ``auth0%7C5eb0``. Nothing is decoded.

    Raises:
        InvalidArgumentError: It is empty, a dot segment, too long, or holds a slash, white space or control characters.
    """
    if not isinstance(text, str) or not 0 < len(text) <= 512 or not text.isprintable():
        raise InvalidArgumentError(f"{what} must be a str of 1 to 512 printable characters")
    if text in {".", ".."} or any(character.isspace() or character in "/\\?#" for character in text):
        raise InvalidArgumentError(f"{what} must be one path segment, without slash, ?, # or white space")
    return quote(text, safe="")


def _climbs(path: str) -> bool:
    """Tell whether some server would read the encoded path as leaving the folder it seems to be in."""
    decoded = unquote(path, errors="replace").replace("\\", "/")
    # A servlet container cuts `;parameters` off each segment before it resolves the dots.
    segments = [segment.partition(";")[0] for segment in decoded.split("/")]
    return ".." in segments or "." in segments or any(ord(character) < 0x20 for character in decoded)


def _joined(base: URL, relative: URL) -> URL:
    """Resolve a relative reference. Not by yarl alone: it decodes the base's path, and %2F in it becomes a slash."""
    if relative.scheme or relative.raw_authority:
        raise ValueError("yarl sees a scheme that is none (RFC 3986 section 3.1), such as 1http")
    path = relative.raw_path
    if path and not path.startswith("/"):
        folder = base.raw_path.rpartition("/")[0]
        relative = URL.build(path=f"{folder}/{path}", query_string=relative.raw_query_string, encoded=True)
    return base.join(relative)


class ApiRoot(msgspec.Struct, frozen=True, eq=False):
    """The root of the API as the origin rule needs it."""

    url: URL
    origin: str
    scheme: str
    host: str
    port: int
    path: str
    alias_hosts: frozenset[str]
    _upgraded_hosts: set[str] = msgspec.field(default_factory=set)

    @classmethod
    def of(cls, deployment: Deployment) -> ApiRoot:
        """Return the root of a deployment's API."""
        url = URL(deployment.api_url)
        return cls(
            url=url,
            origin=str(url.origin()),
            scheme=url.scheme,
            host=url.host_subcomponent or "",
            port=url.port or _DEFAULT_PORTS[url.scheme],
            path=url.raw_path.rstrip("/"),
            alias_hosts=frozenset(deployment.alias_hosts),
        )

    def at(self, path: str, query: Mapping[str, str | list[str]] | None = None) -> URL:
        """Return the URL of an encoded path below the root, such as ``/profiles``."""
        # From the whole text: yarl remembers it, with all that it found out about it. `with_path` costs 4 us more.
        url = URL(f"{self.origin}{self.path}{path}", encoded=True)
        return url.with_query(query) if query else url

    def below(self, path: str) -> URL:
        """Return the URL of a path that the caller wrote: below the root, with or without a leading slash.

        Raises:
            UnsafeLinkError: The path climbs out of the root.
        """
        return self.resolve(self.path + "/" + path.lstrip("/"), self.url)

    def resolve(self, href: str, base: URL | None = None) -> URL:
        """Return the URL that a link names, on the configured origin and below the API's root.

        A relative link is resolved against ``base``, the URL that answered. An absolute one is accepted when it names

        - the API's own scheme, host (in any case) and port, a default port written out or not;
        - the API's host over ``http`` on port 80 while the API is ``https``: it is upgraded;
        - an alias host on its default port, below its ``/api``: it is re-rooted on the API's URL.

        Raises:
            UnsafeLinkError: Anything else: other origin, user name, path above the root, another scheme, white space.
        """
        if not isinstance(href, str) or _FORBIDDEN.search(href):
            raise UnsafeLinkError("a link holds white space, a control character or a backslash: not followed")
        scheme = _SCHEME.match(href)
        rest = href[scheme.end() :] if scheme else href
        authority = _AUTHORITY.match(rest)
        if scheme and not authority:
            raise UnsafeLinkError("a link is neither relative nor an http(s) URL: not followed")
        try:
            if not authority:
                return self._rooted(_joined(base or self.url, URL(href)), self.path)
            root = self._judge(scheme[1].lower() if scheme else self.scheme, authority[1])
            return self._rooted(URL(href if scheme else f"{self.scheme}:{href}"), root)
        except ValueError:
            pass
        raise UnsafeLinkError("a link is not a URL: not followed")

    def _judge(self, scheme: str, authority: str) -> str:
        """Return the path that the authority's API answers below, or raise `UnsafeLinkError`."""
        match = _HOST_AND_PORT.fullmatch(authority)
        default = _DEFAULT_PORTS.get(scheme)
        if not match or default is None:
            raise UnsafeLinkError("a link has a user name, an odd host or another scheme than http(s): not followed")
        host, port = match[1].lower(), int(match[2] or default)
        if host == self.host:
            upgraded = scheme == "http" and port == default and self.scheme == "https"
            if upgraded and host not in self._upgraded_hosts:
                self._upgraded_hosts.add(host)
                _logger.debug("links of %s name it with http: upgraded to https, never followed as they stand", host)
            if upgraded or (scheme, port) == (self.scheme, self.port):
                return self.path
            raise UnsafeLinkError("a link names the API's host with another scheme or port: not followed")
        if host in self.alias_hosts and port == default:
            return _ALIAS_ROOT
        raise UnsafeLinkError("a link names another host than the API's: not followed")

    def _rooted(self, url: URL, root: str) -> URL:
        """Put a judged path and query on the configured origin."""
        path = url.raw_path or "/"
        below = path[len(root) :]
        if not path.startswith(root) or below[:1] not in {"", "/"} or _climbs(path):
            raise UnsafeLinkError("a link leaves the API's root path: not followed")
        target = self.url.with_path(self.path + below or "/", encoded=True)
        # The query as it was written: decoding it would lose the bytes that are no UTF-8.
        return URL(f"{target}?{url.raw_query_string}", encoded=True) if url.raw_query_string else target
