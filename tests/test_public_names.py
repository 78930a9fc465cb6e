"""What programs outside rely on: the names of the package and how they are called."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import aiomatatika
from aiomatatika import errors, testing
from aiomatatika.resources.apikeys import ApiKeys
from aiomatatika.resources.profiles import Profiles

NAMES = [
    "AccessToken",
    "ApiError",
    "ApiKey",
    "AuthenticationError",
    "BadRequestError",
    "BearerToken",
    "ClientCredentials",
    "Collection",
    "ConfigurationError",
    "ConflictError",
    "Deployment",
    "ForbiddenError",
    "HalResource",
    "Link",
    "LinkError",
    "Links",
    "MELTANO",
    "MatatikaError",
    "MatatikaSession",
    "MethodNotAllowedError",
    "NewApiKey",
    "NotFoundError",
    "PRODUCTION",
    "Page",
    "PaginationError",
    "PendingError",
    "Profile",
    "RateLimitError",
    "Repeat",
    "Response",
    "ResponseError",
    "Retries",
    "STAGING",
    "Secret",
    "SecretDeliveryError",
    "SecretLostError",
    "ServerError",
    "SessionClosedError",
    "Timeouts",
    "TransportError",
    "UnsafeLinkError",
    "__version__",
]

SIGNATURES = {
    aiomatatika.MatatikaSession: "credentials, *, deployment, http, timeouts, retries, user_agent",
    aiomatatika.MatatikaSession.from_env: "**overrides",
    aiomatatika.MatatikaSession.with_options: "self, *, timeouts, retries",
    aiomatatika.MatatikaSession.follow: "self, target, rel, as_type",
    aiomatatika.MatatikaSession.request: "self, method, path_or_link, *, json, params, accept, repeat",
    aiomatatika.MatatikaSession.close: "self",
    ApiKeys.list: "self, *, size, sort, page, prefetch",
    ApiKeys.get: "self, key",
    ApiKeys.initialise: "self",
    ApiKeys.create: "self, name, *, draft, ready_within, save",
    ApiKeys.update: "self, key, *, name",
    ApiKeys.delete: "self, key",
    ApiKeys.rotate: "self, key, *, ready_within, save",
    ApiKeys.wait_until_accepted: "self, credentials, *, within",
    Profiles.list: "self",
    Profiles.get: "self, profile",
    aiomatatika.ClientCredentials: "client_id, client_secret",
    aiomatatika.BearerToken: "token",
    aiomatatika.AccessToken: "value, expires_in",
    aiomatatika.Deployment: "api_url, token_url, audience, alias_hosts",
    aiomatatika.Timeouts: "connect, read, total",
    aiomatatika.Retries: "attempts, first_delay, longest_delay",
    aiomatatika.Secret: "value",
    aiomatatika.Collection.pages: "self, *, max_pages",
    aiomatatika.Collection.page: "self",
    aiomatatika.Collection.first: "self",
    aiomatatika.Collection.collect: "self, limit",
    aiomatatika.Collection.count: "self",
    aiomatatika.Collection.at: "self, url",
}

DEPLOYMENTS = [
    (
        aiomatatika.PRODUCTION,
        "https://app.matatika.com/api",
        "https://identity.matatika.com/oauth/token",
        {"app.meltano.com", "catalog.matatika.com"},
    ),
    (
        aiomatatika.MELTANO,
        "https://app.meltano.com/api",
        "https://identity.matatika.com/oauth/token",
        {"app.matatika.com", "catalog.matatika.com"},
    ),
    (
        aiomatatika.STAGING,
        "https://staging.matatika.com/api",
        "https://identity-staging.matatika.com/oauth/token",
        {"catalog-staging.matatika.com"},
    ),
]


def parameters(target: Any) -> str:
    """Return the parameters in short: names, and `*` before those that need one."""
    names, starred = [], False
    for parameter in inspect.signature(target).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            names.append("*")
            starred = True
        names.append(f"**{parameter.name}" if parameter.kind is parameter.VAR_KEYWORD else parameter.name)
    return ", ".join(names)


def test_the_exported_names_are_these() -> None:
    assert sorted(aiomatatika.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_name_is_there(name: str) -> None:
    assert hasattr(aiomatatika, name)


def test_every_error_is_exported() -> None:
    assert set(errors.__all__) <= set(aiomatatika.__all__)


@pytest.mark.parametrize("target", SIGNATURES, ids=lambda target: target.__qualname__)
def test_a_call_has_these_parameters(target: Any) -> None:
    assert parameters(target) == SIGNATURES[target]


@pytest.mark.parametrize(
    "target",
    [getattr(aiomatatika, name) for name in NAMES if callable(getattr(aiomatatika, name))],
    ids=lambda target: target.__name__,
)
def test_a_public_class_and_its_methods_are_documented(target: Any) -> None:
    assert inspect.getdoc(target)
    undocumented = [
        name
        for name, member in vars(target).items()
        if not name.startswith("_") and inspect.isfunction(member) and not member.__doc__
    ]
    assert undocumented == []


@pytest.mark.parametrize("deployment, api_url, token_url, aliases", DEPLOYMENTS)
def test_a_known_deployment_is_where_the_vendor_says(
    deployment: aiomatatika.Deployment, api_url: str, token_url: str, aliases: set[str]
) -> None:
    assert (deployment.api_url, deployment.audience, deployment.token_url) == (api_url, api_url, token_url)
    assert set(deployment.alias_hosts) == aliases


def test_the_default_limits_are_these() -> None:
    timeouts, retries = aiomatatika.Timeouts(), aiomatatika.Retries()
    assert (timeouts.connect, timeouts.read, timeouts.total, retries.attempts) == (10, 30, 60, 3)
    assert inspect.signature(ApiKeys.rotate).parameters["ready_within"].default == 45
    assert inspect.signature(ApiKeys.create).parameters["ready_within"].default == 0


def test_the_testing_names_are_there() -> None:
    assert {"MatatikaServer", "ControlledClock"} <= set(testing.__all__)
