"""The origin rule: whatever a link says, it names the configured API below its root, or it is refused."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import pytest
from hypothesis import example, given, strategies as st
from yarl import URL

from aiomatatika import MELTANO, PRODUCTION, STAGING, Deployment, UnsafeLinkError
from aiomatatika.transport.urls import ApiRoot, path_segment, uuid_of

LIST = "https://app.matatika.com/api/apikeys?page=0"
DEPLOYMENTS = [
    PRODUCTION,
    MELTANO,
    STAGING,
    Deployment("https://api.example.com", alias_hosts=("app.matatika.com",)),
    Deployment("https://api.example.com:8443/some/api"),
    Deployment("http://127.0.0.1:8080/api", alias_hosts=("app.matatika.com",)),
    Deployment("https://[2001:db8::1]/api"),
]


def resolved(href: str, base: str = LIST, deployment: Deployment = PRODUCTION) -> str:
    return str(ApiRoot.of(deployment).resolve(href, URL(base)))


# Accepted


@pytest.mark.parametrize(
    "href, path",
    [
        ("https://app.matatika.com/api/apikeys?page=1", "/apikeys/?page=1"),
        ("HTTPS://APP.Matatika.COM/api/x", "/x"),
        ("https://app.matatika.com:443/api/x", "/x"),
        ("https://app.matatika.com:/api/x", "/x"),
        ("//app.matatika.com/api/x", "/x"),
        ("https://app.matatika.com/api", ""),
        ("https://app.matatika.com/api/", "/"),
        ("https://app.matatika.com/api?page=1", "?page=1"),
        ("https://app.matatika.com/api/a/../b", "/b"),
        ("https://app.matatika.com/other/../api/b", "/b"),
        ("https://app.matatika.com/api//x", "//x"),
        ("https://app.matatika.com/api/a;b=1/c", "/a;b=1/c"),
        ("https://app.matatika.com/api/...", "/..."),
        ("https://app.matatika.com/api/x#fragment", "/x"),
    ],
)
def test_a_link_below_the_root_is_followed(href: str, path: str) -> None:
    assert resolved(href) == PRODUCTION.api_url + path


@pytest.mark.parametrize(
    "href, path",
    [
        ("?page=1", "/apikeys/?page=1"),
        ("./?page=1", "/apikeys/?page=1"),
        ("../apikeys?page=1", "/apikeys/?page=1"),
        ("/api/apikeys?page=1", "/apikeys/?page=1"),
        ("x", "/apikeys/x"),
        ("..", "/"),
        ("", "/apikeys/?page=0"),
        ("#top", "/apikeys/?page=0"),
    ],
)
def test_a_relative_link_starts_from_the_url_that_answered(href: str, path: str) -> None:
    assert resolved(href) == PRODUCTION.api_url + path


@pytest.mark.parametrize(
    "href, path", [("x", "/datasets/a%2Fb/x"), ("../x", "/datasets/x"), ("?q=x", "/datasets/a%2Fb/c?q=x")]
)
def test_what_is_encoded_in_the_url_that_answered_stays_so(href: str, path: str) -> None:
    assert resolved(href, f"{PRODUCTION.api_url}/datasets/a%2Fb/c") == PRODUCTION.api_url + path


def test_a_relative_link_without_an_answer_starts_from_the_root() -> None:
    assert str(ApiRoot.of(PRODUCTION).resolve("/api/x")) == f"{PRODUCTION.api_url}/x"


@pytest.mark.parametrize("host", ["app.meltano.com", "APP.meltano.com", "catalog.matatika.com"])
@pytest.mark.parametrize("scheme", ["https", "http", "HTTP"])
def test_a_link_to_an_alias_is_rooted_anew(scheme: str, host: str) -> None:
    assert resolved(f"{scheme}://{host}/api/apikeys?page=1") == f"{PRODUCTION.api_url}/apikeys/?page=1"


def test_an_alias_answers_below_its_own_root_and_not_below_ours() -> None:
    ours = Deployment("https://api.example.com/v2/matatika", alias_hosts=("app.matatika.com",))
    assert resolved("https://app.matatika.com/api/x", ours.api_url, ours) == f"{ours.api_url}/x"
    with pytest.raises(UnsafeLinkError):
        resolved("https://app.matatika.com/v2/matatika/x", ours.api_url, ours)


@pytest.mark.parametrize("href", ["http://app.matatika.com/api/x", "http://APP.matatika.com:80/api/x"])
def test_http_is_upgraded_never_followed(href: str) -> None:
    assert resolved(href) == f"{PRODUCTION.api_url}/x"


def test_an_upgraded_link_takes_the_port_of_the_api() -> None:
    ours = Deployment("https://h.example:8443/api")
    assert resolved("http://h.example/api/x", ours.api_url, ours) == "https://h.example:8443/api/x"


def test_an_upgrade_is_said_once_for_each_host_and_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    root = ApiRoot.of(PRODUCTION)
    with caplog.at_level(logging.DEBUG, "aiomatatika"):
        for _ in range(3):
            root.resolve("http://app.matatika.com/api/x?token=canary")
    (record,) = caplog.records
    assert record.levelno == logging.DEBUG
    assert "app.matatika.com" in record.message
    assert "canary" not in record.message


@pytest.mark.parametrize(
    "query",
    [
        "q=tag:x",
        "q=a+b&q=c",
        "q=%26x%3D1",
        "q=%2B",
        "q=%FF",
        "q=%C3%A9",
        "q",
        "q=",
        "q=a;b",
        "q=%5Bx%5D",
        "q=https://h/..//",
    ],
)
def test_a_query_is_kept_as_it_was_written(query: str) -> None:
    assert resolved(f"?{query}") == f"{PRODUCTION.api_url}/apikeys/?{query}"


@pytest.mark.parametrize("path", ["/auth0%7C5eb0", "/a%2Fb", "/%252e%252e/x", "/%FF", "/%25"])
def test_an_encoded_path_is_not_encoded_twice(path: str) -> None:
    assert resolved(PRODUCTION.api_url + path) == PRODUCTION.api_url + path


def test_what_a_url_cannot_hold_as_it_is_is_encoded() -> None:
    assert resolved("/api/auth0|é?q=é") == f"{PRODUCTION.api_url}/auth0%7C%C3%A9?q=%C3%A9"


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
    """.split(),  # noqa: RUF001, SIM905  # letters that look alike; one a line would be a page
)
def test_a_link_to_another_origin_is_refused(href: str) -> None:
    with pytest.raises(UnsafeLinkError):
        resolved(href)


@pytest.mark.parametrize(
    "start", ["https://app.matatika.com", "https://app.meltano.com", "http://app.matatika.com", ""]
)
@pytest.mark.parametrize(
    "path",
    r"""
    / /apix /API/x /other/api/x /api/../other /api/.. /api/%2e%2e/other /api/%2E%2e/other /api/.%2e/other
    /api/x/../../other /api/..;/other /api/..;jsessionid=1/other /api/%2e%2e;x/other /api/..%3bx/other
    /api/.;/other /api/..%2fother /api/x%2f..%2f..%2fother /api/..%5cother /api/..\other /api;x=1/other /api%2fx
    /%61pi/../x /api/%00 /api/%0d%0aHost:evil
    """.split(),  # noqa: SIM905  # as above
)
def test_a_link_that_leaves_the_root_is_refused(start: str, path: str) -> None:
    with pytest.raises(UnsafeLinkError):
        resolved(start + path)


@pytest.mark.parametrize(
    "character",
    [" ", "\t", "\r", "\n", "\0", "\x1f", "\x7f", "\x85", "\xa0", "\u2028", "\u3000", "\\", "\ud800"],
)
@pytest.mark.parametrize(
    "href", ["{}https://app.matatika.com/api/x", "https://app{}.matatika.com/api/x", "/api/x{}", "?q={}"]
)
def test_characters_that_two_parsers_read_differently_are_refused(href: str, character: str) -> None:
    with pytest.raises(UnsafeLinkError):
        resolved(href.format(character))


@pytest.mark.parametrize("href", [None, 5, b"/api/x", ["/api/x"], {"href": "/api/x"}])
def test_a_link_that_is_no_text_is_refused(href: Any) -> None:
    with pytest.raises(UnsafeLinkError):
        resolved(href)


def test_https_is_another_origin_than_an_api_on_loopback_http() -> None:
    ours = Deployment("http://127.0.0.1:8080/api")
    assert resolved("http://127.0.0.1:8080/api/x", ours.api_url, ours) == "http://127.0.0.1:8080/api/x"
    for href in ("https://127.0.0.1:8080/api/x", "http://127.0.0.1/api/x", "http://localhost:8080/api/x"):
        with pytest.raises(UnsafeLinkError):
            resolved(href, ours.api_url, ours)


def test_a_refusal_does_not_show_the_link() -> None:
    for href in ("https://canary@evil.example", "https://evil.example/canary", "/canary", "canary:x", "canary x"):
        with pytest.raises(UnsafeLinkError) as caught:
            resolved(href)
        assert "canary" not in str(caught.value)
        assert caught.value.__context__ is None


# The rule, for links that nobody thought of

HOSTS = ["app.matatika.com", "app.meltano.com", "APP.MATATIKA.COM", "api.example.com", "127.0.0.1", "[2001:db8::1]"]
HOSTS += ["evil.example", "[::1]", "", "localhost", "app.matatika.com.", "app%2ematatika.com", "ａpp.matatika.com"]  # noqa: RUF001  # full width
SEGMENTS = [
    "api",
    "some",
    "..",
    ".",
    "%2e%2e",
    ".%2E",
    "..;x",
    "%2e;a=b",
    "..%2f",
    "%5c..",
    "",
    "x",
    "é",
    "%",
    "%zz",
    "@",
    ":",
]
authorities = st.tuples(
    st.sampled_from(["", "", "", "u@", "u:p@", "@", "app.matatika.com@", "evil.example\\@", "evil.example#@"]),
    st.sampled_from(HOSTS),
    st.sampled_from(["", "", "", ":", ":443", ":80", ":8080", ":8443", ":0443", ":x", ":443@evil.example", ":99999"]),
).map("".join)
paths = st.lists(st.sampled_from(SEGMENTS) | st.text(max_size=3), max_size=6).map("/".join)
absolute = st.tuples(
    st.sampled_from(["https:", "http:", "HTTPS:", "ftp:", "javascript:", ""]),
    st.sampled_from(["//", "//", "//", "/", "", "///", "/\\", "\\\\"]),
    authorities,
    st.sampled_from(["/api/", "/api", "/", "", "?", "#", "/some/api/"]),
    paths,
    st.sampled_from(["", "?page=1", "#x", "?q=%FF&@evil.example/", "?//evil.example"]),
).map("".join)
relative = st.tuples(st.sampled_from(["", "/", "/api/", "./", "../", "?", "#", "//"]), paths).map("".join)
hrefs = absolute | relative | st.text(st.characters(), max_size=30)


@given(hrefs, st.sampled_from(DEPLOYMENTS), st.sampled_from(["", "/apikeys/?page=0", "/a/b/c"]))
@example("https://app.matatika.com:443@evil.example/api/", PRODUCTION, "")
@example("/api/..;/x", PRODUCTION, "")
@example("https://app.matatika.com/api", Deployment("https://api.example.com", alias_hosts=("app.matatika.com",)), "")
def test_every_link_ends_on_the_configured_origin_below_the_root_or_in_unsafe_link_error(
    href: str, deployment: Deployment, answered: str
) -> None:
    try:
        url = resolved(href, deployment.api_url + answered, deployment)
    except UnsafeLinkError:
        return
    parts, api = urlsplit(url), urlsplit(deployment.api_url)
    assert (parts.scheme, parts.netloc, parts.fragment) == (api.scheme, api.netloc, "")
    root, path = api.path.rstrip("/"), parts.path
    assert path == root or path.startswith(f"{root}/")
    seen_by_a_servlet = [segment.partition(";")[0] for segment in unquote(path).replace("\\", "/").split("/")]
    assert not {".", ".."} & set(seen_by_a_servlet)
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert resolved(url, deployment.api_url, deployment) == url, "what was judged once is judged the same again"


@given(paths, st.dictionaries(st.text(min_size=1), st.text(), max_size=4))
def test_a_query_of_any_text_arrives(path: str, query: dict[str, str]) -> None:
    url = ApiRoot.of(PRODUCTION).at("/apikeys", query)
    assert dict(parse_qsl(urlsplit(str(url)).query, keep_blank_values=True)) == query
    assert resolved(str(url)) == str(url)


# Paths of our own


def test_a_path_of_the_library_goes_below_the_root() -> None:
    root = ApiRoot.of(PRODUCTION)
    assert str(root.at("/apikeys")) == f"{PRODUCTION.api_url}/apikeys/"
    assert str(root.at("/profiles/auth0%7C5eb0", {})) == f"{PRODUCTION.api_url}/profiles/auth0%7C5eb0"
    assert str(root.at("/apikeys", {"page": "0", "sort": "name,asc"})).endswith("/apikeys/?page=0&sort=name,asc")


@pytest.mark.parametrize("path", ["workspaces?page=1", "/workspaces?page=1", "//workspaces?page=1"])
def test_a_path_of_the_caller_goes_below_the_root_with_or_without_its_slash(path: str) -> None:
    assert str(ApiRoot.of(PRODUCTION).below(path)) == f"{PRODUCTION.api_url}/workspaces?page=1"


@pytest.mark.parametrize("path", ["../oauth/token", "/x/../../y", "/%2e%2e/y", "/x y", "/..;/y"])
def test_a_path_of_the_caller_does_not_climb(path: str) -> None:
    with pytest.raises(UnsafeLinkError):
        ApiRoot.of(PRODUCTION).below(path)


# Ids


@given(st.uuids())
def test_a_uuid_and_its_canonical_text_are_the_same_id(uuid: UUID) -> None:
    assert uuid_of(uuid) == uuid_of(str(uuid)) == uuid_of(str(uuid).upper()) == uuid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9_04cf92-1111-4222-8333-944455556666",
        "+904cf92-1111-4222-8333-944455556666",
        "0x04cf92-1111-4222-8333-944455556666",
        " 904cf92-1111-4222-8333-944455556666",
        "\n904cf92-1111-4222-8333-944455556666",
        "904cf92b-1111-4222-8333-944455556666\n",
        "٩04cf92b-1111-4222-8333-944455556666",
        "904cf92b11114222833394445555666６",  # noqa: RUF001  # a full-width digit
        "904cf92b111142228333944455556666",
        "{904cf92b-1111-4222-8333-944455556666}",
        "urn:uuid:904cf92b-1111-4222-8333-944455556666",
        "904cf92b1-111-4222-8333-944455556666",
        "904cf92b-1111-4222-8333-94445555666",
        "904cf92b-1111-4222-8333-944455556666-",
        "../workspaces",
        "canary",
        None,
        5,
        b"904cf92b-1111-4222-8333-944455556666",
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
        ("google-oauth2|1", "google-oauth2%7C1"),
        ("x?force=true", "x%3Fforce%3Dtrue"),
        ("x#y", "x%23y"),
        ("..;x", "..%3Bx"),
        ("...", "..."),
        ("é", "%C3%A9"),
    ],
)
def test_an_id_is_encoded_once_and_never_decoded(text: str, segment: str) -> None:
    assert path_segment(text) == segment


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a/b", "a\\b", "../x", "a b", "a\u3000b", "a\r\nb", "\0", "\ud800", "x" * 513, None, 5]
)
def test_an_id_that_is_more_or_less_than_a_segment_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match=r"^profile must be"):
        path_segment(text, "profile")


@given(st.text(st.characters(), max_size=20))
def test_whatever_the_id_it_stays_one_segment_of_the_path(text: str) -> None:
    try:
        segment = path_segment(text)
    except ValueError:
        return
    url = ApiRoot.of(PRODUCTION).at(f"/profiles/{segment}")
    assert url.raw_path == f"/api/profiles/{segment}"
    assert unquote(segment) == text
