"""The API: API keys, pages, profiles, errors."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from aiomatatika.credentials import ClientCredentials
from aiomatatika.testing.timestamps import microsecond_timestamp, nanosecond_timestamp

from .conftest import PlainClient, client_of_a_server

KEYS = "/api/apikeys"
FROM_MEMORY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}")
FROM_DATABASE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?")


def times(document: dict[str, Any], created: re.Pattern[str], modified: re.Pattern[str]) -> bool:
    return bool(created.fullmatch(document["created"]) and modified.fullmatch(document["lastModified"]))


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic eDp5", "Bearer", ""])
@pytest.mark.parametrize("path", [KEYS, "/api/nothing"])
async def test_without_a_valid_token_there_is_only_the_challenge(client: PlainClient, header: str, path: str) -> None:
    got = await client.send("GET", path, headers={"Authorization": header})
    assert (got.status, got.body) == (401, b"")
    assert got.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


# API keys


@pytest.mark.parametrize("path", [KEYS, f"{KEYS}/"])
async def test_initialise_gives_a_draft_and_stores_nothing(client: PlainClient, path: str) -> None:
    got = await client.send("POST", path)
    assert (got.status, got.headers["Content-Type"]) == (200, "application/hal+json")
    id = UUID(got.document["id"])
    assert id.version == 4
    assert times(got.document, FROM_MEMORY, FROM_MEMORY)
    assert set(got.document) == {"id", "created", "lastModified", "profileId", "_links"}
    assert got.document["_links"] == {
        "create apikey": {"href": f"{client.server.url}{KEYS}/{id}"},
        "profile": {"href": f"{client.server.url}/api/profiles/auth0%7C{client.server.profile_id[6:]}"},
    }
    assert id not in client.server.api_keys
    assert (await client.get(f"{KEYS}/{id}")).status == 404


async def test_a_key_from_its_creation_to_its_end(client: PlainClient) -> None:
    path = f"{KEYS}/{(id := uuid4())}"
    created = await client.put(path, {"name": "nightly"})
    made, stored = created.document, client.server.api_keys[id]
    assert (created.status, made["id"], made["name"]) == (201, str(id), "nightly")
    assert re.fullmatch(r"[A-Za-z0-9]{32} [A-Za-z0-9_-]{64}", f"{made['clientId']} {made['clientSecret']}")
    assert stored.credentials == ClientCredentials(made["clientId"], made["clientSecret"])
    assert made["profileId"] == stored.profile_id == client.server.profile_id
    assert times(made, FROM_MEMORY, FROM_MEMORY)
    assert list(made["_links"]) == ["self", "update apikey", "delete apikey", "profile"]

    read = (await client.get(path)).document
    assert times(read, FROM_DATABASE, FROM_DATABASE)
    assert datetime.fromisoformat(read["created"] + "Z") == stored.created

    before = stored.last_modified
    renamed = await client.put(path, {"name": "hourly"})
    assert (renamed.status, renamed.document["name"], renamed.document["clientId"]) == (200, "hourly", made["clientId"])
    assert times(renamed.document, FROM_DATABASE, FROM_MEMORY)
    assert stored.created <= before < stored.last_modified
    for later in (read, renamed.document, (await client.get()).document):
        assert "clientSecret" not in repr(later)
        assert made["clientSecret"] not in repr(later)

    deleted = await client.send("DELETE", path)
    assert (deleted.status, deleted.body) == (204, b"")
    assert id not in client.server.api_keys
    assert (await client.send("DELETE", path)).status == (await client.get(path)).status == 404


async def test_unknown_members_are_kept_until_a_put_without_them_and_the_servers_own_are_not_set(
    client: PlainClient,
) -> None:
    path = f"{KEYS}/{uuid4()}"
    name = 'Zoë 🗝 "quoted" \\ and\nlong' + "a" * 10_000
    sent = {"name": name, "limits": {"a": [1]}, "id": "x", "clientId": "x", "created": "x", "_links": {}}
    made = (await client.put(path, sent)).document
    read = (await client.get(path)).document
    assert read["limits"] == made["limits"] == {"a": [1]}
    assert (read["name"], read["id"], read["clientId"]) == (name, path[-36:], made["clientId"])
    assert "x" not in {made["clientId"], read["created"]}
    assert read["_links"]
    await client.put(path, {"name": "x"})
    assert "limits" not in (await client.get(path)).document


async def test_the_built_in_key_shows_a_token_that_works(client: PlainClient) -> None:
    path = f"{KEYS}/{client.server.default_key_id}"
    key = (await client.get(path)).document
    assert (key["name"], key["clientId"]) == ("default", client.server.credentials.client_id)
    assert (await client.get()).document["_embedded"]["apikeys"] == [key]  # the same token, while it is valid
    client.token = key["accessToken"]
    assert (await client.get(path)).status == 200
    assert client.server.tokens_issued == 1  # the token endpoint's own
    client.server.revoke_tokens()
    await client.log_in()
    assert (await client.get(path)).document["accessToken"] != key["accessToken"]


# Pages


async def test_one_page_has_no_neighbours(client: PlainClient) -> None:
    document = (await client.get(f"{KEYS}/")).document
    assert document["_links"] == {"self": {"href": f"{client.server.url}{KEYS}?page=0&size=20"}}
    assert document["page"] == {"size": 20, "totalElements": 1, "totalPages": 1, "number": 0}
    client.server.delete_api_key(client.server.default_key_id)
    document = (await client.get()).document
    assert (set(document), document["page"]["totalPages"]) == ({"_links", "page"}, 0)


async def test_first_prev_next_last() -> None:
    async with client_of_a_server(page_size=2, alias_host="app.matatika.com") as client:
        ids = [str(id) for id in (client.server.default_key_id, *client.server.add_api_keys(4))]
        url = "https://app.matatika.com/api/apikeys"
        for number, relations in enumerate(
            ("first self next last", "first prev self next last", "first prev self last")
        ):
            document = (await client.get(f"{KEYS}?page={number}")).document
            pages = {"first": 0, "prev": number - 1, "self": number, "next": number + 1, "last": 2}
            hrefs = {name: {"href": f"{url}?page={pages[name]}&size=2"} for name in relations.split()}
            assert list(document["_links"].items()) == list(hrefs.items())
            assert document["page"] == {"size": 2, "totalElements": 5, "totalPages": 3, "number": number}
            assert [key["id"] for key in document["_embedded"]["apikeys"]] == ids[2 * number : 2 * number + 2]
        assert "_embedded" not in (await client.get(f"{KEYS}?page=7")).document
        assert client.server.deployment.alias_hosts == ("app.matatika.com",)


async def test_size_and_sort_are_honoured_and_kept_in_the_links(client: PlainClient) -> None:
    client.server.add_api_keys(3)
    document = (await client.get(f"{KEYS}?size=3&sort=name,desc")).document
    names = [key["name"] for key in document["_embedded"]["apikeys"]]
    assert names == ["key-00003", "key-00002", "key-00001"]
    assert document["_links"]["next"]["href"].endswith("/apikeys?page=1&size=3&sort=name,desc")
    document = (await client.get(f"{KEYS}?size=1&sort=created&sort=name")).document
    assert document["_links"]["next"]["href"].endswith("/apikeys?page=1&size=1&sort=created&sort=name")
    assert document["_embedded"]["apikeys"][0]["name"] == "default"
    assert (await client.get(f"{KEYS}?sort=nonsense")).status == 400


@pytest.mark.parametrize("number", ["size=0", "size=x", "size=-1", "page=-1", "page=", "page=1e1", "page=9999999999"])
async def test_numbers_that_cannot_be_are_ignored(client: PlainClient, number: str) -> None:
    assert (await client.get(f"{KEYS}?{number}")).document == (await client.get()).document
    assert (await client.get(f"{KEYS}?size=100000")).document["page"]["size"] == 2000


# Profiles


async def test_the_profiles(client: PlainClient) -> None:
    [other] = client.server.add_profiles(1)
    assert re.fullmatch(r"auth0\|[0-9a-f]{24}", other)
    document = (await client.get("/api/profiles")).document
    assert set(document) == {"_embedded", "_links"}
    first, second = document["_embedded"]["profiles"]
    assert (first["id"], second["id"]) == (client.server.profile_id, other) == tuple(client.server.profiles)
    assert first["_links"] == {
        "self": {"href": f"{client.server.url}/api/profiles"},
        "update edit profile": {"href": f"{client.server.url}/api/profiles/auth0%7C{client.server.profile_id[6:]}"},
    }
    assert (await client.get("/api/profiles/auth0%7C" + other[6:])).document == second


# Errors

ID = "0904cf92-85a7-4b0e-8b27-1a6f3c9d2e10"
ONE, NO_UUID, PROFILES = f"{KEYS}/{ID}", f"{KEYS}/not%20one", "/api/profiles"
UUID_MESSAGE = (
    "Failed to convert value of type 'java.lang.String' to required type 'java.util.UUID'; "
    "nested exception is java.lang.IllegalArgumentException: Invalid UUID string: not one"
)


@pytest.mark.parametrize(
    "method, path, status, message",
    [
        ("GET", ONE, 404, f"API key with ID '{ID}' not found"),
        ("GET", f"{PROFILES}/auth0%7C0", 404, "Profile with ID 'auth0|0' not found"),
        *(("GET", path, 404, f"No endpoint GET {path}.") for path in ("/api", "/api/", "/api/x", f"{KEYS}/a/b")),
        ("DELETE", KEYS, 405, "Request method 'DELETE' is not supported"),
        ("POST", ONE, 405, "Request method 'POST' is not supported"),
        ("PUT", PROFILES, 405, "Request method 'PUT' is not supported"),
        *((method, NO_UUID, 400, UUID_MESSAGE) for method in ("GET", "PUT", "DELETE")),
    ],
)
async def test_an_error_as_spring_words_it(
    client: PlainClient, method: str, path: str, status: int, message: str
) -> None:
    got = await client.send(method, path)
    document = got.document
    assert (got.status, got.headers["Content-Type"]) == (status, "application/json")
    assert FROM_DATABASE.fullmatch(document.pop("timestamp"))
    errors = document.pop("errors", [])
    phrase = {400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}[status]
    assert document == {"status": status, "error": phrase, "message": message, "path": path}
    if path == NO_UUID:
        expected = {"field": "id", "rejectedValue": "not one", "bindingFailure": True, "code": "typeMismatch"}
        assert expected.items() <= errors[0].items()
    allowed = {KEYS: "GET,POST", ONE: "GET,PUT,DELETE", PROFILES: "GET"}
    assert got.headers.get("Allow") == (allowed[path] if status == 405 else None)


@pytest.mark.parametrize(
    "body, media_type, status",
    [
        (b'{"name":"x"}', "application/json; charset=utf-8", 201),
        (b'{"name":"x"}', "application/hal+json", 201),
        *(
            (body, "application/json", 400)
            for body in (b"", b"{", b"[" * 200_000, b"[]", b'{"name":["x"]}', b'{"name":5}')
        ),
        *((body, "application/json", 400) for body in (b"{}", b'{"name":null}', b'{"name":"  "}')),
        (b"name=x", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_which_bodies_are_keys(client: PlainClient, body: bytes, media_type: str, status: int) -> None:
    got = await client.send("PUT", ONE, data=body, headers={"Content-Type": media_type})
    assert (got.status, got.document.get("status", 201)) == (status, status)
    assert len(client.server.api_keys) == 1 + (status == 201)
    for error in got.document.get("errors", []):
        assert (error["field"], error["code"], error["defaultMessage"]) == ("name", "NotBlank", "must not be blank")
    assert ("errors" in got.document) == (body in {b"{}", b'{"name":null}', b'{"name":"  "}'})


@pytest.mark.parametrize(
    "nanoseconds, from_memory, from_database",
    [(961_073_921, "00.961073921", "00.961074"), (1_999_999_500, "01.9999995", "02"), (7_000_000_000, "07", "07")],
)
def test_times_as_java_writes_them(nanoseconds: int, from_memory: str, from_database: str) -> None:
    assert nanosecond_timestamp(nanoseconds) == f"1970-01-01T00:00:{from_memory}"
    assert microsecond_timestamp(nanoseconds) == f"1970-01-01T00:00:{from_database}"
