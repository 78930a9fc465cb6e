"""The origin rule under fire: whatever a server writes into a link, the token stays at the API."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit
from uuid import UUID

from hypothesis import given, strategies as st
from yarl import URL

from aiomatatika import MELTANO, PRODUCTION, Deployment, LinkError
from aiomatatika.transport.urls import ApiRoot, path_segment, uuid_of

from .hostile import CANARY, odd_texts

ROOTS = [
    ApiRoot.of(deployment)
    for deployment in (
        PRODUCTION,
        MELTANO,
        Deployment("https://api.example.com"),
        Deployment("https://api.example.com:8443/a/b.c"),
        Deployment("http://127.0.0.1:8080/api"),
        Deployment("http://[::1]:8080/api"),
    )
]
_HOSTS = [
    *("app.matatika.com", "APP.Matatika.com", "app.meltano.com", "catalog.matatika.com", "api.example.com"),
    *("127.0.0.1", "127.1", "[::1]", "[0::1]", "evil.example", "app.matatika.com.evil.example", "localhost"),
    *("app.matatika.com.", "xn--app-matatika", "\u0430pp.matatika.com", "app。matatika。com", "app%2ematatika.com"),
]
_PIECES = [
    *("http:", "https:", "HTTPS:", "javascript:", "ftp:", "//", "///", "/", "\\", "/\\", "@", "user@", "user:pw@"),
    *_HOSTS,
    *(":443", ":80", ":8080", ":8443", ":0", ":65536", ":", ":٤٤٣"),
    *("/api", "/api/", "/apikeys", "/API", "/a/b.c", "/apix", "api", "..", ".", "/../", "/./", "/..;/", "/;x/../"),
    *("%2e%2e", "%2E.", "%2f", "%5c", "%252e%252e", "%00", "%0d%0a", "%zz", "%c0%ae", "%ff", "auth0%7C5eb0", "|"),
    *("?page=1", "?", f"&token={CANARY}", "?next=https://evil.example", "?q=%ff", "#", "#fragment", " ", "\r\n", "\t"),
]
hrefs = st.lists(st.sampled_from(_PIECES) | odd_texts, max_size=7).map("".join)
below_roots = st.sampled_from(["", "/apikeys", "/apikeys/?page=3&size=20", "/profiles/auth0%7C5eb0"])


def resolved(root: ApiRoot, href: str, base: URL | None = None) -> URL | None:
    """Return where a link leads; None where it is refused."""
    try:
        return root.resolve(href, base)
    except LinkError as refusal:
        said = str(refusal)
    assert CANARY not in said
    return None


def assert_at_the_api(root: ApiRoot, url: URL) -> None:
    """Judge a URL by what goes on the wire, and by another parser than the library's."""
    assert (url.scheme, url.host_subcomponent, url.port) == (root.scheme, root.host, root.port)
    text = str(url)
    assert re.fullmatch(r"[!-~]+", text), "a request line is visible ASCII"
    parts = urlsplit(text)
    assert parts.netloc == urlsplit(str(root.url)).netloc
    assert "@" not in parts.netloc
    assert parts.fragment == ""
    assert parts.path == root.path or parts.path.startswith(f"{root.path}/")
    segments = [segment.partition(";")[0] for segment in re.split(r"[/\\]", unquote(parts.path))]
    assert not {".", ".."} & set(segments)


@given(root=st.sampled_from(ROOTS), href=hrefs, base=st.none() | below_roots)
def test_a_link_leads_to_the_api_or_is_refused(root: ApiRoot, href: str, base: str | None) -> None:
    url = resolved(root, href, None if base is None else URL(f"{root.url}{base}", encoded=True))
    if url is not None:
        assert_at_the_api(root, url)


@given(root=st.sampled_from(ROOTS), href=hrefs)
def test_a_resolved_link_resolves_to_itself(root: ApiRoot, href: str) -> None:
    url = resolved(root, href)
    if url is not None:
        # In yarl's spelling: it writes %3A for a colon in a relative link, and takes it back in an absolute one.
        assert URL(str(root.resolve(str(url)))) == URL(str(url))
        if not url.raw_path.startswith("//"):  # that would be a host in a link of its own
            assert URL(str(root.resolve(url.raw_path_qs, url))) == URL(str(url))


@given(root=st.sampled_from(ROOTS), hrefs=st.lists(hrefs, max_size=4))
def test_no_chain_of_links_leads_away(root: ApiRoot, hrefs: list[str]) -> None:
    base = root.at("/apikeys")
    for href in hrefs:
        base = resolved(root, href, base) or base
        assert_at_the_api(root, base)


@given(root=st.sampled_from(ROOTS), path=hrefs)
def test_a_path_of_the_callers_stays_below_the_root(root: ApiRoot, path: str) -> None:
    try:
        url = root.below(path)
    except LinkError:
        return
    assert_at_the_api(root, url)


@given(text=odd_texts | st.text(max_size=12))
def test_an_id_becomes_one_path_segment_or_is_refused(text: str) -> None:
    try:
        segment = path_segment(text)
    except ValueError:
        return
    assert re.fullmatch(r"[A-Za-z0-9._~%-]+", segment)
    assert unquote(segment) == text
    for root in ROOTS:
        url = root.at(f"/profiles/{segment}")
        assert_at_the_api(root, url)
        assert url.raw_name == segment


@given(text=st.uuids().map(str) | st.from_regex(r"[{(]?[0-9a-fA-F-]{30,38}[)}]?") | odd_texts)
def test_an_id_is_a_uuid_in_its_canonical_text_or_is_refused(text: str) -> None:
    try:
        identity = uuid_of(text)
    except ValueError:
        assert not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower(), re.ASCII)
    else:
        assert isinstance(identity, UUID)
        assert str(identity) == text.lower()
