"""Waiting until the identity provider accepts credentials: those of a new key can take half a minute."""

from __future__ import annotations

import asyncio
from typing import Final

from aiomatatika.auth.client_credentials import ClientCredentialsGrant
from aiomatatika.auth.token import Granted
from aiomatatika.credentials import ClientCredentials
from aiomatatika.errors import ConfigurationError, MatatikaError, RateLimitError, TransportTimeoutError
from aiomatatika.transport.client import Client
from aiomatatika.transport.clock import Deadline

__all__ = ["check_tokens_can_be_asked_for", "wait_for_acceptance"]

_FIRST_PAUSE: Final = 1.0
_MAX_PAUSE: Final = 5.0


def check_tokens_can_be_asked_for(client: Client) -> None:
    """Raise `ConfigurationError` where there is no token endpoint to ask."""
    if client.state.deployment.token_url is None:
        raise ConfigurationError(
            "whether a new key is accepted cannot be found out: give the Deployment its token_url (MATATIKA_TOKEN_URL)"
        )


async def wait_for_acceptance(client: Client, credentials: ClientCredentials, seconds: float) -> None:
    """Ask for tokens until one is granted.

    Raises:
        MatatikaError: The last reason for which none was.
        TransportTimeoutError: The token endpoint did not answer.
    """
    state, options = client.state, client.options
    grant = ClientCredentialsGrant(credentials, state.deployment, state.connections, state.clock, options)
    deadline, pause = Deadline(state.clock, seconds), _FIRST_PAUSE
    refusal: MatatikaError = TransportTimeoutError(f"no response within {seconds} s", sent="maybe")
    try:
        with state.lifetime.in_flight(max(seconds, options.timeouts.connect)):
            await asyncio.sleep(0)  # where the user's own timeout has run out, nothing is sent
            while not isinstance(outcome := await grant(1), Granted):
                refusal = outcome.error
                if isinstance(refusal, RateLimitError):
                    pause = max(pause, refusal.retry_after or 0.0)
                if pause >= deadline.left():
                    break
                await state.clock.sleep(pause)
                pause = min(2 * pause, _MAX_PAUSE)
            else:
                return
    except TimeoutError:
        state.lifetime.check_open()
    raise refusal
