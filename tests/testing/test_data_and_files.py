"""The data of datasets, the files of workspaces, discovery.yml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import FormData

from aiomatatika.testing.dataset_data import csv_pieces, json_pieces
from aiomatatika.testing.responses import accepted_type

from .conftest import Got, PlainClient

ROWS: list[dict[str, Any]] = [{"t.a": 1, "t.b": 'x,"é"'}, {"t.a": None, "t.b": "z"}]
CSV = 't.a,t.b\n1,"x,""é"""\n,z\n'


@pytest.mark.parametrize("lazy", [False, True])
async def test_data_is_json_or_csv(client: PlainClient, lazy: bool) -> None:
    dataset = client.server.tables["datasets"].add(rows=(lambda: iter(ROWS)) if lazy else ROWS)

    async def get(accept: str) -> Got:
        return await client.send("GET", f"/api/datasets/{dataset.id}/data", headers={"Accept": accept})

    for accept in ("*/*", "application/json", "text/html, application/*;q=0.5"):
        got = await get(accept)
        assert (got.headers["Content-Type"], got.document) == ("application/json", ROWS)
    got = await get("text/csv")
    assert (got.headers["Content-Type"], got.body.decode()) == ("text/csv", CSV)
    assert (got.headers.get("Transfer-Encoding") == "chunked") == lazy
    assert (await get("application/hal+json")).status == 406
    dataset.rows = (lambda: iter([])) if lazy else []
    assert (await get("text/csv")).status == 204


def test_data_is_made_in_pieces() -> None:
    made = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal made
        for made in range(10_000):
            yield {"n": made, "text": "x" * 1_000}

    for pieces in (csv_pieces(rows()), json_pieces(rows())):
        assert 65_536 <= len(next(pieces)) < 70_000
        assert made < 100
        assert all(len(piece) < 70_000 for piece in pieces)
    assert json.loads(b"".join(json_pieces([]))) == []


async def test_a_client_in_the_same_loop_reads_data_while_it_is_made(client: PlainClient) -> None:
    made = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal made
        for made in range(1_000):
            yield {"n": made, "text": "x" * 1_000}

    dataset = client.server.tables["datasets"].add(rows=rows)
    async with client.server.session() as session, session.datasets.csv(dataset.id) as pieces:
        await anext(pieces)
        assert made < 999


@pytest.mark.parametrize(
    "accept, expected",
    [("", "a/b"), ("*/*", "a/b"), ("A/C;q=1", "a/c"), ("x/y, a/*", "a/b"), ("x/*, a/c", "a/c"), ("x/y", None)],
)
def test_which_media_type_is_accepted(accept: str, expected: str | None) -> None:
    assert accepted_type(accept, ("a/b", "a/c")) == expected


# Files


def path_of(client: PlainClient, name: str = "") -> str:
    return f"/api/workspaces/{client.server.workspace_id}/resources{name}"


async def test_a_file_has_one_url_and_two_forms(client: PlainClient) -> None:
    client.server.tables["resources"].add(path="files/a b.bin", data=b"\x00\xff", contentType="application/x-a")
    path = path_of(client, "/files/a%20b.bin")
    raw = await client.get(path)
    assert (raw.body, raw.headers["Content-Type"]) == (b"\x00\xff", "application/x-a")
    shown = (await client.send("GET", path, headers={"Accept": "application/hal+json"})).document
    assert {"path": "files/a b.bin", "contentType": "application/x-a", "content": "\x00�"}.items() <= shown.items()
    assert shown["_links"]["self"] == {"href": client.server.url + path}
    assert (await client.send("DELETE", path)).status == 204
    assert (await client.get(path)).status == 404


async def test_a_file_is_put_as_hal(client: PlainClient) -> None:
    body = json.dumps({"contentType": "text/x\r\ny", "content": "é"})
    statuses = []
    for media_type in ("application/json", "application/hal+json", "application/hal+json"):
        headers = {"Content-Type": media_type}
        statuses.append((await client.send("PUT", path_of(client, "/a/b.txt"), data=body, headers=headers)).status)
    assert statuses == [415, 201, 200]
    raw = await client.get(path_of(client, "/a/b.txt"))
    assert (raw.body.decode(), raw.headers["Content-Type"]) == ("é", "application/octet-stream")


async def test_files_are_published_in_parts_named_by_their_paths(client: PlainClient) -> None:
    contents = {"a.bin": b"\r\n--\x00\r\n\r\n", "é.txt": "é".encode()}
    for _ in range(2):
        form = FormData(quote_fields=False)
        for name, data in contents.items():
            form.add_field(name, data, filename="x", content_type="application/x-a")
        got = await client.send("POST", path_of(client), data=form)
        assert [each["path"] for each in got.document["_embedded"]["resources"]] == list(contents)
    assert {row.id: row.data for row in client.server.tables["resources"]} == contents


BOUNDARY = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    "media_type, body, status",
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"", 415),
        (BOUNDARY, b"", 400),
        (BOUNDARY, b"--b\r\n\r\nx\r\n--b--", 400),
        (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="a"\r\n--b--', 400),
        (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b', 400),
        (BOUNDARY, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n', 200),
    ],
)
async def test_which_bodies_are_multipart(client: PlainClient, media_type: str, body: bytes, status: int) -> None:
    got = await client.send("POST", path_of(client), data=body, headers={"Content-Type": media_type})
    assert got.status == status


@pytest.mark.parametrize(
    "text, plugins",
    [
        ("version: 19\nfiles: []\nextractors:\n- name: x\n  variant: 'y'\nother:\n- name: z\n", [("x", "y")]),
        ('{"version": 19, "loaders": [{"name": "a", "variant": "b", "id": "x"}]}', [("a", "b")]),
        ("version: 19\nloaders:\n  variant: lonely\n", []),
        *((text, None) for text in ("nonsense", "{", '{"loaders": [1]}')),
    ],
)
async def test_what_is_discovered(client: PlainClient, text: str, plugins: list[tuple[str, str]] | None) -> None:
    path = f"/api/workspaces/{client.server.workspace_id}/discovery"
    got = await client.send("POST", path, data=text, headers={"Content-Type": "application/json"})
    assert got.status == (400 if plugins is None else 201)
    rows = client.server.tables["dataplugins"]
    assert [(row.document["name"], row.document["variant"]) for row in rows] == (plugins or [])
    shown = (await client.get(f"{path}.yml")).body.decode()
    assert shown.startswith("version: 19\nextractors:")
    assert all(f"- name: {name}\n  variant: {variant}\n" in shown for name, variant in plugins or [])
