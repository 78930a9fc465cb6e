"""What only the calls on subscriptions do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from aiomatatika import InvalidArgumentError, MatatikaSession, SubscriptionType, Workspace
from aiomatatika.testing import MatatikaServer

ID = UUID(int=1)
SUBSCRIPTION = {"id": str(ID), "type": "alerts", "colour": "green"}


@pytest.mark.parametrize("kind", ["workspace", "channel", "dataset", "pipeline"])
@pytest.mark.parametrize(
    "options, query, body",
    [
        ({}, {}, None),
        ({"type": "alerts", "all_members": True}, {"allMembers": "true"}, {"type": "ALERTS"}),
        ({"type": SubscriptionType.NONE}, {}, {"type": "NONE"}),
    ],
)
async def test_a_subscription_has_a_type_and_subscribers_where_they_are_given(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    kind: str,
    options: dict[str, Any],
    query: dict[str, str],
    body: Any,
) -> None:
    matatika_server.faults.add(method="POST", path="/api/*", status=200, json=SUBSCRIPTION)
    made = await getattr(matatika_session.subscriptions, f"subscribe_{kind}")(ID, **options)
    assert made.type is SubscriptionType.ALERTS
    (request,) = matatika_server.requests.api
    assert (request.path, request.query) == (f"/api/{kind}s/{ID}/subscriptions", query)
    assert (request.json() if request.body else None) == body


async def test_an_update_sends_what_was_read_where_it_was_read(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json=SUBSCRIPTION, times=None)
    read = await matatika_session.subscriptions.get(ID)
    for subscription, others in ((ID, {}), (read, {"colour": "green"})):
        await matatika_session.subscriptions.update(subscription, "all")
        assert matatika_server.requests.api[-1].json() == {"type": "ALL", **others}


async def test_a_workspace_is_no_channel(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    with pytest.raises(InvalidArgumentError, match="expected Channel or its id, not Workspace"):
        await matatika_session.subscriptions.subscribe_channel(Workspace(id=ID))  # type: ignore[arg-type]  # it is refused
    assert not matatika_server.requests
