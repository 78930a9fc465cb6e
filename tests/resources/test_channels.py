"""What is particular to the calls on channels."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from aiomatatika import Channel, ChannelScope, ChannelType, Dataset, InvalidArgumentError, MatatikaSession
from aiomatatika.testing import MatatikaServer

ID = UUID("8d3f7e0a-64f4-4b5c-93f1-2f6f1f9d8c11")
WORKSPACE = UUID("1b0c2d3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e")


@pytest.mark.parametrize(
    "filters, query",
    [
        ({"type": ChannelType.LIST}, {"type": "list"}),
        ({"type": "Source"}, {"type": "Source"}),
        ({"source": "workspace"}, {"source": "workspace"}),
        ({"contains_dataset": Dataset(id=ID)}, {"containsDataset": str(ID)}),
    ],
)
async def test_list_filters(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, filters: Any, query: dict[str, str]
) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json={})
    assert await matatika_session.channels.list(WORKSPACE, **filters).collect() == []
    assert matatika_server.requests.api[0].query == query


async def test_update_sends_scope_and_type_back(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    read: dict[str, Any] = {"id": str(ID), "name": "a", "scope": "WORKSPACE", "type": "list", "colour": "red"}
    read |= {"workspaceId": str(WORKSPACE), "creator": {"id": "auth0|1"}, "datasetCount": 3, "containsDataset": False}
    matatika_server.faults.add(path="/api/*", status=200, json=read, times=2)
    channel = await matatika_session.channels.get(ID)
    assert (channel.scope, channel.type) == (ChannelScope.WORKSPACE, ChannelType.LIST)
    await matatika_session.channels.update(channel, name="b")
    request = matatika_server.requests.api[1]
    assert (request.method, request.path) == ("PUT", f"/api/workspaces/{WORKSPACE}/channels/{ID}")
    assert request.json() == {"name": "b", "scope": "WORKSPACE", "type": "LIST", "colour": "red"}


async def test_update_needs_the_workspace(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    with pytest.raises(InvalidArgumentError, match="with its workspace_id"):
        await matatika_session.channels.update(Channel(id=ID), name="b")
    assert not matatika_server.requests
