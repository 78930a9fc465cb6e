"""What is irregular about dataplugins, datacomponents and datastores."""

from __future__ import annotations

import pickle
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import Datacomponent, InvalidArgumentError, MatatikaSession
from aiomatatika.testing import MatatikaServer

W = UUID("904cf92b-1111-4222-8333-944455556666")
YAML = "version: 19\nextractors:\n- name: tap-ä\n"


@pytest.mark.parametrize(
    "arguments, path", [((), "/api/discovery.yml"), ((W,), f"/api/workspaces/{W}/discovery.yml")], ids=["all", "own"]
)
async def test_discovery_is_yaml_text(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, arguments: Any, path: str
) -> None:
    matatika_server.faults.add(path=path, status=200, body=YAML, headers={"Content-Type": "text/yaml"})
    assert await matatika_session.dataplugins.discovery(*arguments).text() == YAML
    assert matatika_server.requests.api[0].headers["Accept"] == "*/*"


PLUGIN = {"id": str(W), "name": "tap-ä"}


@pytest.mark.parametrize(
    "response, names, warning",
    [
        ({"json": {"_embedded": {"dataplugins": [PLUGIN]}}}, ["tap-ä"], None),
        ({"json": {"_embedded": {"dataplugins": [{**PLUGIN, "label": 5}]}}}, ["tap-ä"], "dataplugins[0].label"),
        ({"json": {}}, [], None),
        ({"body": b""}, [], None),
    ],
    ids=["list", "unreadable member", "empty list", "no body"],
)
async def test_a_discovery_is_published_as_yaml_and_returns_a_list(
    matatika_server: MatatikaServer,
    matatika_session: MatatikaSession,
    caplog: pytest.LogCaptureFixture,
    response: Any,
    names: list[str],
    warning: str | None,
) -> None:
    path = f"/api/workspaces/{W}/discovery"
    matatika_server.faults.add(path=path, status=201, **response)
    published = await matatika_session.dataplugins.publish_discovery(W, YAML)
    assert [each.name for each in published] == names
    (request,) = matatika_server.requests.api
    assert (request.body, request.headers["Content-Type"]) == (YAML.encode(), "application/json")
    warnings = [] if warning is None else [f"POST {path[4:]}: not what was promised, and left out: {warning}"]
    assert [each.getMessage() for each in caplog.records if each.levelname == "WARNING"] == warnings


async def test_a_datacomponent_is_no_datastore(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    with pytest.raises(InvalidArgumentError, match="expected Datastore or its id, not Datacomponent"):
        await matatika_session.datastores.get(Datacomponent(id=W))  # type: ignore[arg-type]  # that is the question
    assert not matatika_server.requests


async def test_properties_come_back_whole_and_do_not_show(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    properties = {"port": "5432", "password": "canary", "_select": '["*.*"]'}
    store = await matatika_session.datastores.create(
        matatika_server.tables.workspace_id, name="pg", data_plugin="loaders/target-postgres", properties=properties
    )
    assert "canary" not in repr(store)
    updated = await matatika_session.datastores.update(store, name="new")
    for each, name in ((store, "pg"), (updated, "new")):
        assert (each.name, dict(each.properties or {})) == (name, properties)


async def test_what_a_pickle_has_left_out_is_read_again_before_an_update(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    row = matatika_server.tables["datastores"].add(name="pg", dataPlugin="loaders/x", properties={"password": "canary"})
    store = pickle.loads(pickle.dumps(await matatika_session.datastores.get(row.id)))  # our own
    assert not store.properties
    updated = await matatika_session.datastores.update(store, name="new")
    assert (updated.name, dict(updated.properties or {})) == ("new", {"password": "canary"})
    assert [request.method for request in matatika_server.requests.api] == ["GET", "GET", "PUT"]
