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
from aiomatatika.transport.urls import ApiRoot, path_segment, uuid_of

API = "https://app.matatika.com/api"
LIST = f"{API}/apikeys/?page=0"


def resolved(href: str, base: str = LIST, deployment: Deployment = PRODUCTION) -> str:
    return str(ApiRoot.of(deployment).resolve(href, URL(base, encoded=True)))


# Accepted


@pytest.mark.parametrize(
    "href, path",
    [
        (f"{API}/apikeys?page=1", "/apikeys?page=1"),
        ("HTTPS://APP.Matatika.COM/api/x", "/x"),
        ("https://app.matatika.com:443/api/x", "/x"),
        ("https://app.matatika.com:/api/x", "/x"),
        ("//app.matatika.com/api/x", "/x"),
        (API, ""),
        (f"{API}/", "/"),
        (f"{API}?page=1", "?page=1"),
        (f"{API}/a/../b", "/b"),
        ("https://app.matatika.com/other/../api/b", "/b"),
        (f"{API}//x", "//x"),
        (f"{API}/a;b=1/c", "/a;b=1/c"),
        (f"{API}/...", "/..."),
        (f"{API}/x#fragment", "/x"),
        (f"{API}/x?a=1#fragment?b=2", "/x?a=1"),
        (f"{API}/x?", "/x"),
        (f"{API}/%70rofiles", "/profiles"),
        (f"{API}/auth0%7C5eb0", "/auth0%7C5eb0"),
        (f"{API}/a%2Fb", "/a%2Fb"),
        (f"{API}/%252e%252e/x", "/%252e%252e/x"),
        (f"{API}/%FF%25", "/%FF%25"),
        ("/api/auth0|é?q=é", "/auth0%7C%C3%A9?q=%C3%A9"),
        # Relative: to the URL that answered.
        ("?page=1", "/apikeys/?page=1"),
        ("./?page=1", "/apikeys/?page=1"),
        ("../apikeys?page=1", "/apikeys?page=1"),
        ("/api/apikeys?page=1", "/apikeys?page=1"),
        ("x", "/apikeys/x"),
        ("x?next=http://evil.example/", "/apikeys/x?next=http://evil.example/"),
        ("..", "/"),
        ("", "/apikeys/?page=0"),
        ("#top", "/apikeys/?page=0"),
        ("?", "/apikeys/"),
        # Other names of the API: an alias on the port of its scheme, and http, which is upgraded, never followed.
        ("https://app.meltano.com/api/apikeys?page=1", "/apikeys?page=1"),
        ("http://APP.meltano.com:80/api/x", "/x"),
        ("HTTP://catalog.matatika.com/api", ""),
        ("http://app.matatika.com/api/x", "/x"),
        ("http://APP.matatika.com:80/api/x", "/x"),
    ],
)
def test_a_link_below_the_root_is_followed(href: str, path: str) -> None:
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


def test_a_relative_link_without_an_answer_starts_from_the_root() -> None:
    assert str(ApiRoot.of(PRODUCTION).resolve("/api/x")) == f"{API}/x"


def test_an_upgrade_is_said_once_for_each_host_and_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    root = ApiRoot.of(PRODUCTION)
    with caplog.at_level(logging.DEBUG, "aiomatatika"):
        for _ in range(3):
            root.resolve("http://app.matatika.com/api/x?token=canary")
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.DEBUG, "links of app.matatika.com name it with http: upgraded to https, never followed as they stand")
    ]


@pytest.mark.parametrize(
    "query",
    [
        *("q=tag:x", "q=a+b&q=c", "q=%26x%3D1", "q=%2B", "q=%20", "q=%2C", "q=a,b", "q=%FF", "q=%e9", "q=%C3%A9", "q"),
        *("q=", "q=a;b", "q=[x]", "q=%5Bx%5D", "q=https://h/..//", "q=a?b", "q=!$'()*~._-@"),
    ],
)
@pytest.mark.parametrize("place", ["", f"{API}/apikeys", "https://app.meltano.com/api/x", f"{API}/a.b"])
def test_a_query_is_kept_as_it_was_written(place: str, query: str) -> None:
    assert resolved(f"{place}?{query}").partition("?")[2] == query


@pytest.mark.parametrize(
    "query, encoded",
    [('q="<>|^`', "q=%22%3C%3E%7C%5E%60"), ("q=é😀", "q=%C3%A9%F0%9F%98%80"), ("q=%&%4&%zz", "q=%25&%254&%25zz")],
)
def test_what_a_query_cannot_hold_is_encoded(query: str, encoded: str) -> None:
    assert resolved(f"{API}/x?{query}") == f"{API}/x?{encoded}"


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


@pytest.mark.parametrize(
    "character", [*" \t\r\n\0\x1f\x7f\x85\xa0\u2028\u3000\\\ud800"], ids=lambda character: f"{ord(character):x}"
)
@pytest.mark.parametrize("href", ["{}" + API, "https://app{}.matatika.com/api/x", "/api/x{}", "?q={}", "#{}"])
def test_characters_that_two_parsers_read_differently_are_refused(href: str, character: str) -> None:
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


@pytest.mark.parametrize(
    "path, query, expected",
    [
        ("/apikeys", None, "/apikeys"),
        ("/profiles/auth0%7C5eb0", {}, "/profiles/auth0%7C5eb0"),
        ("/apikeys", {"page": "0", "sort": ["name,asc", "created"]}, "/apikeys?page=0&sort=name,asc&sort=created"),
    ],
)
def test_a_path_of_the_library_goes_below_the_root(path: str, query: Any, expected: str) -> None:
    assert str(ApiRoot.of(PRODUCTION).at(path, query)) == API + expected


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


@given(st.uuids())
def test_a_uuid_and_its_canonical_text_are_the_same_id(uuid: UUID) -> None:
    assert uuid_of(uuid) == uuid_of(str(uuid)) == uuid_of(str(uuid).upper()) == uuid


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
        uuid_of(text, "workspace")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "text, segment",
    [
        ("auth0|5eb0", "auth0%7C5eb0"),
        ("auth0%7C5eb0", "auth0%257C5eb0"),
        ("..;x", "..%3Bx"),
        ("...", "..."),
        ("é", "%C3%A9"),
        ("x" * 512, "x" * 512),
    ],
)
def test_an_id_is_encoded_once_and_never_decoded(text: str, segment: str) -> None:
    assert path_segment(text) == segment
    assert unquote(segment) == text


@pytest.mark.parametrize("text", ["", "\r\n", "\0", "\ud800", "x" * 513, None, 5])
def test_an_id_that_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match=r"^profile must be a str of 1 to 512 printable characters$"):
        path_segment(text, "profile")


@pytest.mark.parametrize("text", [".", "..", "a/b", "a\\b", "../x", "a b", "x?y", "x#y"])
def test_an_id_that_is_more_or_less_than_a_segment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^profile must be one path segment, without slash, \?, # or white space$"):
        path_segment(text, "profile")
