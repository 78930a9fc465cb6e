"""Where the API is: URLs that can work, the three that are known, and what the environment says."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from aiomatatika import MELTANO, PRODUCTION, STAGING, ConfigurationError, Deployment
from aiomatatika.deployment import deployment_from_env

API = "https://api.example.com/api"
TOKEN = "https://id.example.com/oauth/token"
URL_ARGUMENTS = pytest.mark.parametrize("argument", ["api_url", "token_url"])
API_URL, TOKEN_URL, AUDIENCE = (f"MATATIKA_{name}" for name in ("API_URL", "TOKEN_URL", "AUDIENCE"))


def deployment_with(argument: str, url: Any) -> Deployment:
    return Deployment(**{"api_url": API, argument: url})


@pytest.mark.parametrize(
    "deployment, api, identity, aliases",
    [
        (PRODUCTION, "app.matatika", "identity", {"app.meltano.com", "catalog.matatika.com"}),
        (MELTANO, "app.meltano", "identity", {"app.matatika.com", "catalog.matatika.com"}),
        (STAGING, "staging.matatika", "identity-staging", {"catalog-staging.matatika.com"}),
    ],
)
def test_three_deployments_are_known(deployment: Deployment, api: str, identity: str, aliases: set[str]) -> None:
    assert deployment.api_url == deployment.audience == f"https://{api}.com/api"
    assert deployment.token_url == f"https://{identity}.matatika.com/oauth/token"
    assert set(deployment.alias_hosts) == aliases


# URLs


@URL_ARGUMENTS
@pytest.mark.parametrize(
    "url, kept",
    [
        *((f"https://h.example{end}", "https://h.example") for end in ("", "/")),
        *((f"https://h.example/api{end}", "https://h.example/api") for end in ("/", "//")),
        ("HTTPS://H.Example/Api", "https://h.example/Api"),
        ("https://h.example:443/api", "https://h.example/api"),
        ("https://h.example:8443/api", "https://h.example:8443/api"),
        *((f"https://{host}/api", f"https://{host}/api") for host in ("10.0.0.1", "[2001:db8::1]")),
        *(
            (f"http://{host}/api", f"http://{host}/api")
            for host in ("localhost:8080", "127.0.0.1:1", "127.255.0.9", "[::1]:8080")
        ),
    ],
)
def test_a_url_is_kept_in_its_one_spelling(argument: str, url: str, kept: str) -> None:
    assert getattr(deployment_with(argument, url), argument) == kept


BAD_URLS: dict[str, list[Any]] = {
    "visible ASCII": ["", 5, b"https://h.example", "https://h.example\\@evil.example", "https://hé.example"],
    "white space": ["https://h.example/api\n", " https://h.example", "https://h.example/a b"],
    "is not a URL": [
        *("https://[::1", "https://h.example:99999", "https://h.example:0", "https://h.example:x", "https://xn--a/api"),
        *("https://h.example/%61pi", "https://h.example/[api]", "https://h%2eexample/api"),
    ],
    "must begin with https://": [
        *("h.example/api", "//h.example/api", "https:/h.example/api", "https:h.example", "https://"),
        *("ftp://h.example", "file:///etc/passwd"),
    ],
    "must not hold a user name": ["https://user:canary@h.example/api", "https://canary@h.example/api"],
    "neither query nor fragment": [f"https://h.example/api{end}" for end in ("?x=canary", "?", "#canary")],
    "must be https": [
        f"http://{host}/api"
        for host in ("h.example", "localhost.example", "127.0.0.1.example", "127.1", "2130706433", "10.0.0.1")
    ],
}


@URL_ARGUMENTS
@pytest.mark.parametrize("reason, url", [(reason, url) for reason, urls in BAD_URLS.items() for url in urls])
def test_a_url_that_cannot_work_is_refused_by_the_name_of_its_argument(argument: str, url: Any, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{argument} .*{reason}") as caught:
        deployment_with(argument, url)
    assert "canary" not in str(caught.value)


@given(st.text(st.characters(codec="ascii"), max_size=30), st.sampled_from(["", "https://", "http://localhost"]))
def test_whatever_the_url_there_is_a_deployment_or_a_configuration_error(text: str, start: str) -> None:
    try:
        deployment = Deployment(start + text)
    except ConfigurationError:
        return
    assert deployment.api_url.startswith(("https://", "http://localhost"))
    assert Deployment(deployment.api_url) == deployment
    assert not set(deployment.api_url) & set(" @?#%\\\r\n")


# Audience and aliases


@pytest.mark.parametrize("audience", ["", None])
def test_the_audience_is_the_api_unless_one_is_given(audience: Any) -> None:
    assert Deployment(f"{API}/", audience=audience).audience == API
    assert Deployment(API, audience="urn:Some thing/").audience == "urn:Some thing/"
    with pytest.raises(ConfigurationError, match=r"^audience must be a str"):
        Deployment(API, audience=5)  # type: ignore[arg-type]  # that is the question


def test_alias_hosts_are_kept_in_lower_case() -> None:
    aliases: Any = ["APP.Example.com", "localhost", "a" * 63]
    assert Deployment(API, alias_hosts=aliases).alias_hosts == ("app.example.com", "localhost", "a" * 63)


@pytest.mark.parametrize(
    "host",
    [
        *("", "https://h.example", "h.example/api", "h.example:443", "h.example.", ".example", "u@h", "*.example"),
        *("-a", "é", 5, "h example", "h.example\n", "[::1]", "a..b", "a" * 64),
    ],
)
def test_an_alias_other_than_a_plain_host_is_refused(host: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^alias_hosts must be plain host names"):
        Deployment(API, alias_hosts=("ok.example", host))


def test_one_alias_in_place_of_a_tuple_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^alias_hosts must be a tuple of host names, not one string"):
        Deployment(API, alias_hosts="h.example")  # type: ignore[arg-type]  # that is the question


def test_a_deployment_is_a_value() -> None:
    assert len({Deployment(API), Deployment(f"{API}/"), attrs.evolve(PRODUCTION, api_url=API)}) == 2
    with pytest.raises(AttributeError):
        PRODUCTION.api_url = API  # type: ignore[misc]  # that is the question


# The environment


@pytest.mark.parametrize(
    "environ, deployment",
    [
        ({}, PRODUCTION),
        ({API_URL: "", TOKEN_URL: "", AUDIENCE: ""}, PRODUCTION),
        ({API_URL: "https://APP.matatika.com/api/"}, PRODUCTION),
        ({API_URL: MELTANO.api_url}, MELTANO),
        ({API_URL: STAGING.api_url}, STAGING),
        ({API_URL: API}, Deployment(API, token_url=None)),  # never guessed
        ({API_URL: API, TOKEN_URL: TOKEN}, Deployment(API, token_url=TOKEN)),
        ({AUDIENCE: "x"}, attrs.evolve(PRODUCTION, audience="x")),
        ({TOKEN_URL: TOKEN}, attrs.evolve(PRODUCTION, token_url=TOKEN)),
        ({API_URL: API, TOKEN_URL: TOKEN, AUDIENCE: "x"}, Deployment(API, token_url=TOKEN, audience="x")),
    ],
)
def test_the_environment_names_a_deployment(environ: dict[str, str], deployment: Deployment) -> None:
    assert deployment_from_env(environ) == deployment


@pytest.mark.parametrize("name", [API_URL, TOKEN_URL])
def test_a_variable_that_cannot_work_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} must be https") as caught:
        deployment_from_env({name: "http://h.example"})
    assert caught.value.__context__ is None
