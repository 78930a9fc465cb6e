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
from aiomatatika.errors import InvalidArgumentError, LinkError, UnsafeLinkError
from aiomatatika.transport.query import Params, query_string

__all__ = ["ApiRoot", "path_segment", "path_segments", "uuid_of", "uuid_segment"]

_logger = logging.getLogger(__name__)

# RFC 3986 section 3.1 and 3.2, on the text as the server wrote it: yarl and a browser disagree about some authorities,
# so what is judged here has to be plain enough for nobody to read it otherwise.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.ASCII | re.IGNORECASE)
_AUTHORITY = re.compile(r"//([^/?#]*)")
_HOST_AND_PORT = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?", re.ASCII | re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]|\s")  # a lone surrogate would be left out without a word
# What nearly every link has after the API's root: nothing that could be read in two ways, or would have to be encoded.
_PLAIN = re.compile(r"(?:/[\w~-]++)++/?(?:\?(?:[\w.~!$&'()*+,;=:@/?-]++|%[0-9a-f]{2})++)?", re.ASCII | re.IGNORECASE)
# Characters that RFC 3986 has no place for in a query. Brackets are left as they are: servers write them.
_UNENCODED = re.compile(r"[^\w.~!$&'()*+,;=:@/?%\[\]-]|%(?![0-9a-f]{2})", re.ASCII | re.IGNORECASE)
_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
# yarl remembers what it parses, several times over.
_MAX_LENGTH = 8 * 2**10
_MAX_PATH = 1024
# The vendor's API answers below this path on each of its hosts.
_ALIAS_ROOT = "/api"


def uuid_of(text: str | UUID) -> UUID:
    """Return the UUID of a canonical text; `uuid.UUID` alone would read several others, some as a different id.

    Raises:
        InvalidArgumentError: It is not a canonical UUID. The value is not shown.
    """
    return text if isinstance(text, UUID) else UUID(uuid_segment(text))


def uuid_segment(text: str | UUID, what: str = "id") -> str:
    """Return a UUID, or its canonical text, as a path segment: in lower case. The rest as for `uuid_of`."""
    if type(text) is UUID:
        segment: str = msgspec.to_builtins(text)  # a quarter of the time of `str`
        return segment
    if isinstance(text, UUID):
        return str(text)
    if not isinstance(text, str) or not CANONICAL_UUID.fullmatch(text):
        raise InvalidArgumentError(f"{what} must be a UUID or its canonical text (8-4-4-4-12 hexadecimal digits)")
    return text.lower()


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


def path_segments(text: str, what: str) -> str:
    """Percent-encode a path of names, such as an alias or that of a file: each name is encoded, slashes stay.

    Raises:
        InvalidArgumentError: It is empty or too long, or a name in it is empty, a dot segment, or holds a backslash or
            control characters.
    """
    if not isinstance(text, str) or not 0 < len(text) <= _MAX_PATH or not text.isprintable() or "\\" in text:
        raise InvalidArgumentError(f"{what} must be a str of 1 to {_MAX_PATH} printable characters, without backslash")
    names = text.split("/")
    if any(name in {"", ".", ".."} for name in names):
        raise InvalidArgumentError(f"{what} must be names with one slash between them, and no . or ..")
    return "/".join(quote(name, safe="") for name in names)


def _climbs(path: str) -> bool:
    """Tell whether some server would read the encoded path as leaving the folder it seems to be in."""
    decoded = unquote(path, errors="replace").replace("\\", "/")
    # A servlet container cuts `;parameters` off each segment before it resolves the dots.
    segments = [segment.partition(";")[0] for segment in decoded.split("/")]
    return ".." in segments or "." in segments or any(ord(character) < 0x20 for character in decoded)


def _joined(base: URL, relative: URL) -> URL:
    """Resolve a relative path. Not by yarl alone: it decodes the base's path, and %2F in it becomes a slash."""
    if relative.scheme or relative.raw_authority:
        raise ValueError  # yarl sees a scheme, such as 1http, where RFC 3986 section 3.1 has none
    path = relative.raw_path
    if path and not path.startswith("/"):
        folder = base.raw_path.rpartition("/")[0]
        relative = URL.build(path=f"{folder}/{path}", encoded=True)
    return base.join(relative)


def _below(path: str, root: str) -> str:
    """Return what of a path is below the root; `UnsafeLinkError` where it is not below it."""
    below = path[len(root) :]
    if not path.startswith(root) or below[:1] not in {"", "/"} or _climbs(path):
        raise UnsafeLinkError("a link leaves the API's root path: not followed")
    return below


def _encoded_query(query: str) -> str:
    """Encode what a query cannot hold. All else stays as it was written: ``%20``, ``+``, ``%2C``, ``%FF``."""
    return _UNENCODED.sub(lambda match: quote(match[0], safe=""), query)


class ApiRoot(msgspec.Struct, frozen=True, eq=False):
    """The root of the API as the origin rule needs it.

    Attributes:
        url: The configured URL.
        text: Its origin and path, without a slash at the end: what the URL of every request begins with.
        names: What nearly every link begins with: the same, or how an alias host names it.
        scheme, host, port, path: Its parts; the port is the scheme's own where none is written.
        alias_hosts: The other hosts that links may name it by.
    """

    url: URL
    text: str
    names: tuple[str, ...]
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
        path = url.raw_path.rstrip("/")
        text = f"{url.origin()}{path}"
        return cls(
            url=url,
            text=text,
            names=(text, *(f"https://{host}{_ALIAS_ROOT}" for host in deployment.alias_hosts)),
            scheme=url.scheme,
            host=url.host_subcomponent or "",
            port=url.port or _DEFAULT_PORTS[url.scheme],
            path=path,
            alias_hosts=frozenset(deployment.alias_hosts),
        )

    def at(self, path: str, query: Params | None = None) -> URL:
        """Return the URL of an encoded path below the root, such as ``/profiles``.

        Raises:
            InvalidArgumentError: A parameter has no form in a query.
        """
        # From the whole text: yarl remembers it, with all that it found out about it. `with_path` costs 4 us more.
        added = query_string(query) if query else ""
        return URL(f"{self.text}{path}?{added}" if added else f"{self.text}{path}", encoded=True)

    def below(self, path: str) -> URL:
        """Return the URL of a path that the caller wrote: below the root, with or without a leading slash.

        Raises:
            UnsafeLinkError: The path climbs out of the root, or is too long.
            LinkError: The path is a URI template.
        """
        return self.resolve(f"{self.path}/{path.lstrip('/')}", self.url)

    def resolve(self, href: str, base: URL | None = None) -> URL:
        """Return the URL that a link names, on the configured origin and below the API's root.

        A relative link is resolved against ``base``, the URL that answered. An absolute one is accepted when it names

        - the API's own scheme, host (in any case) and port, a default port written out or not;
        - the API's host over ``http`` on port 80 while the API is ``https``: it is upgraded;
        - an alias host on its default port, below its ``/api``: it is re-rooted on the API's URL.

        The query stays as it was written, byte for byte; the fragment is dropped.

        Raises:
            UnsafeLinkError: Anything else: another origin, a user name, a path above the root, another scheme, white
                space, more than 8 KiB.
            LinkError: The link is a URI template: it has braces.
        """
        if not isinstance(href, str) or len(href) > _MAX_LENGTH or _FORBIDDEN.search(href):
            raise UnsafeLinkError(
                "a link holds white space, a control character or a backslash, or more than 8 KiB: not followed"
            )
        for name in self.names:
            if href.startswith(name) and _PLAIN.fullmatch(href, len(name)):
                return URL(f"{self.text}{href[len(name) :]}", encoded=True)
        try:
            text = self._rooted(href.partition("#")[0], base or self.url)
        except ValueError:
            text = ""
        if not text:
            raise UnsafeLinkError("a link is not a URL: not followed")
        if len(text) > _MAX_LENGTH:
            raise UnsafeLinkError("a link leads to a URL of more than 8 KiB: not followed")
        return URL(text, encoded=True)

    def _rooted(self, reference: str, base: URL) -> str:
        """Judge a link without its fragment, and put its path and query on the configured origin."""
        place, mark, query = reference.partition("?")
        scheme = _SCHEME.match(place)
        authority = _AUTHORITY.match(place, scheme.end() if scheme else 0)
        if scheme and not authority:
            raise UnsafeLinkError("a link is neither relative nor an http(s) URL: not followed")
        root = self._judge(scheme[1].lower() if scheme else self.scheme, authority[1]) if authority else self.path
        if "{" in reference or "}" in reference:
            raise LinkError("a link is a URI template: expand it, or percent-encode its braces")
        target = URL(place if scheme else f"{self.scheme}:{place}") if authority else _joined(base, URL(place))
        query = _encoded_query(query) if mark or place else base.raw_query_string
        path = _below(target.raw_path or "/", root) or ("" if self.path else "/")
        return f"{self.text}{path}?{query}" if query else f"{self.text}{path}"

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
