"""The fault plan: which requests are answered badly, and how."""

from __future__ import annotations

import asyncio
import fnmatch
import json as json_module
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Any, Literal

from multidict import CIMultiDict

from aiomatatika.testing.answers import Answer, json_bytes, oauth_error, phrase, spring_error, unauthorized
from aiomatatika.testing.log import RecordedRequest

__all__ = ["Fault", "FaultPlan"]

_OAUTH_ERRORS = {
    401: ("access_denied", "Unauthorized"),
    403: ("access_denied", "Service not enabled within domain"),
    429: ("too_many_requests", "Client quota exceeded"),
}

Body = bytes | str | Callable[[RecordedRequest], bytes | str | AsyncIterator[bytes]]


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """One entry of the plan, as `FaultPlan.add` describes it. Its ``repr`` shows no header, body or raw bytes.

    Attributes:
        hits: How many requests it was used on.
    """

    method: str | None = None
    path: str | re.Pattern[str] | None = None
    query: Mapping[str, str] | None = field(default=None, repr=False)
    status: int | None = None
    headers: Mapping[str, str | None] | None = field(default=None, repr=False)
    body: Body | None = field(default=None, repr=False)
    json: Any = field(default=..., repr=False)
    edit: Callable[[Any], Any] | None = field(default=None, repr=False)
    raw: bytes | None = field(default=None, repr=False)
    delay: float | asyncio.Event | None = field(default=None, repr=False)
    drip: float | None = field(default=None, repr=False)
    cut_after: int | None = None
    drop: Literal["before", "after"] | None = None
    reset: bool = False
    act: bool | None = field(default=None, repr=False)
    times: int | None = 1
    skip: int = 0
    hits: int = field(default=0, init=False)
    _path: re.Pattern[str] | None = field(default=None, init=False, repr=False)
    _waiting: list[tuple[int, asyncio.Future[None]]] = field(default_factory=list[Any], init=False, repr=False)

    def __post_init__(self) -> None:
        bodies = [self.body is not None, self.json is not ..., self.edit is not None]
        answers = self.status is not None or self.headers is not None or any(bodies)
        for wrong, why in (
            (sum(bodies) > 1, "body, json and edit replace the same thing: give one of them"),
            (self.drop is not None and self.raw is not None, "drop sends nothing, raw sends something"),
            ((self.drop or self.raw is not None) and answers, "nothing of an answer is left with drop or raw"),
            (
                (self.drop or self.raw is not None) and self.cut_after is not None,
                "cut_after cuts an answer: drop and raw have none",
            ),
            (self.drop is not None and self.drip is not None, "drop sends nothing that could drip"),
            (self.drop is not None and self.act not in {None, self.drop == "after"}, 'act is what drop="…" says'),
            (
                self.reset and not self.drop and self.raw is None and self.cut_after is None,
                "reset is how a connection ends: it needs drop, raw or cut_after",
            ),
            (self.edit is not None and self.act is False, "edit changes the real answer: the server has to act"),
            (
                self.act is False and not (answers or self.drop or self.raw is not None),
                "without acting there is no answer: give status, body, json, raw or drop",
            ),
            (self.drop not in {None, "before", "after"}, 'drop is "before" or "after"'),
            (self.times is not None and self.times < 1, "times is 1 or more, or None for ever"),
            (min(self.skip, self.cut_after or 0, self.drip or 0) < 0, "a number is negative"),
        ):
            if wrong:
                raise ValueError(why)
        self.method = None if self.method is None else self.method.upper()
        if isinstance(self.path, str):
            # A star is one character or more: "/api/apikeys/*" is every key, and not their list.
            self._path = re.compile(fnmatch.translate(self.path.replace("*", "?*")))
        else:
            self._path = self.path

    @property
    def acts(self) -> bool:
        """Whether the server does what it is asked to do, whatever it says of it."""
        if self.act is not None:
            return self.act
        if self.drop is not None:
            return self.drop == "after"
        return self.status is None or self.edit is not None

    @property
    def spent(self) -> bool:
        """Whether it has no uses left."""
        return self.times is not None and self.hits >= self.times

    def matches(self, request: RecordedRequest) -> bool:
        """Tell whether a request is one of those that this fault is for."""
        return (
            (self.method is None or self.method == request.method)
            and (self._path is None or self._path.fullmatch(request.path) is not None)
            and (self.query is None or self.query.items() <= request.query.items())
        )

    def use(self) -> None:
        """Count a use, and wake those who wait for it."""
        self.hits += 1
        for hits, future in self._waiting:
            if hits <= self.hits and not future.done():
                future.set_result(None)

    async def wait(self, hits: int = 1) -> None:
        """Wait until it was used on so many requests: the last of them has arrived, and is not answered yet."""
        if self.hits < hits:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((hits, future))
            await future

    def answer(self, request: RecordedRequest, real: Answer | None, *, now: int) -> Answer:
        """Return what is said in place of the real answer.

        Args:
            request: What was asked.
            real: The real answer, or None where the server did not act.
            now: The time in nanoseconds since 1970.
        """
        answer = self._replacement(request, real, now)
        if self.headers is None:
            return answer
        headers = CIMultiDict(answer.headers)
        for name in self.headers:
            headers.popall(name, None)
        for name, value in self.headers.items():
            if value is not None:
                headers.add(name, value)
        return Answer(answer.status, headers, answer.body)

    def _replacement(self, request: RecordedRequest, real: Answer | None, now: int) -> Answer:
        status = self.status or (real.status if real else 200)
        if self.json is not ...:
            return Answer(status, {"Content-Type": _json_type(request, status)}, json_bytes(self.json))
        if self.body is not None:
            body = self.body(request) if callable(self.body) else self.body
            content = body.encode() if isinstance(body, str) else body
            return Answer(status, {"Content-Type": _json_type(request, status)}, content)
        if real is not None and self.edit is not None:
            return Answer(status, real.headers, _edited(real, self.edit))
        if real is not None and (self.status is None or status < 400):
            return Answer(status, real.headers, real.body)
        return _plain_error(request, status, now)


def _json_type(request: RecordedRequest, status: int) -> str:
    return "application/hal+json" if request.endpoint == "api" and status < 400 else "application/json"


def _edited(real: Answer, edit: Callable[[Any], Any]) -> bytes | AsyncIterator[bytes]:
    """Return the body of a real success as the function leaves it, or returns it; an error's as it is."""
    if real.status >= 400 or not isinstance(real.body, bytes) or not real.body:
        return real.body
    document = json_module.loads(real.body)
    result = edit(document)
    return json_bytes(document if result is None else result)


def _plain_error(request: RecordedRequest, status: int, now: int) -> Answer:
    """Return what the API or the identity provider usually says with a status."""
    if status < 400:
        return Answer(status)
    if request.endpoint == "token":
        return oauth_error(status, *_OAUTH_ERRORS.get(status, ("server_error", phrase(status))))
    if status == 401:
        return unauthorized()
    return spring_error(status, phrase(status), request.path, now=now)


class FaultPlan:
    """What the server does wrong. Of several faults that match, the first added that has uses left is used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def __repr__(self) -> str:
        return f"FaultPlan({self._faults!r})"

    def add(
        self,
        *,
        method: str | None = None,
        path: str | re.Pattern[str] | None = None,
        query: Mapping[str, str] | None = None,
        status: int | None = None,
        headers: Mapping[str, str | None] | None = None,
        body: Body | None = None,
        json: Any | EllipsisType = ...,
        edit: Callable[[Any], Any] | None = None,
        raw: bytes | None = None,
        delay: float | asyncio.Event | None = None,
        drip: float | None = None,
        cut_after: int | None = None,
        drop: Literal["before", "after"] | None = None,
        reset: bool = False,
        act: bool | None = None,
        times: int | None = 1,
        skip: int = 0,
    ) -> Fault:
        """Plan a fault. Nothing is sent by it; the requests that match are answered so.

        Which requests:

        Args:
            method: Only this method.
            path: Only this path, percent-encoded as it is sent. A star stands for one or more characters
                (``/api/apikeys/*``); a compiled expression has to match the whole path.
            query: Only with these decoded parameters (``{"page": "1"}``) among the query's.
            skip: So many matching requests pass first.
            times: So many are used; None: all.
            status: Answer with this status. Without a body of its own it has the one that the API or the identity
                provider gives it; where the server acts and it is no error, the real one.
            headers: Header fields added to the answer's, in place of those of the same name; None takes one away.
            body: Answer with this body: bytes, str (as UTF-8), or a function of the request that returns either, or
                an async iterator of bytes, which is sent chunked and need not end.
            json: Answer with this as JSON.
            edit: Answer with the real JSON as this function changes it, or returns it anew; errors stay as they are.
            raw: Send exactly these bytes, and close the connection.
            delay: Answer after so many real seconds, or when this event is set. A server that acts does so before.
            drip: Send the body (or the raw bytes) byte by byte, each in its own segment, with so many real seconds
                after each; 0 for none.
            cut_after: Send the whole head, so many bytes of the body, and close the connection. More than there are:
                the answer is whole, and the connection closes without having announced it.
            drop: Close the connection without a byte, ``"before"`` or ``"after"`` acting.
            reset: Close it by a reset (RST) in place of an orderly end (FIN).
            act: Whether the server does what it is asked to do. If not said: yes, unless the status is replaced or the
                connection dropped before.

        Returns:
            The fault; its `hits` tell how often it was used, and `wait` waits for it.

        Raises:
            ValueError: The arguments contradict each other.
        """
        fault = Fault(
            method=method,
            path=path,
            query=query,
            status=status,
            headers=headers,
            body=body,
            json=json,
            edit=edit,
            raw=raw,
            delay=delay,
            drip=drip,
            cut_after=cut_after,
            drop=drop,
            reset=reset,
            act=act,
            times=times,
            skip=skip,
        )
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all faults; `Fault.hits` of those returned stay."""
        self._faults.clear()

    def take(self, request: RecordedRequest) -> Fault | None:
        """Return the fault for a request, with its use counted, or None (the server asks)."""
        for fault in self._faults:
            if not fault.matches(request):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.use()
            if fault.spent:
                self._faults.remove(fault)
            return fault
        return None
