"""The fault plan: what the server does wrong, and in which order."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from types import EllipsisType
from typing import Any, Literal

from aiomatatika.testing.faults import Body, Delay, Fault
from aiomatatika.testing.request_log import RecordedRequest

__all__ = ["FaultPlan"]


class FaultPlan:
    """The faults that are still to come. Of several that match a request, the first added is used.

    Any thread may add and clear faults.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._changing = threading.Lock()

    def __len__(self) -> int:
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._faults))

    def __repr__(self) -> str:
        return f"FaultPlan({self._faults!r})"

    # Many parameters, since a fault has as many members; each is a keyword, so that a plan reads like a sentence.
    def add(  # noqa: PLR0913  # every way in which a response can be wrong, each a keyword
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
        delay: Delay | None = None,
        drip: float | None = None,
        cut_after: int | None = None,
        drop: Literal["before", "after"] | None = None,
        reset: bool = False,
        act: bool | None = None,
        times: int | None = 1,
        skip: int = 0,
    ) -> Fault:
        """Plan a fault for the requests that match.

        Functions and iterators given here run in the server's thread.

        Args:
            method: Only this method.
            path: Only this path, percent-encoded as it is sent. A star stands for one or more characters
                (``/api/apikeys/*``), and a trailing slash makes no difference. A compiled expression has to match the
                whole path, slash included.
            query: Only queries with these decoded parameters (``{"page": "1"}``), among others.
            status: Respond with this status. Without a body of its own the response has the one that the API or the
                identity provider sends with this status, or the real one where the server acts and this is a success.
            headers: Header fields to add, in place of those of the same name; None removes a field.
            body: Respond with this body: bytes, str (as UTF-8), or a function of the request that returns either, or
                an async iterator of bytes, which is sent chunked and may be endless.
            json: Respond with this as JSON.
            edit: Respond with the real JSON as this function changes or returns it; errors stay as they are.
            raw: Send exactly these bytes, and close the connection.
            delay: Respond after so many real seconds, or when this event is set: an `asyncio.Event` of the running
                loop, or a `threading.Event`. A server that acts does so before the delay.
            drip: Send the body (or the raw bytes) byte by byte, each in a segment of its own, with so many real seconds
                after each; 0 for no pause.
            cut_after: Send the whole head and so many bytes of the body, and close the connection. With more bytes than
                there are the response is whole, and the connection closes without warning.
            drop: Close the connection without a byte, ``"before"`` or ``"after"`` acting.
            reset: Close it by a reset (RST) in place of an orderly end (FIN).
            act: Whether the server carries the request out. By default it does, unless the status is replaced or the
                connection is dropped before.
            times: On how many requests to use it; None: on all.
            skip: How many matching requests to let pass first.

        Returns:
            The fault: `Fault.hits` tells how often it was used, `Fault.wait` and `Fault.wait_blocking` wait for it.

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
        with self._changing:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults. Those that `add` returned keep their `Fault.hits`."""
        with self._changing:
            self._faults.clear()

    def take(self, request: RecordedRequest) -> Fault | None:
        """Return the fault for a request, with its use counted, or None (the server asks)."""
        with self._changing:
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
