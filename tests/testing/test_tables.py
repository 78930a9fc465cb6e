"""The server's tables, as a test fills and reads them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from aiomatatika.testing import MatatikaServer


@pytest.fixture
def server() -> MatatikaServer:
    return MatatikaServer()


def test_a_new_server_has_one_workspace_with_its_owner(server: MatatikaServer) -> None:
    [workspace] = server.tables["workspaces"]
    assert UUID(workspace.id) == server.workspace_id
    assert {"status": "READY", "defaultWorkspace": True}.items() <= workspace.document.items()
    for name in ("members", "administrators"):
        [member] = server.tables[name]
        assert (member.id, member.parents) == (server.profile_id, {"workspace_id": workspace.id})
    assert f"{server.tables['tags']} {workspace}" == f"<Table tags: 0 rows> <Workspace {workspace.id}>"
    assert sum(len(server.tables[name]) for name in server.tables) == 3


def test_a_row_is_what_was_given_and_what_the_server_gives(server: MatatikaServer) -> None:
    id = uuid4()
    row = server.tables["comments"].add({"from": {"id": "auth0|x"}}, id=id, message="so", unknown=[1])
    assert server.tables["comments"][id] is server.tables["comments"][str(id)] is row
    assert {"from": {"id": "auth0|x"}, "message": "so", "unknown": [1], "likeCount": 0}.items() <= row.document.items()
    assert (row.id, row.document["id"], row.document["datasetId"]) == (str(id), str(id), row.parents["dataset_id"])
    with pytest.raises(KeyError):
        server.tables["comments"][uuid4()]


def test_a_parent_that_is_not_named_is_the_built_in_workspace_or_the_newest_row_or_made(server: MatatikaServer) -> None:
    tables, built_in = server.tables, str(server.workspace_id)
    other = tables["workspaces"].add(name="other").id
    assert tables["pipelines"].add().parents == {"workspace_id": built_in}
    pipeline = tables["pipelines"].add(workspace_id=other)
    assert tables["jobs"].add().parents == {"workspace_id": other, "pipeline_id": pipeline.id}
    assert tables["jobs"].add(pipeline_id=None, workspace_id=other).parents == {"workspace_id": other}
    assert tables["alerts"].add().parents == {"workspace_id": built_in, "dataset_id": next(iter(tables["datasets"])).id}
    assert tables["dataplugins"].add(workspace_id=None).parents == {}
    tables["workspaces"].remove(built_in)
    assert tables["tags"].add().parents == {"workspace_id": other}
    with pytest.raises(KeyError):
        tables["jobs"].add(pipeline_id=uuid4())


def test_what_is_removed_takes_all_below_it_along(server: MatatikaServer) -> None:
    tables = server.tables
    other = tables["workspaces"].add()
    kept = tables["resources"].add(path="a.txt", content="kept")
    tables["resources"].add(path="a.txt", content="gone", workspace_id=other.id)
    tables["jobs"].add(pipeline_id=tables["pipelines"].add(workspace_id=other.id).id)
    tables["workspaces"].remove(other.id)
    assert [row.data for row in tables["resources"]] == [b"kept"]
    assert len(tables["jobs"]) == len(tables["pipelines"]) == 0
    tables["resources"].remove("a.txt")
    with pytest.raises(KeyError):
        tables["resources"].remove(kept.id)


def test_any_thread_may_use_them(server: MatatikaServer) -> None:
    def change(number: int) -> None:
        for _ in range(100):
            row = server.tables["tags"].add(name=str(number))
            assert row in list(server.tables["tags"])
            server.tables["tags"].remove(row.id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(4)))
    assert len(server.tables["tags"]) == 0
