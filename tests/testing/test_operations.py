"""The table of operations: what it says of each one, the server does."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import FormData

from aiomatatika.testing import ControlledClock, MatatikaServer
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.handlers.all import handler_of
from aiomatatika.testing.operation import Operation
from aiomatatika.testing.operations import OPERATIONS

from .conftest import PlainClient

BODIES: dict[str, dict[str, Any]] = {
    "Account": {"company": "Acme", "ownerEmail": "a@example.com"},
    "Alert": {"detail": "late"},
    "ApiKey": {"name": "nightly"},
    "Channel": {"name": "sales"},
    "Comment": {"message": "so"},
    "Datacomponent": {"name": "tap-x", "dataPlugin": "extractors/tap-x"},
    "Dataplugin": {"pluginType": "EXTRACTOR", "name": "tap-x", "variant": "acme"},
    "Dataset": {"title": "Sales", "alias": "sales"},
    "DatasetMessage": {"recipientId": "auth0|1", "message": "look"},
    "Datastore": {"name": "Warehouse", "dataPlugin": "loaders/target-x"},
    "Invitation": {"email": "b@example.com"},
    "Pipeline": {"label": "nightly", "dataComponents": ["tap-x"]},
    "Profile": {"name": "Ada", "email": "ada@example.com"},
    "Resource": {"contentType": "text/plain", "content": "hello"},
    "Subscription": {"type": "ALL"},
    "Workspace": {"name": "Sales"},
}


def fill(server: MatatikaServer) -> dict[str, str]:
    """Store one resource of each class, and return their ids by path variable."""
    tables = server.tables
    ids = {name: tables[name].add(BODIES.get(tables[name].type.name)).id for name in tables}
    job, dataset = tables["jobs"][ids["jobs"]], tables["datasets"][ids["datasets"]]
    dataset.document.update(title="#tag", alias="a/b", likedByProfiles=[{"id": server.profile_id}])
    dataset.related[ids["channels"]] = None
    tables["notifications"].add(dataset_id=dataset.id)
    tables["dataplugins"].add(BODIES["Dataplugin"], workspace_id=None)
    tables["accounts"][ids["accounts"]].related[server.profile_id] = None
    assert isinstance(server.clock, ControlledClock)
    server.clock.advance(3)  # the job runs
    return {
        **{tables[name].type.variable: id for name, id in ids.items()},
        "job_id": job.id,
        "pipeline_id": job.parents["pipeline_id"],
        "dataset_id": ids["datasets"],
        "apikey_id": str(server.default_key_id),
        "workspace_id": str(server.workspace_id),
        "dataset_id_or_alias": "a/b",
        "resource_path": tables["resources"].add(path="files/a b.txt").id,
        "member_id": server.profile_id,
        "profile_id": server.profile_id,
    }


def options_for(operation: Operation, server: MatatikaServer) -> dict[str, Any]:
    """Return the body and the headers that an operation needs."""
    match operation.id:
        case "resources.publish":
            form = FormData()
            form.add_field("files/c.bin", b"\r\n\x00", filename="c.bin", content_type="application/x-c")
            return {"data": form}
        case "search.msearch":
            return {"data": '{"preference":"search"}\n{"query":{"match_all":{}}}\n'}
        case "dataplugins.publish_discovery":
            data = "version: 19\nextractors:\n- name: tap-y\n  variant: acme\n"
            return {"data": data, "headers": {"Content-Type": "application/json"}}
        case "deployments.github_webhook":
            secret = server.tables["workspaces"][server.workspace_id].document["deploymentSecret"]
            return {"data": b"{}", "headers": {"X-Hub-Signature": f"sha1={signature(secret, b'{}')}"}}
        case "resources.put":
            headers = {"Content-Type": "application/hal+json"}
            return {"data": json.dumps(BODIES["Resource"]), "headers": headers}
        case _:
            headers = {"Accept": operation.document()["accepts"][0]} if operation.response else {}
            return {"headers": headers, **({"json": BODIES[operation.body]} if operation.body else {})}


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
async def test_the_server_does_what_the_table_says(client: PlainClient, operation: Operation) -> None:
    ids = fill(client.server)
    if operation.method == "PUT" and operation.statuses == (201,) and operation.body:
        ids[operation.path.rpartition("{")[2].strip("}")] = str(uuid4())
    if operation.id in {"jobs.create", "pipelines.verify"}:
        client.server.tables["jobs"].remove(ids["job_id"])
    path = operation.path.format_map(ids).replace(" ", "%20") + ("?q=tag:tag" if "q" in operation.query else "")
    got = await client.send(operation.method, f"/api{path}", **options_for(operation, client.server))
    assert got.status in operation.statuses
    if got.status == 204 or not operation.response:
        assert got.body == b""
    elif operation.embedded_key:
        assert set(got.document) == {"_embedded", "_links", *(["page"] if operation.paged else [])}
        assert list(got.document["_embedded"]) == [operation.embedded_key]
        assert got.document["_embedded"][operation.embedded_key][0]["_links"]
    elif "/" not in operation.response:
        assert operation.response == "Message" or got.document["_links"]


def test_the_table_is_written_as_json() -> None:
    command = [sys.executable, "-m", "aiomatatika.testing.operations"]
    rows = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert [row["id"] for row in rows] == [operation.id for operation in OPERATIONS]
    assert (len(rows), len({row["id"] for row in rows})) == (150, 150)
    [sent] = [row for row in rows if row["id"] == "invitations.list_sent"]
    assert sent == {
        "id": "invitations.list_sent",
        "method": "GET",
        "path": "/invitations",
        "query": [],
        "body": "",
        "accepts": ["application/hal+json"],
        "headers": [],
        "statuses": [200],
        "answer": "Invitation",
        "embedded_key": "invitations",
        "paged": False,
        "pageable": True,
    }


def test_an_operation_without_code_would_say_so() -> None:
    with pytest.raises(RefusedError) as caught:
        handler_of(Operation("widgets.spin", "POST", "/widgets", "own"))
    assert caught.value.status == 501
