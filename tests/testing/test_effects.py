"""What the operations that are like no other change, and what can be seen of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from .conftest import PlainClient


@pytest.fixture
def workspace(client: PlainClient) -> str:
    return f"/workspaces/{client.server.workspace_id}"


async def call(client: PlainClient, method: str, path: str, body: object = None) -> Any:
    """Return the document of the response; its status where it has no body, or is an error."""
    got = await client.send(method, f"/api{path}", **({} if body is None else {"json": body}))
    return got.document if got.body and got.status < 300 else got.status


async def listed(client: PlainClient, path: str, member: str = "id") -> list[Any]:
    document = await call(client, "GET", path)
    [items] = document.get("_embedded", {"": []}).values()
    return [item[member] for item in items]


@pytest.mark.parametrize("table", ["datasets", "comments"])
async def test_a_like_counts_once(client: PlainClient, workspace: str, table: str) -> None:
    path = f"/{table}/{(row := client.server.tables[table].add()).id}"
    for method, status, likes in (("PUT", 200, 1), ("PUT", 200, 1), ("DELETE", 204, 0), ("DELETE", 204, 0)):
        assert await call(client, method, f"{path}/like") == status
        liked = await call(client, "GET", path)
        assert (liked["likeCount"], len(liked["likedByProfiles"])) == (likes, likes)
        if table == "datasets":
            assert await listed(client, f"{workspace}/liked") == [row.id] * likes


async def test_a_view_counts(client: PlainClient) -> None:
    path = f"/datasets/{client.server.tables['datasets'].add().id}"
    assert [await call(client, "PUT", f"{path}/view") for _ in range(2)] == [200, 200]
    assert (await call(client, "GET", path))["viewCount"] == 2


async def test_a_channel_and_its_datasets(client: PlainClient, workspace: str) -> None:
    tables = client.server.tables
    channels, dataset = tables["channels"], tables["datasets"].add(source="tap").id
    source, listing = channels.add(name="tap", type="SOURCE").id, channels.add(name="sales", source="x").id
    assert await call(client, "PUT", f"/channels/{source}/datasets/{dataset}") == 400
    assert await call(client, "PUT", f"/channels/{listing}/datasets/{dataset}") == 201
    for id in (source, listing):
        assert await listed(client, f"/channels/{id}/datasets") == [dataset]
    path = f"{workspace}/channels?containsDataset={dataset}"
    assert await listed(client, path, "containsDataset") == [True, True]
    assert await listed(client, f"{workspace}/channels", "containsDataset") == [False, False]
    assert await listed(client, f"{workspace}/channels?type=list") == [listing]
    assert await listed(client, f"{workspace}/channels?source=x", "datasetCount") == [1]
    assert await call(client, "DELETE", f"/channels/{listing}/datasets/{dataset}") == 204
    assert await listed(client, f"/channels/{listing}/datasets") == []
    scopes = [(await call(client, "PUT", f"/channels/{source}/scope/{to}"))["scope"] for to in ("workspace", "profile")]
    assert scopes == ["WORKSPACE", "PROFILE"]


@pytest.mark.parametrize("says_its_parent", [False, True])
async def test_a_reply(client: PlainClient, says_its_parent: bool) -> None:
    comment = client.server.tables["comments"].add(message="so")
    path = f"/datasets/{comment.parents['dataset_id']}/comments"
    draft = await call(client, "POST", f"/comments/{comment.id}")
    body = {"message": "no", **({"parentId": draft["parentId"]} if says_its_parent else {})}
    reply = await call(client, "PUT", f"{path}/{draft['id']}", body)
    assert (reply["parentId"], "edit-history" in reply["_links"]) == (comment.id, False)
    edited = await call(client, "PUT", f"{path}/{draft['id']}", {"message": "yes"})
    assert (edited["parentId"], "edit-history" in edited["_links"]) == (comment.id, True)
    assert await listed(client, f"{path}?parentId={comment.id}") == [draft["id"]]
    assert await listed(client, path, "commentCount") == [1, 0]


async def test_an_invitation(client: PlainClient, workspace: str) -> None:
    for name in ("a+b", "c"):
        assert await call(client, "POST", f"{workspace}/invitations", {"email": f"{name}@example.com"}) == 202
    assert len(await listed(client, "/invitations")) == 2
    [id] = await listed(client, "/invitations?email=a%2Bb%40example.com")
    assert (await call(client, "PATCH", f"/invitations/{id}"))["status"] == "ACCEPTED"
    assert await call(client, "PUT", f"/invitations/{id}/revoked") == 200
    assert await listed(client, f"{workspace}/invitations", "status") == ["REVOKED", "PENDING"]
    assert await call(client, "PATCH", f"/invitations/{id}") == 409


async def test_administrators(client: PlainClient, workspace: str) -> None:
    [id] = client.server.add_profiles(1)
    path = f"{workspace}/administrators"
    for method, is_one in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        administrator = await call(client, method, f"{path}/{id.replace('|', '%7C')}")
        assert (administrator["id"], administrator["administrator"]) == (id, is_one)
        assert administrator["_links"]["self"]["href"].endswith(f"{workspace}/members/auth0%7C{id[6:]}")
        assert await listed(client, path) == [client.server.profile_id, *([id] if is_one else [])]
    assert await listed(client, f"{workspace}/members") == [client.server.profile_id, id]


async def test_an_account(client: PlainClient, workspace: str) -> None:
    [id] = client.server.add_profiles(1)
    path = f"/accounts/{client.server.tables['accounts'].add(company='Acme').id}"
    client.server.tables["tags"].add()
    await call(client, "PUT", f"{path}/admins/{id}")
    assert await listed(client, f"{path}/admins") == [client.server.profile_id, id]
    assert [await call(client, "DELETE", f"{path}/admins/{id}") for _ in range(2)] == [204, 404]
    assert (await call(client, "PUT", f"{path}/owner/{id}"))["ownerProfileId"] == id
    moved = await call(client, "PUT", f"{path}{workspace}/transfer")
    assert moved["id"] == str(client.server.workspace_id)
    assert len(await listed(client, f"{workspace}/tags")) == 1  # what was in it still is
    profile = await call(client, "PUT", f"/profiles/{id}/working-account{path.removeprefix('/accounts')}")
    assert profile["workingAccount"]["company"] == "Acme"


async def test_the_default_workspace(client: PlainClient, workspace: str) -> None:
    other = client.server.tables["workspaces"].add().id
    profile = f"/profiles/{client.server.profile_id}"
    assert (await call(client, "PATCH", profile, {"defaultWorkspace": {"id": other}, "phone": "1"}))["phone"] == "1"
    assert await listed(client, "/workspaces", "defaultWorkspace") == [False, True]
    assert await call(client, "PUT", f"{workspace}/default") == 200
    assert await listed(client, "/workspaces", "defaultWorkspace") == [True, False]


async def test_a_profile_is_put(client: PlainClient) -> None:
    for status, name in ((201, "Ada L"), (200, "Ada B")):
        got = await client.put("/api/profiles/google-oauth2%7C1", {"name": name, "email": "a@b.c", "phone": name})
        assert (got.status, got.document["id"], got.document["phone"]) == (status, "google-oauth2|1", name)
        assert got.document["handle"] == client.server.profiles["google-oauth2|1"].handle == "@ada"


async def test_the_default_datastore(client: PlainClient) -> None:
    datastore = client.server.tables["datastores"].add()
    assert await call(client, "PUT", f"/datastores/{datastore.id}/default") == 200
    assert client.server.tables.default_datastores == {str(client.server.workspace_id): datastore.id}


async def test_a_component_comes_back_with_the_variant_of_its_plugin(client: PlainClient, workspace: str) -> None:
    client.server.tables["dataplugins"].add(name="tap-x", variant="acme")
    for sent, shown in (("x/tap-x", "x/tap-x--acme"), ("x/tap-x--other", "x/tap-x--other")):
        body = {"name": "mine", "dataPlugin": sent}
        component = await call(client, "PUT", f"{workspace}/datacomponents/{uuid4()}", body)
        assert (component["dataPlugin"], "_embedded" in component) == (shown, shown != sent)


@pytest.mark.parametrize("subject", ["workspace", "channel", "dataset", "pipeline"])
async def test_a_subscription(client: PlainClient, workspace: str, subject: str) -> None:
    row = client.server.tables[f"{subject}s"].add(name="sales", workspace_id=client.server.workspace_id)
    path = workspace if subject == "workspace" else f"/{subject}s/{row.id}"
    made = await call(client, "POST", f"{path}/subscriptions?allMembers=true", {"type": "ALERTS"})
    assert (await call(client, "POST", f"{path}/subscriptions"))["type"] == "ALL"
    assert made["_links"][subject] == {"href": f"{client.server.url}/api{path}", "type": "GET"}
    assert set(made["_embedded"]) == {"subscriberProfile", subject} - {"workspace"}
    assert subject != "channel" or made["_embedded"]["channel"] == {"name": "sales"}  # no id
    updated = await call(client, "PUT", f"/subscriptions/{made['id']}", {"type": "NONE"})
    assert await listed(client, f"{workspace}/members/subscriptions", "type") == [updated["type"], "ALL"]


# Notifications and search


@pytest.mark.parametrize(
    "query, found",
    [
        ("notifications?", "bc"),
        ("notifications?all=true", "abc"),
        ("notifications?since=2026-01-02T00:00", "bc"),
        ("notifications?before=2026-01-03T01:00%2B01:00&all=true", "ab"),
        ("notifications?since=yesterday", 400),
        ("news?", "abc"),
        ("news?q=tag:sales", "b"),
    ],
)
async def test_notifications_by_time_and_tag(client: PlainClient, workspace: str, query: str, found: str | int) -> None:
    tables = client.server.tables
    dataset = tables["datasets"].add(title="#Sales").id
    tables["notifications"].add(message="a", created="2026-01-01T00:00:00.5", resolved=True)
    tables["notifications"].add(message="b", created="2026-01-02T00:00:00", dataset_id=dataset)
    tables["notifications"].add(message="c", created="2026-01-03T00:00:00")
    path = f"{workspace}/{query}"
    assert (
        await call(client, "GET", path) if found == 400 else "".join(await listed(client, path, "message"))
    ) == found


async def test_notifications_are_read_once(client: PlainClient) -> None:
    ids = [client.server.tables["notifications"].add().id for _ in range(3)]
    seen = []
    for query in ("?markAsResolved=false&size=2", "", ""):
        document = await call(client, "PUT", f"/notifications{query}")
        seen.append([each["id"] for each in document.get("_embedded", {"notifications": []})["notifications"]])
    assert seen == [ids[:2], ids, []]


@pytest.mark.parametrize(
    "q, titles",
    [
        *(("SALES", "Sales in May Sales #retail"), ("may sales", "Sales in May"), ("tag:retail", "Sales #retail")),
        *(("in:shop", "Sales #retail"), ('in:"the tap"', "Sales in May"), ("sales in:nowhere", "")),
        ("", "Sales in May Sales #retail Stock"),
    ],
)
async def test_search(client: PlainClient, workspace: str, q: str, titles: str) -> None:
    tables = client.server.tables
    channel = tables["channels"].add(name="shop")
    tables["datasets"].add(title="Sales in May", source="the tap")
    tables["datasets"].add(title="Sales #retail").related[channel.id] = None
    tables["datasets"].add(title="Stock")
    got = await client.send("GET", f"/api{workspace}/search", params={"q": q})
    found = got.document["_embedded"]["datasets"] if titles else []
    assert (got.status, " ".join(each["title"] for each in found)) == (200 if titles else 204, titles)


@pytest.mark.parametrize(
    "body, hits",
    [
        ('{"preference":"search"}\n{"query":{"match":{"title":"stock"}}}\n{}\n{"query":{"match_all":{}}}\n', [1, 2]),
        ('{}\n{"query":{"multi_match":{"query":"sales","fields":["title"]}}}', [1]),
        ('{}\n{"query":[1,{"terms":["sales","x"]}]}', [0]),
        *((body, None) for body in ("", "{}", "{}\n[]", "nonsense\n{}")),
        *((f'{{}}\n{{"query":{"[" * depth}{"]" * depth}}}', None) for depth in (200, 100_000)),
    ],
)
async def test_msearch(client: PlainClient, workspace: str, body: str, hits: list[int] | None) -> None:
    path = f"/api{workspace}/datasets/_msearch"
    assert hits is None or (await client.send("POST", path, data=body)).status == 204
    for title in ("Sales", "Stock"):
        client.server.tables["datasets"].add(title=title)
    got = await client.send("POST", path, data=body)
    assert got.status == (400 if hits is None else 200)
    assert [each["hits"]["total"]["value"] for each in got.document.get("responses", [])] == (hits or [])


async def test_the_feed_begins_with_the_newest(client: PlainClient, workspace: str) -> None:
    ids = [client.server.tables["datasets"].add().id for _ in range(3)]
    assert await listed(client, f"{workspace}/feed") == ids[::-1]
