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


def deployment_with(argument: str, url: Any) -> Deployment:
    return Deployment(**{"api_url": API, argument: url})


# The known ones


@pytest.mark.parametrize(
    "deployment, api_url, token_url, alias_hosts",
    [
        (PRODUCTION, "https://app.matatika.com", "https://identity.matatika.com", {"app.meltano", "catalog.matatika"}),
        (MELTANO, "https://app.meltano.com", "https://identity.matatika.com", {"app.matatika", "catalog.matatika"}),
        (
            STAGING,
            "https://staging.matatika.com",
            "https://identity-staging.matatika.com",
            {"catalog-staging.matatika"},
        ),
    ],
)
def test_three_deployments_are_known(
    deployment: Deployment, api_url: str, token_url: str, alias_hosts: set[str]
) -> None:
    assert deployment.api_url == deployment.audience == f"{api_url}/api"
    assert deployment.token_url == f"{token_url}/oauth/token"
    assert set(deployment.alias_hosts) == {f"{host}.com" for host in alias_hosts}


# URLs


@URL_ARGUMENTS
@pytest.mark.parametrize(
    "url, kept",
    [
        ("https://h.example", "https://h.example"),
        ("https://h.example/", "https://h.example"),
        ("https://h.example/api/", "https://h.example/api"),
        ("https://h.example/api//", "https://h.example/api"),
        ("HTTPS://H.Example/Api", "https://h.example/Api"),
        ("https://h.example:443/api", "https://h.example/api"),
        ("https://h.example:8443/api", "https://h.example:8443/api"),
        ("https://10.0.0.1/api", "https://10.0.0.1/api"),
        ("https://[2001:db8::1]/api", "https://[2001:db8::1]/api"),
        ("http://localhost:8080/api", "http://localhost:8080/api"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("http://127.255.0.9/api", "http://127.255.0.9/api"),
        ("http://[::1]:8080/api", "http://[::1]:8080/api"),
    ],
)
def test_a_url_is_kept_in_its_one_spelling(argument: str, url: str, kept: str) -> None:
    assert getattr(deployment_with(argument, url), argument) == kept


@URL_ARGUMENTS
@pytest.mark.parametrize(
    "url, reason",
    [
        ("", "visible ASCII"),
        (5, "visible ASCII"),
        (b"https://h.example", "visible ASCII"),
        ("https://h.example/api\n", "white space"),
        (" https://h.example", "white space"),
        ("https://h.example/a b", "white space"),
        ("https://h.example\\@evil.example", "visible ASCII"),
        ("https://hé.example", "visible ASCII"),
        ("https://[::1", "is not a URL"),
        ("https://h.example:99999", "is not a URL"),
        ("https://h.example:0", "is not a URL"),
        ("https://h.example:x", "is not a URL"),
        ("https://xn--a/api", "is not a URL"),
        ("https://h.example/%61pi", "is not a URL"),
        ("https://h.example/[api]", "is not a URL"),
        ("https://h%2eexample/api", "is not a URL"),
        ("h.example/api", "must begin with https://"),
        ("//h.example/api", "must begin with https://"),
        ("https:/h.example/api", "must begin with https://"),
        ("https:h.example", "must begin with https://"),
        ("https://", "must begin with https://"),
        ("ftp://h.example", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("https://user:canary@h.example/api", "must not hold a user name"),
        ("https://canary@h.example/api", "must not hold a user name"),
        ("https://h.example/api?x=canary", "neither query nor fragment"),
        ("https://h.example/api?", "neither query nor fragment"),
        ("https://h.example/api#canary", "neither query nor fragment"),
        ("http://h.example/api", "must be https"),
        ("http://localhost.example/api", "must be https"),
        ("http://127.0.0.1.example/api", "must be https"),
        ("http://127.1/api", "must be https"),
        ("http://2130706433/api", "must be https"),
        ("http://10.0.0.1/api", "must be https"),
    ],
)
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
def test_the_audience_is_the_api_where_none_is_given(audience: Any) -> None:
    assert Deployment(f"{API}/", audience=audience).audience == API


def test_an_audience_is_kept_as_it_is() -> None:
    assert Deployment(API, audience="urn:Some thing/").audience == "urn:Some thing/"
    with pytest.raises(ConfigurationError, match=r"^audience must be a str"):
        Deployment(API, audience=5)  # type: ignore[arg-type]  # that is the question


def test_a_deployment_without_a_token_endpoint_has_none() -> None:
    assert Deployment(API).token_url is None


def test_alias_hosts_are_kept_in_lower_case() -> None:
    aliases: Any = ["APP.Example.com", "localhost"]
    assert Deployment(API, alias_hosts=aliases).alias_hosts == ("app.example.com", "localhost")


@pytest.mark.parametrize(
    "host",
    [
        "",
        "https://h.example",
        "h.example/api",
        "h.example:443",
        "h.example.",
        ".example",
        "u@h",
        "*.example",
        "-a",
        "é",
        5,
        "h example",
        "h.example\n",
        "[::1]",
        "a..b",
        "a" * 64,
    ],
)
def test_an_alias_that_is_no_plain_host_is_refused(host: Any) -> None:
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
        ({"MATATIKA_API_URL": "", "MATATIKA_TOKEN_URL": "", "MATATIKA_AUDIENCE": ""}, PRODUCTION),
        ({"MATATIKA_API_URL": "https://APP.matatika.com/api/"}, PRODUCTION),
        ({"MATATIKA_API_URL": MELTANO.api_url}, MELTANO),
        ({"MATATIKA_API_URL": STAGING.api_url}, STAGING),
        ({"MATATIKA_API_URL": API}, Deployment(API)),
        ({"MATATIKA_API_URL": API, "MATATIKA_TOKEN_URL": TOKEN}, Deployment(API, token_url=TOKEN)),
        ({"MATATIKA_AUDIENCE": "x"}, attrs.evolve(PRODUCTION, audience="x")),
        ({"MATATIKA_TOKEN_URL": TOKEN}, attrs.evolve(PRODUCTION, token_url=TOKEN)),
        (
            {"MATATIKA_API_URL": API, "MATATIKA_TOKEN_URL": TOKEN, "MATATIKA_AUDIENCE": "x"},
            Deployment(API, token_url=TOKEN, audience="x"),
        ),
    ],
)
def test_the_environment_names_a_deployment(environ: dict[str, str], deployment: Deployment) -> None:
    assert deployment_from_env(environ) == deployment


def test_an_unknown_api_in_the_environment_gets_no_guessed_token_endpoint() -> None:
    assert deployment_from_env({"MATATIKA_API_URL": "https://staging.matatika.example/api"}).token_url is None


@pytest.mark.parametrize("name", ["MATATIKA_API_URL", "MATATIKA_TOKEN_URL"])
def test_a_variable_that_cannot_work_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} must be https") as caught:
        deployment_from_env({name: "http://h.example"})
    assert caught.value.__context__ is None
