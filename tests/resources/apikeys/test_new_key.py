"""A new key out of the response that creates it: the secret first, whatever is broken beside it."""

from __future__ import annotations

import json
import logging
from typing import Any
from uuid import UUID

import pytest
from yarl import URL

from aiomatatika import NewApiKey, Repeat, Response
from aiomatatika.resources.apikeys.models import read_new_key
from aiomatatika.transport.message import Request

ID = UUID("10000000-0000-0000-0000-000000000000")
WHOLE = {"id": str(ID), "clientId": "c", "clientSecret": "s", "name": "n", "profileId": "p", "colour": "green"}


def read(document: Any) -> NewApiKey | None:
    request = Request(method="PUT", url=URL("https://api.example.com"), repeat=Repeat.ONCE)
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_new_key(Response(201, {}, body, request), ID)


def test_a_whole_response_is_read_whole(caplog: pytest.LogCaptureFixture) -> None:
    key = read({**WHOLE, "created": "2026-01-11T18:58:35.961073921"})
    assert key is not None
    assert (key.id, key.name, key.client_id, key.profile_id) == (ID, "n", "c", "p")
    assert (key.client_secret.reveal(), dict(key.extra), key.is_complete) == ("s", {"colour": "green"}, True)
    assert key.created is not None
    assert caplog.messages == []


@pytest.mark.parametrize(
    "changes, fields, warning",
    [
        ({"created": "canary"}, {"created": None, "name": "n", "profile_id": "p"}, "created)"),
        (
            {"name": ["canary"], "profileId": 5},
            {"name": None, "profile_id": None, "client_id": "c"},
            "name, profileId)",
        ),
        ({"clientId": 5}, {"client_id": None, "name": "n"}, "clientId)"),
        ({"_links": "canary"}, {"name": "n"}, "_links)"),
        ({"_embedded": 5}, {"name": "n"}, "_embedded)"),
    ],
)
def test_a_member_that_does_not_fit_is_absent_and_named(
    caplog: pytest.LogCaptureFixture, changes: dict[str, Any], fields: dict[str, Any], warning: str
) -> None:
    key = read(WHOLE | changes)
    assert key is not None
    assert {name: getattr(key, name) for name in fields} == fields
    assert (key.id, key.client_secret.reveal(), dict(key.extra)) == (ID, "s", {"colour": "green", **changes})
    assert key.is_complete  # what does not fit stays in `extra`, and an update sends it back
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"API key {ID} was created, but its response is not whole ({warning}")
    assert "canary" not in record.getMessage()


@pytest.mark.parametrize("id", [None, 5, "no id", str(UUID(int=2))])
def test_the_id_is_the_one_that_was_put(id: Any) -> None:
    key = read(WHOLE | {"id": id})
    assert key is not None
    assert (key.id, key.is_complete) == (ID, True)


def test_what_cannot_be_read_and_what_does_not_fit_are_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    key = read(b'{"clientSecret": "s", "limits": NaN, "created": 5, "colour": "green"}')
    assert key is not None
    assert (key.created, dict(key.extra), key.is_complete) == (None, {"colour": "green", "created": 5}, False)
    (message,) = caplog.messages
    assert message.endswith("not whole (limits: it cannot be read, created)")


@pytest.mark.parametrize("secret", [None, "", " ", "*", "********", "\u2022\u2022", 5, True, ["s"], {"value": "s"}])
def test_what_nobody_could_use_is_no_secret(secret: Any) -> None:
    assert read(WHOLE | {"clientSecret": secret}) is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"name": "n"}', b'{"clientSecret": "a", "clientSecret": "b"}']
)
def test_a_body_without_a_secret_is_no_key(body: bytes) -> None:
    assert read(body) is None


def test_a_bug_of_ours_costs_all_but_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiomatatika.resources.apikeys.models.structure", lambda *_: 1 / 0)
    key = read(WHOLE)
    assert key is not None
    assert (key.id, key.name, key.client_id, key.client_secret.reveal()) == (ID, "n", "c", "s")
    assert not key.is_complete
