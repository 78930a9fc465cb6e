"""Waiting until the identity provider accepts credentials: those of a new key can take half a minute."""

from __future__ import annotations

import asyncio
from typing import Final

from aiomatatika.credentials import ClientCredentials
from aiomatatika.errors import MatatikaError, RateLimitError, TransportTimeoutError
from aiomatatika.transport.client import Client
from aiomatatika.transport.clock import Deadline
from aiomatatika.transport.tokens import Granted

__all__ = ["wait_for_acceptance"]

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 5.0


async def wait_for_acceptance(client: Client, credentials: ClientCredentials, seconds: float) -> None:
    """Ask for tokens until one is granted.

    Raises:
        MatatikaError: Why none was, the last time that there was an answer.
        TransportTimeoutError: There was none.
    """
    state = client.state
    grant, deadline, pause = state.grant_for(credentials), Deadline(state.clock, seconds), _FIRST_PAUSE
    refusal: MatatikaError = TransportTimeoutError(f"no answer within {seconds} s", sent="maybe")
    try:
        async with asyncio.timeout(max(seconds, client.timeouts.connect)) as limit:
            with state.in_flight(limit):
                await asyncio.sleep(0)  # where the user's own timeout has run out, nothing is sent
                while not isinstance(outcome := await grant(1), Granted):
                    refusal = outcome.error
                    if isinstance(refusal, RateLimitError):
                        pause = max(pause, refusal.retry_after or 0.0)
                    if pause >= deadline.left():
                        break
                    await state.clock.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                else:
                    return
    except TimeoutError:
        state.check_open()
    raise refusal
