"""What is particular to the calls on datasets."""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import ConfigurationError, MatatikaSession, Profile, ResponseError, TransportError
from aiomatatika.testing import MatatikaServer

ID = UUID("8d3f7e0a-64f4-4b5c-93f1-2f6f1f9d8c11")
WORKSPACE = UUID("1b0c2d3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e")
DATA = f"/api/datasets/{ID}/data"


@pytest.mark.parametrize(
    "alias, path", [("a/b c/d%2F", "a/b%20c/d%252F"), (ID, str(ID)), ("über|alles?", "%C3%BCber%7Calles%3F")]
)
async def test_find_keeps_slashes(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, alias: str | UUID, path: str
) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json={"id": str(ID)})
    assert (await matatika_session.datasets.find(WORKSPACE, alias)).id == ID
    assert matatika_server.requests.api[0].path == f"/api/workspaces/{WORKSPACE}/datasets/{path}"


@pytest.mark.parametrize("fault", [{"status": 204}, {"status": 200, "json": []}], ids=str)
async def test_rows_are_empty_where_there_is_no_data(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, fault: dict[str, Any]
) -> None:
    matatika_server.faults.add(path="/api/*", **fault)
    assert await matatika_session.datasets.rows(ID) == []


async def test_rows_are_the_objects_of_the_array(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    rows = [{"sales.count": 1, "sales.day": None}, {}]
    matatika_server.faults.add(path="/api/*", status=200, json=rows)
    assert await matatika_session.datasets.rows(ID) == rows
    assert matatika_server.requests.api[0].headers["Accept"] == "application/json"


@pytest.mark.parametrize("document", [{}, [1], None])
async def test_other_data_is_no_rows(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, document: Any
) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json=document)
    with pytest.raises(ResponseError, match="an array of objects"):
        await matatika_session.datasets.rows(ID)


async def test_csv_asks_for_csv(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.faults.add(path=DATA, status=200, body="a,b\n1,x\n")
    assert await matatika_session.datasets.csv(ID).text() == "a,b\n1,x\n"
    assert matatika_server.requests.api[0].headers["Accept"] == "text/csv"


@pytest.mark.parametrize("named", [{"alias": "a/b"}, {"id": ID}, {"id": str(ID)}], ids=str)
async def test_publish_is_repeated_where_the_dataset_has_a_name(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, named: Any
) -> None:
    matatika_server.faults.add(path="/api/*", method="POST", drop="before")
    matatika_server.faults.add(path="/api/*", method="POST", status=201, json={"id": str(ID)})
    await matatika_session.datasets.publish(WORKSPACE, title="t", **named)
    bodies = [request.json() for request in matatika_server.requests.api]
    assert bodies == [{name: str(value) for name, value in named.items()} | {"title": "t"}] * 2


@pytest.mark.parametrize("named", [{}, {"alias": None}, {"alias": ""}, {"id": None}], ids=str)
async def test_publish_is_sent_once_without_a_name(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, named: Any
) -> None:
    matatika_server.faults.add(path="/api/*", method="POST", drop="before")
    with pytest.raises(TransportError) as caught:
        await matatika_session.datasets.publish(WORKSPACE, title="t", **named)
    assert (caught.value.sent, len(matatika_server.requests.api)) == ("maybe", 1)


async def test_edit_takes_a_field_away(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json={"id": str(ID)})
    await matatika_session.datasets.edit(ID, title="t", raw_data=None)
    assert matatika_server.requests.api[0].json() == {"title": "t", "rawData": None}


@pytest.mark.parametrize("recipient", ["auth0|1", Profile(id="auth0|1")], ids=["id", "object"])
async def test_a_message_names_its_recipient_as_the_server_does(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, recipient: Profile | str
) -> None:
    matatika_server.faults.add(path="/api/*", status=200, json={"id": str(ID)}, times=2)
    await matatika_session.datasets.send_message(ID, recipient, "look")
    assert [request.method for request in matatika_server.requests.api] == ["POST", "PUT"]
    assert matatika_server.requests.api[1].json() == {"recipientId": "auth0|1", "message": "look"}


async def test_arrow_without_pyarrow_says_what_to_install(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.csv", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'aiomatatika\[frames\]'"):
        await matatika_session.datasets.arrow(ID)
    assert not matatika_server.requests


@pytest.mark.parametrize(
    "fault, columns",
    [
        ({"status": 200, "body": "n,t,b\n1,x,true\n2,,false\n"}, {"n": [1, 2], "t": ["x", ""], "b": [True, False]}),
        ({"status": 200, "body": "n\n"}, {"n": []}),
        ({"status": 204}, {}),
    ],
)
async def test_arrow_returns_columns_with_types(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, fault: dict[str, Any], columns: dict[str, Any]
) -> None:
    pytest.importorskip("pyarrow")
    matatika_server.faults.add(path=DATA, **fault)
    assert (await matatika_session.datasets.arrow(ID)).to_pydict() == columns


async def test_arrow_of_what_is_no_csv_quotes_no_row(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    pytest.importorskip("pyarrow")
    matatika_server.faults.add(path=DATA, status=200, body="a,b\n1,2,private\n")
    with pytest.raises(ResponseError, match="not CSV") as caught:
        await matatika_session.datasets.arrow(ID)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert caught.value.path == DATA
