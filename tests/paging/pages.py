"""Pages of API keys made up by hand, and a caller that serves them from memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from yarl import URL

from aiomatatika import ApiKey, BearerToken, Deployment, MatatikaSession
from aiomatatika.paging.collection import Collection, PageSource
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport.client import Client
from aiomatatika.transport.clock import Deadline
from aiomatatika.transport.message import Request, Response

LIST = "/api/apikeys"


def page_of(
    numbers: Iterable[int], *, following: Any = ..., page: Mapping[str, Any] | None = None, **members: Any
) -> dict[str, Any]:
    """Return a page with the keys of these numbers; ``following`` is the href of `next`, or stands in its place."""
    document: dict[str, Any] = {"_embedded": {"apikeys": [{"id": str(UUID(int=number))} for number in numbers]}}
    if following is not ...:
        document["_links"] = {"next": {"href": following} if isinstance(following, str) else following}
    if page is not None:
        document["page"] = page
    return document | members


def numbers_of(keys: Iterable[ApiKey]) -> list[int]:
    return [key.id.int for key in keys]


def serve(server: MatatikaServer, *documents: Any) -> None:
    """Have the server answer the next requests for the list with these documents, one after another."""
    for document in documents:
        server.faults.add(method="GET", path=LIST, json=document)


class Memory(Client):
    """Answers from memory, a few turns of the loop later.

    Args:
        answer: Returns the document of a URL.
        turns: How many turns later.

    Attributes:
        sent: The URLs asked for, in order.
        flying: How many are being answered.
        most_flying: How many were at most.
    """

    def __init__(self, answer: Callable[[URL], Any], turns: int = 1) -> None:
        session = MatatikaSession(BearerToken("unused"), deployment=Deployment("https://api.example.com/api"))
        super().__init__(session._client.state, session._client.options)
        self.sent: list[URL] = []
        self.flying = self.most_flying = 0
        self._answer = answer
        self._turns = turns

    async def send(self, request: Request, deadline: Deadline | None = None) -> Response:
        self.sent.append(request.url)
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        try:
            for _ in range(self._turns):
                await asyncio.sleep(0)
            return Response(200, {}, json.dumps(self._answer(request.url)).encode(), request)
        finally:
            self.flying -= 1

    def keys(self, *, prefetch: int = 0, **query: str) -> Collection[ApiKey]:
        return Collection(PageSource(self, ApiKey, "apikeys"), self.at("/apikeys", query), prefetch)
