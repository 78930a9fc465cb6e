"""Waiting until the identity provider accepts credentials: those of a new key can take half a minute."""

from __future__ import annotations

import asyncio
from typing import Final

from aiomatatika.credentials import ClientCredentials
from aiomatatika.errors import MatatikaError, RateLimitError, TransportTimeoutError
from aiomatatika.transport.call import Caller, Deadline
from aiomatatika.transport.tokens import Granted

__all__ = ["wait_for_acceptance"]

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 5.0


async def wait_for_acceptance(caller: Caller, credentials: ClientCredentials, seconds: float) -> None:
    """Ask for tokens until one is granted.

    Raises:
        MatatikaError: Why none was, the last time that there was an answer.
        TransportTimeoutError: There was none.
    """
    core = caller.core
    refusal: MatatikaError = TransportTimeoutError(f"no answer within {seconds} s", sent="maybe")
    grant, deadline, pause = core.grant_for(credentials), Deadline(core.clock, seconds), _FIRST_PAUSE
    limit = asyncio.timeout(max(seconds, caller.timeouts.connect))
    try:
        async with limit:
            core.enter(limit, protected=False)  # closing the session ends it: aiohttp leaves a reader waiting
            try:
                await asyncio.sleep(0)  # a limit of the caller's that has run out shows here, before anything is sent
                while not isinstance(outcome := await grant(1), Granted):
                    refusal = outcome.error
                    if isinstance(refusal, RateLimitError):
                        pause = max(pause, refusal.retry_after or 0.0)
                    if pause >= deadline.left():
                        break
                    await core.clock.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                else:
                    return
            finally:
                core.leave(limit)
    except TimeoutError:
        core.check_open()
    raise refusal
