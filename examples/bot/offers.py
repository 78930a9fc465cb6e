"""The questions that the bot has asked, and the key that it must not touch."""

from __future__ import annotations

import secrets

import attrs

from aiomatatika import ApiKey

_MOST_OFFERS = 100


@attrs.frozen
class Offer:
    """A rotation that was offered: good for one decision, by one user."""

    user: int
    key: ApiKey


class Offers:
    """The offers that are still open; the oldest are forgotten."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}

    def add(self, offer: Offer) -> str:
        """Keep an offer, and return its name."""
        for oldest in list(self._offers)[: 1 - _MOST_OFFERS]:
            del self._offers[oldest]
        name = secrets.token_urlsafe(12)
        self._offers[name] = offer
        return name

    def get(self, name: str) -> Offer | None:
        """Return an offer that is still open."""
        return self._offers.get(name)

    def take(self, name: str) -> None:
        """Close an offer."""
        del self._offers[name]


class OwnKey:
    """Knows the key that the bot itself uses."""

    def __init__(self, client_id: str | None) -> None:
        self._client_id = client_id

    def is_it(self, key: ApiKey) -> bool:
        """Tell whether a key must not be rotated here.

        With a bearer token the session has no client ID; the account's default key, on which the API shows a token, is
        the one that most such tokens come from.
        """
        return key.access_token is not None or (self._client_id is not None and key.client_id == self._client_id)
