"""An issuer of tokens that a test answers for: what a `TokenSource` is made with where no socket is wanted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aiomatatika import RateLimitError, Secret, TransportError
from aiomatatika.auth.source import TokenSource
from aiomatatika.auth.token import Granted, Instant, Refused, Token
from aiomatatika.testing import ControlledClock
from aiomatatika.transport.lifetime import Lifetime

Answer = Refused | BaseException | float | None

DAY = 86_400.0


def down() -> Refused:
    return Refused(TransportError("the token endpoint answered 503", sent="no"))


def limited(retry_after: float | None) -> Refused:
    error = RateLimitError(429, error="Too Many Requests")
    error.retry_after = retry_after
    return Refused(error)


class Issuer:
    """Grants "token-1", "token-2" and so on.

    Attributes:
        answers: What it answers, in order, and then ``lifetime``: the seconds that a token lives, a refusal, or
            something to raise.
        asked: For each time that it was asked, how many requests it was allowed.
        gate: While it is cleared, nobody gets an answer.
    """

    def __init__(self, clock: ControlledClock, lifetime: float | None = DAY) -> None:
        self.clock = clock
        self.lifetime = lifetime
        self.answers: deque[Answer] = deque()
        self.asked: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.session = Lifetime()
        self.source = TokenSource(self, clock, self.session)

    async def __call__(self, attempts: int) -> Granted | Refused:
        self.asked.append(attempts)
        value, asked_at = Secret(f"token-{len(self.asked)}"), Instant.now(self.clock)
        await self.gate.wait()
        answer = self.answers.popleft() if self.answers else self.lifetime
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Refused) else Granted(value, answer, asked_at)

    async def token(self) -> Token:
        """Return the token that the source hands out."""
        return await self.source.get(lambda: 60.0)

    async def close(self) -> None:
        """Close as a session does."""
        await self.session.close()
        await self.source.close()

    async def get(self, time_left: Callable[[], float] = lambda: 60.0) -> str:
        """Return the token that the source hands out, in clear text."""
        return (await self.source.get(time_left)).value.reveal()

    async def get_and_settle(self) -> str:
        """Do the same, and let what was begun in the background come to its end."""
        token = await self.get()
        for _ in range(20):
            await asyncio.sleep(0)
        return token

    async def get_at(self, age: float) -> str:
        """Do the same at an age of the clock's beginning."""
        self.clock.advance(age - (self.clock.monotonic() - self._beginning))
        return await self.get_and_settle()

    async def first(self) -> str:
        """Fetch the first token and count ages from here."""
        self._beginning = self.clock.monotonic()
        return await self.get()
