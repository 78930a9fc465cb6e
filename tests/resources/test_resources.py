"""What is irregular about resources: their id is a path, and one URL has an object and its bytes."""

from __future__ import annotations

import email.policy
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from aiomatatika import InvalidArgumentError, MatatikaSession
from aiomatatika.testing import MatatikaServer

W = UUID("904cf92b-1111-4222-8333-944455556666")
PATHS = {
    "files/test.json": "files/test.json",
    "a b/ä?#%2F;x.html": "a%20b/%C3%A4%3F%23%252F%3Bx.html",
}
FORMS: dict[str, tuple[Any, str, str]] = {
    "get": (lambda files, path: files.get(W, path), "GET", "application/hal+json"),
    "content": (lambda files, path: files.content(W, path).read(), "GET", "*/*"),
    "put": (lambda files, path: files.put(W, path, "{}", content_type="a/b"), "PUT", "application/hal+json, "),
    "delete": (lambda files, path: files.delete(W, path), "DELETE", ""),
}


@pytest.mark.parametrize("call, method, accept", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("path", PATHS)
async def test_slashes_of_a_path_stay_and_its_names_are_encoded(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, path: str, call: Any, method: str, accept: str
) -> None:
    matatika_server.faults.add(method=method, status=200, json={"path": path})
    await call(matatika_session.resources, path)
    (request,) = matatika_server.requests.api
    assert (request.method, request.path) == (method, f"/api/workspaces/{W}/resources/{PATHS[path]}")
    assert request.headers["Accept"].startswith(accept)


@pytest.mark.parametrize("call", [call for call, *_ in FORMS.values()], ids=FORMS)
async def test_a_path_that_leaves_the_workspace_is_refused(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, call: Any
) -> None:
    for path in ("", "/a", "a/", "a//b", "../a", "a/./b", "a\\b", "a\nb", None):
        with pytest.raises(InvalidArgumentError, match="path must be"):
            await call(matatika_session.resources, path)
    assert not matatika_server.requests


async def test_a_text_is_put_inside_an_object(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    matatika_server.faults.add(method="PUT", status=201, json={"path": "a.html", "contentType": "text/html"})
    file = await matatika_session.resources.put(W, "a.html", "<p>é", content_type="text/html")
    assert (file.path, file.content_type) == ("a.html", "text/html")
    (request,) = matatika_server.requests.api
    assert request.headers["Content-Type"] == "application/hal+json"
    assert json.loads(request.body) == {"contentType": "text/html", "content": "<p>é"}


async def test_files_without_an_id_are_all_delivered(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    files = [{"path": path, "content": "canary"} for path in PATHS]
    matatika_server.faults.add(method="GET", status=200, json={"_embedded": {"resources": files}})
    found = await matatika_session.resources.list(W).collect()
    assert [each.path for each in found] == list(PATHS)
    assert "canary" not in repr(found)


async def test_files_are_published_in_parts_named_as_their_paths(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, tmp_path: Path
) -> None:
    (tmp_path / "b.pdf").write_bytes(b"\0%PDF")
    published = {"_embedded": {"resources": [{"path": "a/b.json"}]}}
    matatika_server.faults.add(path="/api/*", status=200, json=published)
    files: dict[str, Any] = {"a/b.json": b"{}", "b.pdf": tmp_path / "b.pdf"}
    assert [each.path for each in await matatika_session.resources.publish(W, files)] == ["a/b.json"]
    (request,) = matatika_server.requests.api
    head = f"MIME-Version: 1.0\r\nContent-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
    parts = [
        (part.get_param("name", header="content-disposition"), part.get_content()) for part in message.iter_parts()
    ]
    assert parts == [("a/b.json", b"{}"), ("b.pdf", b"\0%PDF")]


@pytest.mark.parametrize("files", [{}, {"../a": b""}, {"a": "text"}], ids=["none", "climbs", "text"])
async def test_what_cannot_be_published_is_refused(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession, files: Any
) -> None:
    with pytest.raises(InvalidArgumentError):
        await matatika_session.resources.publish(W, files)
    assert not matatika_server.requests
