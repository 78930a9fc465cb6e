"""What the requests share, and how they get at it."""

from __future__ import annotations

from collections import deque
from typing import Annotated, TypedDict, cast
from uuid import UUID

from fastapi import Depends, Request

from aiomatatika import ApiKey, MatatikaSession, Timeouts
from examples.web_app.health import Health
from examples.web_app.one_time_secrets import OneTimeSecrets

# A person waits for a page: it fails sooner than the making of a key, which a task of the app waits for.
_OF_A_PAGE = Timeouts(total=15)


class DeletedNames:
    """The names of the last keys that were deleted here, for the page that says so."""

    def __init__(self) -> None:
        self._names: deque[tuple[UUID, str]] = deque(maxlen=100)

    def add(self, key: ApiKey) -> None:
        """Remember a key's name."""
        self._names.append((key.id, key.name or "(no name)"))

    def get(self, key_id: UUID | None) -> str | None:
        """Return the name that a key had."""
        return dict(self._names).get(key_id) if key_id else None


class State(TypedDict):
    """What the app holds for as long as it lives."""

    session: MatatikaSession
    secrets: OneTimeSecrets
    health: Health
    deleted: DeletedNames


def state_of(request: Request) -> State:
    """Return what the app holds."""
    return cast("State", request.scope["state"])


async def _session(request: Request) -> MatatikaSession:
    return state_of(request)["session"]


async def _page_session(request: Request) -> MatatikaSession:
    return state_of(request)["session"].with_options(timeouts=_OF_A_PAGE)


async def _secrets(request: Request) -> OneTimeSecrets:
    return state_of(request)["secrets"]


Session = Annotated[MatatikaSession, Depends(_session)]
PageSession = Annotated[MatatikaSession, Depends(_page_session)]
Secrets = Annotated[OneTimeSecrets, Depends(_secrets)]
