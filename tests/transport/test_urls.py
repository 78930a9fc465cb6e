"""The origin rule: whatever a link says, it names the configured API below its root, or it is refused."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from yarl import URL

from aiomatatika import MELTANO, PRODUCTION, STAGING, Deployment, LinkError, UnsafeLinkError
from aiomatatika.transport.urls import ApiRoot, path_segment, uuid_of, uuid_segment

API = "https://app.matatika.com/api"
LIST = f"{API}/apikeys/?page=0"


def resolved(href: str, base: str = LIST, deployment: Deployment = PRODUCTION) -> str:
    return str(ApiRoot.of(deployment).resolve(href, URL(base, encoded=True)))


# Accepted


@pytest.mark.parametrize(
    "path",
    """
    ?page=1 / //x /a;b=1/c /... /auth0%7C5eb0 /a%2Fb /%252e%252e/x /%FF%25 /apikeys?page=1
    /x?q=tag:x /x?q=a+b&q=c /x?q=%26x%3D1 /x?q=%2B%20%2C /x?q=a,b /x?q=%FF /x?q=%e9 /x?q /x?q= /x?q=a;b /x?q=[x]
    /x?q=%5Bx%5D /x?q=https://h/..// /x?q=a?b /x?q=!$'()*~._-@ /a.b?q=%C3%A9
    """.split(),  # noqa: SIM905  # one a line would be a page
)
def test_a_link_below_the_root_is_followed_as_it_was_written(path: str) -> None:
    assert resolved(API + path) == API + path
    assert resolved(f"https://app.meltano.com/api{path}") == API + path
    if "/x?" in path:
        assert resolved(path.removeprefix("/x")) == f"{API}/apikeys/{path.removeprefix('/x')}"


@pytest.mark.parametrize(
    "href, path",
    [
        *((API, ""), ("HTTPS://APP.Matatika.COM/api/x", "/x"), ("https://app.matatika.com:443/api/x", "/x")),
        *(("https://app.matatika.com:/api/x", "/x"), ("//app.matatika.com/api/x", "/x"), (f"{API}/a/../b", "/b")),
        *(("https://app.matatika.com/other/../api/b", "/b"), (f"{API}/x#fragment", "/x"), (f"{API}/x?", "/x")),
        *((f"{API}/x?a=1#fragment?b=2", "/x?a=1"), (f"{API}/%70rofiles", "/profiles")),
        ("/api/auth0|é?q=é😀", "/auth0%7C%C3%A9?q=%C3%A9%F0%9F%98%80"),
        *((f'{API}/x?q="<>|^`', "/x?q=%22%3C%3E%7C%5E%60"), (f"{API}/x?q=%&%4&%zz", "/x?q=%25&%254&%25zz")),
        # Relative: to the URL that answered.
        *(("?page=1", "/apikeys/?page=1"), ("./?page=1", "/apikeys/?page=1"), ("../apikeys?page=1", "/apikeys?page=1")),
        *(("x", "/apikeys/x"), ("x?next=http://evil.example/", "/apikeys/x?next=http://evil.example/"), ("..", "/")),
        *(("", "/apikeys/?page=0"), ("#top", "/apikeys/?page=0"), ("?", "/apikeys/"), ("/api/x?y", "/x?y")),
        # Other names of the API: an alias on the port of its scheme, and http, which is upgraded, never followed.
        *(("http://APP.meltano.com:80/api/x", "/x"), ("HTTP://catalog.matatika.com/api", "")),
        *(("http://app.matatika.com/api/x", "/x"), ("http://APP.matatika.com:80/api/x", "/x")),
    ],
)
def test_a_link_in_another_spelling_is_followed_as_the_api_is_called(href: str, path: str) -> None:
    assert resolved(href) == API + path


@pytest.mark.parametrize(
    "href, path", [("x", "/datasets/a%2Fb/x"), ("../x", "/datasets/x"), ("?q=x", "/datasets/a%2Fb/c?q=x")]
)
def test_what_is_encoded_in_the_url_that_answered_stays_so(href: str, path: str) -> None:
    assert resolved(href, f"{API}/datasets/a%2Fb/c") == API + path


@pytest.mark.parametrize(
    "api_url, href, followed",
    [
        ("https://api.example.com/v2/m", "https://app.matatika.com/api/x", "https://api.example.com/v2/m/x"),
        ("https://api.example.com", "https://app.matatika.com/api", "https://api.example.com/"),
        ("https://api.example.com", "https://api.example.com/x?y", "https://api.example.com/x?y"),
        ("https://api.example.com", "https://api.example.com?y", "https://api.example.com/?y"),
        ("https://h.example:8443/api", "http://h.example/api/x", "https://h.example:8443/api/x"),
        ("http://127.0.0.1:80/api", "http://127.0.0.1/api/x", "http://127.0.0.1/api/x"),
        ("https://[2001:db8::1]/api", "https://[2001:db8::1]:443/api/x", "https://[2001:db8::1]/api/x"),
        # Refused: an alias answers below its own root and not below ours; https is another origin than http.
        ("https://api.example.com/v2/m", "https://app.matatika.com/v2/m/x", None),
        ("https://h.example:8443/api", "http://h.example:8443/api/x", None),
        ("http://127.0.0.1:8080/api", "https://127.0.0.1:8080/api/x", None),
        ("http://127.0.0.1:8080/api", "http://127.0.0.1/api/x", None),
        ("http://127.0.0.1:8080/api", "http://localhost:8080/api/x", None),
        ("http://127.0.0.1/api", "https://127.0.0.1/api/x", None),
    ],
)
def test_links_of_other_deployments(api_url: str, href: str, followed: str | None) -> None:
    ours = Deployment(api_url, alias_hosts=("app.matatika.com",))
    if followed is None:
        with pytest.raises(UnsafeLinkError):
            resolved(href, api_url, ours)
    else:
        assert resolved(href, api_url, ours) == followed


@pytest.mark.parametrize("host", ["app.matatika.com", "app.meltano.com", "catalog.matatika.com"])
def test_a_link_to_production_by_any_of_its_names(host: str) -> None:
    for deployment in (PRODUCTION, MELTANO):
        assert resolved(f"https://{host}/api/x", LIST, deployment) == f"{deployment.api_url}/x"
    with pytest.raises(UnsafeLinkError):
        resolved(f"https://{host}/api/x", LIST, STAGING)


def test_an_upgrade_is_said_once_for_each_host_and_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    root = ApiRoot.of(PRODUCTION)
    with caplog.at_level(logging.DEBUG, "aiomatatika"):
        for _ in range(3):
            root.resolve("http://app.matatika.com/api/x?token=canary")
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.DEBUG, "links of app.matatika.com name it with http: upgraded to https, never followed as they stand")
    ]


# Refused


@pytest.mark.parametrize(
    "href",
    r"""
    https://evil.example/api/x //evil.example/api/x https://app.matatika.com.evil.example/api/x
    https://evilapp.matatika.com/api/x https://sub.app.matatika.com/api/x https://matatika.com/api/x
    https://app.matatika.com./api/x https://app%2ematatika.com/api/x https://app。matatika.com/api/x
    https://app.mаtatika.com/api/x https://ａpp.matatika.com/api/x https://app.matatika.com@evil.example/api/x
    https://u:p@app.matatika.com/api/x https://@app.matatika.com/api/x
    https://evil.example#@app.matatika.com/api/x https://evil.example?@app.matatika.com/api/x
    https://evil.example\@app.matatika.com/api/x https://app.matatika.com\@evil.example/api/x
    https://app.matatika.com:8443/api/x https://app.matatika.com:80/api/x http://app.matatika.com:443/api/x
    http://app.matatika.com:8080/api/x https://app.matatika.com:99999/api/x https://app.matatika.com:٤٤٣/api/x
    https://app.matatika.com:443:443/api/x https://app.meltano.com:8443/api/x https://u@app.meltano.com/api/x
    https://app.meltano.com.evil.example/api/x ftp://app.matatika.com/api/x ws://app.matatika.com/api/x
    file:///api/x data:text/plain,x javascript:alert(1) https:/api/x https:api/x https:///api/x ///api/x //
    https:// https://[::1]/api/x https://[::1/api/x https://127.1/api/x https://2130706433/api/x
    https://169.254.169.254/api/x mailto:x@app.matatika.com 1http:x 1http://evil.example/api/x
    https://app.matatika.com:/API/x {x}://app.matatika.com/api/../x data:application/json,{}
    """.split(),  # noqa: RUF001, SIM905  # letters that look alike; one a line would be a page
)
def test_a_link_to_another_origin_is_refused(href: str) -> None:
    with pytest.raises(LinkError if href.startswith("{") else UnsafeLinkError):
        resolved(href)


@pytest.mark.parametrize(
    "href, says",
    [
        ("1http:x", "is not a URL"),
        ("/other/x", "leaves the API's root path"),
        ("https:api/x", "is neither relative nor an http(s) URL"),
        ("https:///api/x", "has a user name, an odd host or another scheme than http(s)"),
        ("https://[::1]/api/x", "names another host than the API's"),
        ("https://app.matatika.com:99999/api/x", "names the API's host with another scheme or port"),
    ],
)
def test_a_refused_link_says_why(href: str, says: str) -> None:
    with pytest.raises(UnsafeLinkError) as caught:
        resolved(href)
    assert str(caught.value) == f"a link {says}: not followed"


@pytest.mark.parametrize(
    "start", ["https://app.matatika.com", "https://app.meltano.com", "http://app.matatika.com", ""]
)
@pytest.mark.parametrize(
    "path",
    r"""
    / /apix /API/x /other/api/x /api/../other /api/.. /api/%2e%2e/other /api/%2E%2E/other /api/.%2e/other
    /api/x/../../other /api/..;/other /api/..;jsessionid=1/other /api/%2e%2e;x/other /api/..%3bx/other
    /api/.;/other /api/..%2fother /api/x%2f..%2f..%2fother /api/..%5cother /api/..\other /api;x=1/other /api%2fx
    /%61pi/../x /api/%00 /api/%0d%0aHost:evil /api/%1f
    """.split(),  # noqa: SIM905  # as above
)
def test_a_link_that_leaves_the_root_is_refused(start: str, path: str) -> None:
    with pytest.raises(UnsafeLinkError):
        resolved(start + path)


@pytest.mark.parametrize("href", ["{}" + API, "https://app{}.matatika.com/api/x", "/api/x{}", "?q={}", "#{}"])
def test_characters_that_two_parsers_read_differently_are_refused(href: str) -> None:
    for character in " \t\r\n\0\x1f\x7f\x85\xa0\u2028\u3000\\\ud800":
        with pytest.raises(UnsafeLinkError):
            resolved(href.format(character))


@pytest.mark.parametrize("href", ["{?page}", "/api/{id}", f"{API}/x{{?q}}", "x?q={q", "?}", "{+path}/x"])
def test_a_uri_template_is_refused(href: str) -> None:
    with pytest.raises(LinkError, match="URI template") as caught:
        resolved(href)
    assert not isinstance(caught.value, UnsafeLinkError)


@pytest.mark.parametrize("prefix", [f"{API}/", f"{API}/a.b?"])
def test_a_link_of_8_kib_is_followed_and_a_longer_one_refused(prefix: str) -> None:
    longest = prefix.ljust(8192, "x")
    assert resolved(longest) == longest
    for href in (longest + "x", longest * 400, "?".ljust(8193, "x")):
        with pytest.raises(UnsafeLinkError, match="8 KiB"):
            resolved(href)


def test_a_link_that_its_encoding_or_its_base_makes_too_long_is_refused() -> None:
    assert len(resolved("?".ljust(8192 - len(f"{API}/apikeys/"), "x"))) == 8192
    for href, base in (("?q=" + "é" * 8_000, LIST), ("x" * 5_000, f"{API}/{'y' * 5_000}/z")):
        with pytest.raises(UnsafeLinkError, match="leads to a URL of more than 8 KiB"):
            resolved(href, base)


@pytest.mark.parametrize("href", [None, 5, b"/api/x", ["/api/x"], {"href": "/api/x"}])
def test_a_link_of_another_type_is_refused(href: Any) -> None:
    with pytest.raises(UnsafeLinkError):
        resolved(href)


@pytest.mark.parametrize(
    "href", ["https://canary@evil.example", "https://evil.example/canary", "/canary", "canary:x", "canary x", "canary{"]
)
def test_a_refusal_does_not_show_the_link(href: str) -> None:
    with pytest.raises(LinkError) as caught:
        resolved(href)
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


# Paths of our own, and of the caller


def test_a_path_of_the_library_goes_below_the_root() -> None:
    at = ApiRoot.of(PRODUCTION).at
    assert str(at("/apikeys")) == f"{API}/apikeys"
    for nothing in ({}, {"page": None}):
        assert str(at("/profiles/auth0%7C5eb0", nothing)) == f"{API}/profiles/auth0%7C5eb0"
    query = {"page": "0", "sort": ["name,asc", "created"]}
    assert str(at("/apikeys", query)) == f"{API}/apikeys?page=0&sort=name,asc&sort=created"


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=4))
def test_a_query_of_any_text_arrives(query: dict[str, str]) -> None:
    url = str(ApiRoot.of(PRODUCTION).at("/apikeys", query))
    assert dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)) == query
    assert resolved(url) == url


@pytest.mark.parametrize("path", ["workspaces?page=1", "/workspaces?page=1", "//workspaces?page=1"])
def test_a_path_of_the_caller_goes_below_the_root_with_or_without_its_slash(path: str) -> None:
    assert str(ApiRoot.of(PRODUCTION).below(path)) == f"{API}/workspaces?page=1"


@pytest.mark.parametrize("path", ["../oauth/token", "/x/../../y", "/%2e%2e/y", "/x y", "/..;/y", "/{x}"])
def test_a_path_of_the_caller_does_not_climb(path: str) -> None:
    with pytest.raises(LinkError):
        ApiRoot.of(PRODUCTION).below(path)


# Ids

KEY = "904cf92b-1111-4222-8333-944455556666"


class DriversUUID(UUID):
    """A UUID as drivers of databases make them."""


@given(st.uuids())
def test_a_uuid_and_its_canonical_text_are_the_same_id(uuid: UUID) -> None:
    for spelling in (uuid, DriversUUID(int=uuid.int), str(uuid), str(uuid).upper()):
        assert (uuid_of(spelling), uuid_segment(spelling)) == (uuid, str(uuid))


@pytest.mark.parametrize(
    "text",
    [
        *("", "canary", "../workspaces", f"+{KEY[1:]}", f" {KEY[1:]}", f"\n{KEY[1:]}", f"{KEY}\n", f"{KEY}-", KEY[:-1]),
        *(f"9_{KEY[2:]}", f"0x{KEY[2:]}", f"٩{KEY[1:]}", KEY.replace("-", ""), f"{KEY[:-1]}６"),  # noqa: RUF001  # digits
        *(f"{{{KEY}}}", f"urn:uuid:{KEY}", KEY.replace("b-1", "b1-"), None, 5, KEY.encode()),
    ],
)
def test_other_spellings_of_a_uuid_are_refused_and_not_shown(text: Any) -> None:
    with pytest.raises(ValueError, match=r"^workspace must be a UUID or its canonical text") as caught:
        uuid_segment(text, "workspace")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "text, segment",
    [
        *(("auth0|5eb0", "auth0%7C5eb0"), ("auth0%7C5eb0", "auth0%257C5eb0"), ("..;x", "..%3Bx"), ("...", "...")),
        *(("é", "%C3%A9"), ("X" * 512, "X" * 512)),
    ],
)
def test_an_id_is_encoded_once_and_never_decoded(text: str, segment: str) -> None:
    assert path_segment(text) == segment
    assert unquote(segment) == text


@pytest.mark.parametrize(
    "texts, must",
    [
        (["", "\r\n", "\0", "\ud800", "x" * 513, None, 5], "be a str of 1 to 512 printable characters"),
        (
            [".", "..", "a/b", "a\\b", "../x", "a b", "x?y", "x#y"],
            r"be one path segment, without slash, \?, # or white space",
        ),
    ],
    ids=["no text", "more or less than a segment"],
)
def test_an_id_that_is_no_segment_is_refused(texts: list[Any], must: str) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=f"^profile must {must}$"):
            path_segment(text, "profile")
