"""How resources are made, replaced, edited and refused."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from aiomatatika.testing import ControlledClock

from .conftest import PlainClient
from .test_api import FROM_DATABASE, FROM_MEMORY, times

PIPELINE = {"label": "nightly", "dataComponents": ["tap-x"]}


@pytest.fixture
def workspace(client: PlainClient) -> str:
    return f"/api/workspaces/{client.server.workspace_id}"


async def test_from_a_draft_to_a_resource(client: PlainClient, workspace: str) -> None:
    draft = (await client.send("POST", f"{workspace}/pipelines")).document
    assert set(draft) == {"id", "created", "lastModified", "_links"}
    assert times(draft, FROM_MEMORY, FROM_MEMORY)
    href = f"{client.server.url}{workspace}/pipelines/{draft['id']}"
    assert draft["_links"] == {"create pipeline": {"href": href}}
    assert len(client.server.tables["pipelines"]) == 0

    made = await client.put(href, PIPELINE)
    assert (made.status, made.document["id"]) == (201, draft["id"])
    assert times(made.document, FROM_MEMORY, FROM_MEMORY)
    read = (await client.get(f"/api/pipelines/{draft['id']}")).document
    assert times(read, FROM_DATABASE, FROM_DATABASE)
    updated = await client.put(href, PIPELINE)
    assert updated.status == 200
    assert times(updated.document, FROM_DATABASE, FROM_MEMORY)
    assert updated.document["created"] == read["created"]


async def test_a_put_replaces_and_keeps_what_is_the_servers_own(client: PlainClient, workspace: str) -> None:
    path = f"{workspace}/channels/{uuid4()}"
    sent = {"name": "sales", "description": "x", "unknown": {"a": [1]}, "id": "x", "creator": "x", "_links": {}}
    made = (await client.put(path, sent)).document
    assert (made["id"], made["unknown"], made["creator"]["id"]) == (path[-36:], {"a": [1]}, client.server.profile_id)
    replaced = (await client.put(path, {"name": "sales"})).document
    assert made.keys() - replaced.keys() == {"description", "unknown"}
    assert replaced["creator"] == made["creator"]


async def test_a_patch_merges(client: PlainClient) -> None:
    dataset = client.server.tables["datasets"].add(title="a", description="b")
    path = f"/api/datasets/{dataset.id}"
    edited = await client.send("PATCH", path, json={"title": "c", "likeCount": 7, "unknown": 1})
    assert edited.status == 200
    assert {"title": "c", "description": "b", "likeCount": 0, "unknown": 1}.items() <= edited.document.items()


@pytest.mark.parametrize("by", ["id", "alias"])
async def test_a_dataset_is_published_once_by_id_or_alias(client: PlainClient, workspace: str, by: str) -> None:
    sent = {by: str(uuid4()), "title": "a", "description": "b"}
    made = await client.send("POST", f"{workspace}/datasets", json=sent)
    again = await client.send("POST", f"{workspace}/datasets", json={by: sent[by], "title": "c"})
    assert (made.status, again.status, again.document["id"]) == (201, 200, made.document["id"])
    assert (again.document["title"], "description" in again.document) == ("c", False)
    assert (await client.send("POST", f"{workspace}/datasets", json={"id": "x"})).status == 400


@pytest.mark.parametrize(
    "body, fields",
    [
        ({}, {"label": "NotBlank", "dataComponents": "NotEmpty"}),
        ({"label": " ", "dataComponents": []}, {"label": "NotBlank", "dataComponents": "NotEmpty"}),
        ({**PIPELINE, "name": "two words"}, {"name": "Pattern"}),
        ({**PIPELINE, "label": ["x"]}, None),
        ({**PIPELINE, "dataComponents": "x"}, None),
        ([], None),
    ],
)
@pytest.mark.parametrize("kind", ["PUT", "POST"])
async def test_an_invalid_body(
    client: PlainClient, workspace: str, kind: str, body: object, fields: dict[str, str] | None
) -> None:
    path = f"{workspace}/pipelines/{uuid4() if kind == 'PUT' else 'validation'}"
    got = await client.send(kind, path, json=body)
    assert got.status == 400
    assert {error["field"]: error["code"] for error in got.document.get("errors", [])} == (fields or {})
    assert len(client.server.tables["pipelines"]) == 0


NOBODY = "0904cf92-85a7-4b0e-8b27-1a6f3c9d2e10"


@pytest.mark.parametrize(
    "method, path, message",
    [
        ("GET", f"/pipelines/{NOBODY}", f"Pipeline with ID '{NOBODY}' not found"),
        ("PUT", f"/workspaces/{NOBODY}/pipelines/{NOBODY}", f"Workspace with ID '{NOBODY}' not found"),
        ("GET", f"/workspaces/{NOBODY}/pipelines", f"Workspace with ID '{NOBODY}' not found"),
        ("PUT", f"/datastores/{NOBODY}", f"Datastore with ID '{NOBODY}' not found"),  # only updates
        ("DELETE", "/invitations/x", "Invitation with ID 'x' not found"),
        ("GET", "/workspaces/{w}/members/x", "Member with ID 'x' not found"),
        ("GET", "/workspaces/{w}/datasets/x/y", "Dataset with ID 'x/y' not found"),
        ("GET", "/workspaces/{w}/tags/{tag}", "Tag with ID '{tag}' not found"),  # of another workspace
        ("PUT", "/workspaces/{w}/channels/{channel}", "Channel with ID '{channel}' not found"),
        ("PUT", f"/accounts/x/admins/{NOBODY}", "Account with ID 'x' not found"),
        ("DELETE", "/accounts/{account}/admins/x", "Profile with ID 'x' not found"),
        ("PUT", "/workspaces/{w}/administrators/x", "Profile with ID 'x' not found"),
        ("DELETE", "/channels/{channel}/datasets/{dataset}", "Dataset with ID '{dataset}' not found"),
        ("PATCH", "/profiles/{profile}", f"Workspace with ID '{NOBODY}' not found"),
    ],
)
async def test_what_is_not_there(client: PlainClient, method: str, path: str, message: str) -> None:
    tables = client.server.tables
    other = tables["workspaces"].add().id
    ids = {name: tables[f"{name}s"].add(workspace_id=other).id for name in ("tag", "channel", "dataset")}
    tables["datasets"].add(alias="x")
    ids |= {"account": tables["accounts"].add().id, "profile": client.server.profile_id}
    ids["w"] = str(client.server.workspace_id)
    body = {**PIPELINE, "name": "x", "dataPlugin": "x", "defaultWorkspace": {"id": str(NOBODY)}}
    got = await client.send(method, f"/api{path.format_map(ids)}", json=body)
    assert (got.status, got.document["message"]) == (404, message.format_map(ids))


async def test_a_write_is_provisioned_by_the_servers_clock(client: PlainClient, workspace: str) -> None:
    assert isinstance(client.server.clock, ControlledClock)
    statuses: list[str] = []
    path = f"{workspace}/pipelines/{(id := uuid4())}"
    await client.put(f"{path}/draft", {})
    row = client.server.tables["pipelines"][id]
    for seconds, outcome in ((0.0, "READY"), (5.0, "READY"), (60.0, "FAILED")):
        statuses.append(row.document["status"])
        row.provisioning, row.provisioned = seconds, outcome
        statuses.append((await client.put(path, PIPELINE)).document["status"])
        client.server.clock.advance(seconds)
        statuses.append((await client.get(f"/api/pipelines/{id}")).document["status"])
    expected = ["DRAFT", "READY", "READY", "READY", "PROVISIONING", "READY", "READY", "PROVISIONING", "FAILED"]
    assert statuses == expected


@pytest.mark.parametrize(
    "query, titles",
    [
        ("sort=likeCount,desc", "bca"),
        ("sort=title,desc", "cba"),
        ("sort=extra", "bac"),
        ("sort=source&sort=title,desc", "cab"),
        ("sort=&sort=source,desc&sort=title", "bac"),
        ("size=2&page=1", "c"),
    ],
)
async def test_lists_are_sorted_and_cut(client: PlainClient, workspace: str, query: str, titles: str) -> None:
    for title, likes, source, extra in (("a", 1, "x", {"extra": "x"}), ("b", 20, "y", {"extra": 5}), ("c", 3, "x", {})):
        client.server.tables["datasets"].add(title=title, likeCount=likes, source=source, **extra)
    document: dict[str, Any] = (await client.get(f"{workspace}/datasets?{query}")).document
    assert "".join(each["title"] for each in document["_embedded"]["datasets"]) == titles
    assert (await client.get(f"{workspace}/datasets?sort=nothing")).status == 400


async def test_a_list_without_a_page_object_can_still_be_cut(client: PlainClient, workspace: str) -> None:
    for number in range(30):
        client.server.tables["invitations"].add(email=f"{number}@example.com")
    whole = (await client.get(f"{workspace}/invitations")).document
    assert (len(whole["_embedded"]["invitations"]), list(whole["_links"])) == (30, ["self"])
    part = (await client.get(f"{workspace}/invitations?size=20")).document
    assert ("page" in part, len(part["_embedded"]["invitations"])) == (False, 20)
    assert part["_links"]["next"]["href"].endswith(f"{workspace}/invitations?page=1&size=20")


def test_ids_are_uuids(client: PlainClient) -> None:
    row = client.server.tables["workspaces"].add(name="x")
    assert UUID(row.id).version == 4
    assert re.fullmatch("[a-z]{7} [a-z]{30}", f"{row.document['alias']} {row.document['deploymentSecret']}")
