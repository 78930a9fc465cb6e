"""The API: API keys, pages, profiles, errors."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from aiomatatika.credentials import ClientCredentials
from aiomatatika.testing import MatatikaServer
from aiomatatika.testing.timestamps import microsecond_timestamp, nanosecond_timestamp

from .conftest import PlainClient, client_of_a_server

KEYS = "/api/apikeys"
FROM_MEMORY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}")
FROM_DATABASE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?")


async def create(client: PlainClient, name: str = "nightly", **more: object) -> dict[str, Any]:
    got = await client.put(f"{KEYS}/{uuid4()}", {"name": name, **more})
    assert got.status == 201
    document: dict[str, Any] = got.document
    return document


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic eDp5", "Bearer", ""])
@pytest.mark.parametrize("path", [KEYS, "/api/nothing"])
async def test_without_a_valid_token_there_is_only_the_challenge(
    anonymous: PlainClient, header: str | None, path: str
) -> None:
    got = await anonymous.send("GET", path, headers={"Authorization": header} if header is not None else {})
    assert (got.status, got.body) == (401, b"")
    assert got.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


# Initialise, create, read, update, delete


@pytest.mark.parametrize("path", [KEYS, f"{KEYS}/"])
async def test_initialise_gives_a_draft_and_stores_nothing(
    server: MatatikaServer, client: PlainClient, path: str
) -> None:
    got = await client.send("POST", path)
    assert (got.status, got.headers["Content-Type"]) == (200, "application/hal+json")
    id = UUID(got.document["id"])
    assert id.version == 4
    assert FROM_MEMORY.fullmatch(got.document["created"])
    assert FROM_MEMORY.fullmatch(got.document["lastModified"])
    assert set(got.document) == {"id", "created", "lastModified", "profileId", "_links"}
    assert got.document["_links"] == {
        "create apikey": {"href": f"{server.url}{KEYS}/{id}"},
        "profile": {"href": f"{server.url}/api/profiles/auth0%7C{server.profile_id[6:]}"},
    }
    assert id not in server.api_keys
    assert (await client.get(f"{KEYS}/{id}")).status == 404


async def test_a_key_from_its_creation_to_its_end(server: MatatikaServer, client: PlainClient) -> None:
    id = uuid4()
    path = f"{KEYS}/{id}"
    created = await client.put(path, {"name": "nightly"})
    made, stored = created.document, server.api_keys[id]
    assert (created.status, made["id"], made["name"]) == (201, str(id), "nightly")
    assert re.fullmatch(r"[A-Za-z0-9]{32}", made["clientId"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", made["clientSecret"])
    assert stored.credentials == ClientCredentials(made["clientId"], made["clientSecret"])
    assert made["profileId"] == stored.profile_id == server.profile_id
    assert FROM_MEMORY.fullmatch(made["created"])
    assert FROM_MEMORY.fullmatch(made["lastModified"])
    assert list(made["_links"]) == ["self", "update apikey", "delete apikey", "profile"]

    read = (await client.get(path)).document
    assert FROM_DATABASE.fullmatch(read["created"])
    assert FROM_DATABASE.fullmatch(read["lastModified"])
    assert datetime.fromisoformat(read["created"] + "Z") == stored.created

    before = stored.last_modified
    renamed = await client.put(path, {"name": "hourly"})
    assert (renamed.status, renamed.document["name"], renamed.document["clientId"]) == (200, "hourly", made["clientId"])
    assert FROM_DATABASE.fullmatch(renamed.document["created"])
    assert FROM_MEMORY.fullmatch(renamed.document["lastModified"])
    assert stored.created <= before < stored.last_modified

    for later in (read, renamed.document, (await client.get(KEYS)).document):
        assert "clientSecret" not in repr(later)
        assert made["clientSecret"] not in repr(later)

    deleted = await client.send("DELETE", path)
    assert (deleted.status, deleted.body) == (204, b"")
    assert id not in server.api_keys
    assert (await client.send("DELETE", path)).status == (await client.get(path)).status == 404


async def test_unknown_members_are_kept_and_erased_by_a_put_without_them(client: PlainClient) -> None:
    made = await create(client, color="red", limits={"a": [1]})
    path = f"{KEYS}/{made['id']}"
    assert (made["color"], made["limits"]) == ("red", {"a": [1]})
    assert (await client.get(path)).document["limits"] == {"a": [1]}
    await client.put(path, {"name": "x"})
    assert "limits" not in (await client.get(path)).document


async def test_the_servers_own_members_are_not_the_clients_to_set(client: PlainClient) -> None:
    made = await create(client, id=str(uuid4()), clientId="mine", clientSecret="mine", created="x", _links={})
    got = (await client.get(f"{KEYS}/{made['id']}")).document
    assert got["clientId"] == made["clientId"] != "mine"
    assert got["created"] != "x"
    assert got["_links"]


@pytest.mark.parametrize("name", ["Zoë 🗝", "a" * 10_000, 'quote " back \\ slash', "line\nend"])
async def test_any_text_is_a_name(client: PlainClient, name: str) -> None:
    made = await create(client, name)
    assert (await client.get(f"{KEYS}/{made['id']}")).document["name"] == name


async def test_the_built_in_key_shows_a_token_that_works(server: MatatikaServer, client: PlainClient) -> None:
    path = f"{KEYS}/{server.default_key_id}"
    key = (await client.get(path)).document
    assert (key["name"], key["clientId"]) == ("default", server.credentials.client_id)
    assert (await client.get(KEYS)).document["_embedded"]["apikeys"] == [key]  # the same token, while it is valid
    client.token = key["accessToken"]
    assert (await client.get(path)).status == 200
    assert server.tokens_issued == 1  # the token endpoint's own
    server.revoke_tokens()
    await client.log_in()
    assert (await client.get(path)).document["accessToken"] != key["accessToken"]


# Pages


@pytest.mark.parametrize("path", [KEYS, f"{KEYS}/"])
async def test_one_page_has_no_neighbours(server: MatatikaServer, client: PlainClient, path: str) -> None:
    document = (await client.get(path)).document
    assert document["_links"] == {"self": {"href": f"{server.url}{KEYS}?page=0&size=20"}}
    assert document["page"] == {"size": 20, "totalElements": 1, "totalPages": 1, "number": 0}


async def test_first_prev_next_last() -> None:
    async with client_of_a_server(page_size=2) as client:
        ids = client.server.add_api_keys(4)
        url: str | None = client.server.url + KEYS
        links, seen = [], []
        document: dict[str, Any] = {}
        while url:
            document = (await client.get(url)).document
            links.append(list(document["_links"]))
            seen += [UUID(key["id"]) for key in document["_embedded"]["apikeys"]]
            url = document["_links"].get("next", {}).get("href")
        assert links == [
            ["first", "self", "next", "last"],
            ["first", "prev", "self", "next", "last"],
            ["first", "prev", "self", "last"],
        ]
        assert seen == [client.server.default_key_id, *ids]
        assert document["page"] == {"size": 2, "totalElements": 5, "totalPages": 3, "number": 2}
        assert document["_links"]["prev"]["href"] == f"{client.server.url}{KEYS}?page=1&size=2"
        document = (await client.get(f"{KEYS}?page=7")).document
        assert "_embedded" not in document
        assert document["page"]["number"] == 7


async def test_an_empty_list_embeds_nothing(server: MatatikaServer, client: PlainClient) -> None:
    server.delete_api_key(server.default_key_id)
    document = (await client.get(KEYS)).document
    assert set(document) == {"_links", "page"}
    assert document["page"]["totalPages"] == 0


async def test_size_and_sort_are_honoured_and_kept_in_the_links(server: MatatikaServer, client: PlainClient) -> None:
    server.add_api_keys(3)
    document = (await client.get(f"{KEYS}?size=3&sort=name,desc")).document
    names = [key["name"] for key in document["_embedded"]["apikeys"]]
    assert names == ["key-00003", "key-00002", "key-00001"]
    assert document["_links"]["next"]["href"].endswith("/apikeys?page=1&size=3&sort=name,desc")
    document = (await client.get(f"{KEYS}?sort=created")).document
    assert document["_embedded"]["apikeys"][0]["name"] == "default"
    assert (await client.get(f"{KEYS}?sort=nonsense")).status == 400


@pytest.mark.parametrize(
    "query, size",
    [
        *((query, 20) for query in ("size=0", "size=x", "size=-1", "page=-1", "page=", "page=1e1", "page=9999999999")),
        ("size=100000", 2000),
    ],
)
async def test_numbers_that_cannot_be_are_ignored(client: PlainClient, query: str, size: int) -> None:
    page = (await client.get(f"{KEYS}?{query}")).document["page"]
    assert (page["size"], page["number"]) == (size, 0)


async def test_hrefs_can_name_another_host() -> None:
    async with client_of_a_server(alias_host="app.matatika.com") as client:
        document = (await client.get(KEYS)).document
        assert document["_links"]["self"]["href"] == "https://app.matatika.com/api/apikeys?page=0&size=20"
        assert client.server.deployment.alias_hosts == ("app.matatika.com",)


async def test_the_profiles(server: MatatikaServer, client: PlainClient) -> None:
    [other] = server.add_profiles(1)
    assert re.fullmatch(r"auth0\|[0-9a-f]{24}", other)
    got = await client.get("/api/profiles")
    assert got.headers["Content-Type"] == "application/hal+json"
    assert set(got.document) == {"_embedded", "_links"}
    first, second = got.document["_embedded"]["profiles"]
    assert (first["id"], second["id"]) == (server.profile_id, other) == tuple(server.profiles)
    assert first["handle"].startswith("@")
    assert first["_links"] == {
        "self": {"href": f"{server.url}/api/profiles"},
        "update edit profile": {"href": f"{server.url}/api/profiles/auth0%7C{server.profile_id[6:]}"},
    }
    assert (await client.get("/api/profiles/auth0%7C" + other[6:])).document == second
    assert (await client.get("/api/profiles/auth0%7C0")).status == 404


# Errors


async def test_an_error_as_spring_words_it(client: PlainClient) -> None:
    path = f"{KEYS}/{uuid4()}"
    got = await client.get(path)
    assert (got.status, got.headers["Content-Type"]) == (404, "application/json")
    assert FROM_DATABASE.fullmatch(got.document.pop("timestamp"))
    assert got.document | {"timestamp": ""} == {
        "timestamp": "",
        "status": 404,
        "error": "Not Found",
        "message": f"API key with ID '{path[-36:]}' not found",
        "path": path,
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_an_id_that_is_not_a_uuid_is_400(client: PlainClient, method: str) -> None:
    got = await client.send(method, f"{KEYS}/not%20one")
    assert (got.status, got.document["path"]) == (400, f"{KEYS}/not%20one")
    assert got.document["message"].endswith("Invalid UUID string: not one")
    [error] = got.document["errors"]
    assert (error["field"], error["rejectedValue"], error["bindingFailure"]) == ("id", "not one", True)
    assert (error["code"], error["objectName"]) == ("typeMismatch", "RequestParameter")


@pytest.mark.parametrize("document", [{}, {"name": None}, {"name": ""}, {"name": "  "}, {"name": 5}])
async def test_a_key_needs_a_name(server: MatatikaServer, client: PlainClient, document: object) -> None:
    got = await client.put(f"{KEYS}/{uuid4()}", document)
    assert got.status == 400
    [error] = got.document["errors"]
    assert (error["field"], error["code"], error["defaultMessage"]) == ("name", "NotBlank", "must not be blank")
    assert len(server.api_keys) == 1


@pytest.mark.parametrize(
    "body, media_type, status",
    [
        (b'{"name":"x"}', "application/json; charset=utf-8", 201),
        (b'{"name":"x"}', "application/hal+json", 201),
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 200_000, "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"name":["x"]}', "application/json", 400),
        (b"name=x", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_which_bodies_are_keys(client: PlainClient, body: bytes, media_type: str, status: int) -> None:
    got = await client.send("PUT", f"{KEYS}/{uuid4()}", data=body, headers={"Content-Type": media_type})
    assert (got.status, got.document.get("status", 201)) == (status, status)


@pytest.mark.parametrize(
    "method, path, allow",
    [
        ("DELETE", KEYS, "GET,POST"),
        ("POST", f"{KEYS}/00000000-0000-4000-8000-000000000000", "GET,PUT,DELETE"),
        ("PUT", "/api/profiles", "GET"),
    ],
)
async def test_a_method_that_is_not_there_is_405(client: PlainClient, method: str, path: str, allow: str) -> None:
    got = await client.send(method, path)
    assert (got.status, got.headers["Allow"], got.document["error"]) == (405, allow, "Method Not Allowed")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", f"{KEYS}/a/b", "/api/profiles/a/b"])
async def test_a_path_that_is_not_there_is_404(client: PlainClient, path: str) -> None:
    got = await client.get(path)
    assert (got.status, got.document["error"], got.document["path"]) == (404, "Not Found", path)


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
    assert nanosecond_timestamp(nanoseconds) == in_memory
    assert microsecond_timestamp(nanoseconds) == in_database
