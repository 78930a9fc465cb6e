"""The API: API keys, pages, profiles, errors."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession

from aiomatatika.credentials import ClientCredentials
from aiomatatika.testing import MatatikaServer
from aiomatatika.testing.answers import read_back, written

from .conftest import PlainClient

FROM_MEMORY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}")
READ_BACK = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?")


async def create(client: PlainClient, name: str = "nightly", **more: object) -> dict[str, Any]:
    id = (await client.post("/api/apikeys")).document["id"]
    got = await client.put(f"/api/apikeys/{id}", {"name": name, **more})
    assert got.status == 201
    document = got.document
    assert isinstance(document, dict)
    return document


# Who may


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic eDp5", "Bearer", ""])
@pytest.mark.parametrize("path", ["/api/apikeys", "/api/nothing"])
async def test_without_a_good_token_there_is_nothing_but_the_challenge(
    anonymous: PlainClient, header: str | None, path: str
) -> None:
    got = await anonymous.send("GET", path, headers={"Authorization": header} if header is not None else {})
    assert (got.status, got.body) == (401, b"")
    assert got.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


# Initialise, create, read, update, delete


@pytest.mark.parametrize("path", ["/api/apikeys", "/api/apikeys"])
async def test_initialise_gives_a_template_and_stores_nothing(
    server: MatatikaServer, client: PlainClient, path: str
) -> None:
    got = await client.post(path)
    assert got.status == 200
    assert got.headers["Content-Type"] == "application/hal+json"
    id = UUID(got.document["id"])
    assert id.version == 4
    assert FROM_MEMORY.fullmatch(got.document["created"])
    assert FROM_MEMORY.fullmatch(got.document["lastModified"])
    assert set(got.document) == {"id", "created", "lastModified", "profileId", "_links"}
    assert got.document["_links"] == {
        "create apikey": {"href": f"{server.url}/api/apikeys/{id}"},
        "profile": {"href": f"{server.url}/api/profiles/auth0%7C{server.profile_id[6:]}"},
    }
    assert id not in server.api_keys
    assert (await client.get(f"/api/apikeys/{id}")).status == 404


async def test_the_first_put_creates_and_shows_the_secret(server: MatatikaServer, client: PlainClient) -> None:
    id = (await client.post("/api/apikeys")).document["id"]
    got = await client.put(f"/api/apikeys/{id}", {"name": "nightly"})
    assert got.status == 201
    assert got.document["id"] == id
    assert got.document["name"] == "nightly"
    assert re.fullmatch(r"[A-Za-z0-9]{32}", got.document["clientId"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", got.document["clientSecret"])
    assert got.document["profileId"] == server.profile_id
    assert FROM_MEMORY.fullmatch(got.document["created"])
    assert FROM_MEMORY.fullmatch(got.document["lastModified"])
    assert list(got.document["_links"]) == ["self", "update apikey", "delete apikey", "profile"]
    stored = server.api_keys[UUID(id)]
    assert stored.name == "nightly"
    assert stored.credentials == ClientCredentials(got.document["clientId"], got.document["clientSecret"])


async def test_a_client_may_make_the_id_itself(client: PlainClient) -> None:
    assert (await client.put(f"/api/apikeys/{uuid4()}", {"name": "mine"})).status == 201


async def test_nothing_shows_the_secret_again(client: PlainClient) -> None:
    made = await create(client)
    path = f"/api/apikeys/{made['id']}"
    secret = made["clientSecret"].encode()
    for got in (await client.get(path), await client.get("/api/apikeys"), await client.put(path, {"name": "other"})):
        assert got.status == 200
        assert b"clientSecret" not in got.body
        assert secret not in got.body


async def test_read_back_the_times_are_rounded_to_microseconds(client: PlainClient) -> None:
    made = await create(client)
    got = await client.get(f"/api/apikeys/{made['id']}")
    assert READ_BACK.fullmatch(got.document["created"])
    assert READ_BACK.fullmatch(got.document["lastModified"])
    stored = client.server.api_keys[UUID(made["id"])]
    assert datetime.fromisoformat(got.document["created"] + "Z") == stored.created


async def test_the_second_put_renames(server: MatatikaServer, client: PlainClient) -> None:
    made = await create(client)
    before = server.api_keys[UUID(made["id"])].last_modified
    got = await client.put(f"/api/apikeys/{made['id']}", {"name": "hourly"})
    assert got.status == 200
    assert got.document["name"] == "hourly"
    assert got.document["clientId"] == made["clientId"]
    assert READ_BACK.fullmatch(got.document["created"])
    assert FROM_MEMORY.fullmatch(got.document["lastModified"])
    key = server.api_keys[UUID(made["id"])]
    assert key.created <= before < key.last_modified


async def test_delete_is_204_once_and_404_then(server: MatatikaServer, client: PlainClient) -> None:
    made = await create(client)
    path = f"/api/apikeys/{made['id']}"
    got = await client.delete(path)
    assert (got.status, got.body) == (204, b"")
    assert UUID(made["id"]) not in server.api_keys
    assert (await client.delete(path)).status == 404
    assert (await client.get(path)).status == 404


async def test_unknown_members_are_kept_and_erased_by_a_put_without_them(client: PlainClient) -> None:
    made = await create(client, color="red", limits={"a": [1]})
    path = f"/api/apikeys/{made['id']}"
    assert (made["color"], made["limits"]) == ("red", {"a": [1]})
    assert (await client.get(path)).document["limits"] == {"a": [1]}
    await client.put(path, {"name": "x"})
    assert "limits" not in (await client.get(path)).document


async def test_the_servers_own_members_are_not_the_clients_to_set(client: PlainClient) -> None:
    made = await create(client, id=str(uuid4()), clientId="mine", clientSecret="mine", created="x", _links={})
    got = await client.get(f"/api/apikeys/{made['id']}")
    assert got.document["clientId"] == made["clientId"] != "mine"
    assert got.document["created"] != "x"
    assert got.document["_links"]


@pytest.mark.parametrize("name", ["Zoë 🗝", "a" * 10_000, 'quote " back \\ slash', "line\nend"])
async def test_any_text_is_a_name(client: PlainClient, name: str) -> None:
    made = await create(client, name)
    assert (await client.get(f"/api/apikeys/{made['id']}")).document["name"] == name


# The built-in key


async def test_the_default_key_shows_a_token_that_works(server: MatatikaServer, client: PlainClient) -> None:
    for path in (f"/api/apikeys/{server.default_key_id}", "/api/apikeys"):
        document = (await client.get(path)).document
        key = document["_embedded"]["apikeys"][0] if "_embedded" in document else document
        assert key["name"] == "default"
        assert key["clientId"] == server.credentials.client_id
        client.token = key["accessToken"]
        assert (await client.get("/api/profiles")).status == 200
    assert server.tokens_issued == 1  # those in answers do not count


async def test_its_token_is_renewed_when_it_was_revoked(server: MatatikaServer, client: PlainClient) -> None:
    path = f"/api/apikeys/{server.default_key_id}"
    first = (await client.get(path)).document["accessToken"]
    assert (await client.get(path)).document["accessToken"] == first
    server.revoke_tokens()
    await client.log_in()
    assert (await client.get(path)).document["accessToken"] != first


# Pages


@pytest.fixture
async def small_pages() -> AsyncIterator[PlainClient]:
    async with MatatikaServer(page_size=2) as server, ClientSession() as http:
        client = PlainClient(server, http)
        await client.log_in()
        yield client


async def test_one_page_has_no_neighbours(server: MatatikaServer, client: PlainClient) -> None:
    document = (await client.get("/api/apikeys")).document
    assert document["_links"] == {"self": {"href": f"{server.url}/api/apikeys?page=0&size=20"}}
    assert document["page"] == {"size": 20, "totalElements": 1, "totalPages": 1, "number": 0}
    assert (await client.get("/api/apikeys")).document == document


async def test_first_prev_next_last(small_pages: PlainClient) -> None:
    ids = small_pages.server.add_api_keys(4)
    url = f"{small_pages.server.url}/api/apikeys/"
    links, seen = [], []
    document: dict[str, Any] = {}
    next_url: str | None = url
    while next_url:
        document = (await small_pages.get(next_url)).document
        links.append(list(document["_links"]))
        seen += [UUID(key["id"]) for key in document["_embedded"]["apikeys"]]
        next_url = document["_links"].get("next", {}).get("href")
    assert links == [
        ["first", "self", "next", "last"],
        ["first", "prev", "self", "next", "last"],
        ["first", "prev", "self", "last"],
    ]
    assert seen == [small_pages.server.default_key_id, *ids]
    assert document["page"] == {"size": 2, "totalElements": 5, "totalPages": 3, "number": 2}
    assert document["_links"]["prev"]["href"] == f"{url}?page=1&size=2"


async def test_an_empty_list_has_nothing_embedded(server: MatatikaServer, client: PlainClient) -> None:
    await client.delete(f"/api/apikeys/{server.default_key_id}")
    document = (await client.get("/api/apikeys")).document
    assert set(document) == {"_links", "page"}
    assert document["page"]["totalPages"] == 0


async def test_a_page_beyond_the_end_is_empty(small_pages: PlainClient) -> None:
    small_pages.server.add_api_keys(2)
    document = (await small_pages.get("/api/apikeys?page=7")).document
    assert "_embedded" not in document
    assert document["page"]["number"] == 7


async def test_size_and_sort_are_taken_and_kept_in_the_links(server: MatatikaServer, client: PlainClient) -> None:
    server.add_api_keys(3)
    document = (await client.get("/api/apikeys/?size=3&sort=name,desc")).document
    names = [key["name"] for key in document["_embedded"]["apikeys"]]
    assert names == ["key-00003", "key-00002", "key-00001"]
    assert document["_links"]["next"]["href"].endswith("/apikeys/?page=1&size=3&sort=name,desc")
    document = (await client.get("/api/apikeys/?sort=created")).document
    assert document["_embedded"]["apikeys"][0]["name"] == "default"
    assert (await client.get("/api/apikeys/?sort=nonsense")).status == 400


@pytest.mark.parametrize("query", ["size=0", "size=x", "size=-1", "page=-1", "page=", "page=1e1", "page=9999999999"])
async def test_numbers_that_are_none_count_as_not_given(client: PlainClient, query: str) -> None:
    page = (await client.get(f"/api/apikeys/?{query}")).document["page"]
    assert (page["size"], page["number"]) == (20, 0)


async def test_no_page_is_larger_than_springs_limit(client: PlainClient) -> None:
    assert (await client.get("/api/apikeys/?size=100000")).document["page"]["size"] == 2000


def test_added_keys_are_numbered_through_and_can_have_a_prefix() -> None:
    server = MatatikaServer()
    ids = server.add_api_keys(2) + server.add_api_keys(1, prefix="bot")
    assert [server.api_keys[id].name for id in ids] == ["key-00001", "key-00002", "bot-00003"]
    assert len(server.api_keys) == 4


# Hosts


async def test_hrefs_can_name_another_host() -> None:
    async with MatatikaServer(alias_host="app.matatika.com") as server, ClientSession() as http:
        client = PlainClient(server, http)
        await client.log_in()
        document = (await client.get("/api/apikeys")).document
        assert document["_links"]["self"]["href"] == "https://app.matatika.com/api/apikeys?page=0&size=20"
        assert server.deployment.alias_hosts == ("app.matatika.com",)


# Profiles


async def test_the_profiles(server: MatatikaServer, client: PlainClient) -> None:
    [other] = server.add_profiles(1)
    assert re.fullmatch(r"auth0\|[0-9a-f]{24}", other)
    got = await client.get("/api/profiles")
    assert got.headers["Content-Type"] == "application/hal+json"
    assert set(got.document) == {"_embedded", "_links"}
    first, second = got.document["_embedded"]["profiles"]
    assert (first["id"], second["id"]) == (server.profile_id, other) == tuple(server.profiles)
    assert first["handle"].startswith("@")
    assert first["_links"]["self"]["href"] == f"{server.url}/api/profiles"
    href = first["_links"]["update edit profile"]["href"]
    assert href == f"{server.url}/api/profiles/auth0%7C{server.profile_id[6:]}"
    assert (await client.get("/api/profiles/auth0%7C" + other[6:])).document == second
    assert (await client.get("/api/profiles/auth0%7C0")).status == 404


# Errors


async def test_an_error_as_spring_words_it(client: PlainClient) -> None:
    id = uuid4()
    got = await client.get(f"/api/apikeys/{id}")
    assert got.status == 404
    assert got.headers["Content-Type"] == "application/json"
    assert READ_BACK.fullmatch(got.document["timestamp"])
    assert {**got.document, "timestamp": ""} == {
        "timestamp": "",
        "status": 404,
        "error": "Not Found",
        "message": f"API key with ID '{id}' not found",
        "path": f"/api/apikeys/{id}",
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_an_id_that_is_no_uuid_is_400(client: PlainClient, method: str) -> None:
    got = await client.send(method, "/api/apikeys/not%20one")
    assert got.status == 400
    assert got.document["message"].endswith("Invalid UUID string: not one")
    assert got.document["path"] == "/api/apikeys/not%20one"
    [error] = got.document["errors"]
    assert (error["field"], error["rejectedValue"], error["bindingFailure"]) == ("id", "not one", True)
    assert (error["code"], error["objectName"]) == ("typeMismatch", "RequestParameter")


@pytest.mark.parametrize("document", [{}, {"name": None}, {"name": ""}, {"name": "  "}, {"name": 5}])
async def test_a_key_needs_a_name(server: MatatikaServer, client: PlainClient, document: object) -> None:
    got = await client.put(f"/api/apikeys/{uuid4()}", document)
    assert got.status == 400
    [error] = got.document["errors"]
    assert (error["field"], error["code"], error["defaultMessage"]) == ("name", "NotBlank", "must not be blank")
    assert len(server.api_keys) == 1


@pytest.mark.parametrize(
    "options, status",
    [
        ({}, 400),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b"[" * 200_000, "headers": {"Content-Type": "application/json"}}, 400),
        ({"json": []}, 400),
        ({"json": {"name": ["x"]}}, 400),
        ({"data": {"name": "x"}}, 415),
    ],
)
async def test_a_body_that_is_no_key(client: PlainClient, options: dict[str, Any], status: int) -> None:
    got = await client.send("PUT", f"/api/apikeys/{uuid4()}", **options)
    assert (got.status, got.document["status"]) == (status, status)


async def test_hal_json_is_a_body_too(client: PlainClient) -> None:
    got = await client.send(
        "PUT", f"/api/apikeys/{uuid4()}", data=b'{"name":"x"}', headers={"Content-Type": "application/hal+json"}
    )
    assert got.status == 201


@pytest.mark.parametrize(
    "method, path, allow",
    [
        ("DELETE", "/api/apikeys", "GET,POST"),
        ("POST", "/api/apikeys/00000000-0000-4000-8000-000000000000", "GET,PUT,DELETE"),
        ("PUT", "/api/profiles", "GET"),
    ],
)
async def test_a_method_that_is_not_there_is_405(client: PlainClient, method: str, path: str, allow: str) -> None:
    got = await client.send(method, path)
    assert (got.status, got.headers["Allow"], got.document["error"]) == (405, allow, "Method Not Allowed")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/workspaces", "/api/apikeys/a/b", "/api/profiles/a/b"])
async def test_a_path_that_is_not_there_is_404(client: PlainClient, path: str) -> None:
    got = await client.get(path)
    assert (got.status, got.document["error"], got.document["path"]) == (404, "Not Found", path)


async def test_outside_the_api_there_is_nothing(anonymous: PlainClient) -> None:
    assert (await anonymous.get("/")).status == 404


# Times


@pytest.mark.parametrize(
    "nanoseconds, in_memory, in_database",
    [
        (961_073_921, "1970-01-01T00:00:00.961073921", "1970-01-01T00:00:00.961074"),
        (930_439_999, "1970-01-01T00:00:00.930439999", "1970-01-01T00:00:00.93044"),
        (1_999_999_500, "1970-01-01T00:00:01.9999995", "1970-01-01T00:00:02"),
        (7_000_000_000, "1970-01-01T00:00:07", "1970-01-01T00:00:07"),
    ],
)
def test_times_as_java_writes_them(nanoseconds: int, in_memory: str, in_database: str) -> None:
    assert (written(nanoseconds), read_back(nanoseconds)) == (in_memory, in_database)
