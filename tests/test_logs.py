"""What a program's log is told, and the fields that a formatter finds on it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import aiomatatika
from aiomatatika.testing import ControlledClock, MatatikaServer

FIELDS = ("method", "path", "status", "attempt", "request_id")
PACKAGE = Path(aiomatatika.__file__).parent


def fields_of(record: logging.LogRecord) -> tuple[object, ...]:
    return tuple(vars(record)[name] for name in FIELDS)


@pytest.fixture(autouse=True)
def listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "aiomatatika")


async def test_each_created_secret_is_one_info_record(server: MatatikaServer, caplog: pytest.LogCaptureFixture) -> None:
    async with server.session() as session:
        old = await session.apikeys.create("nightly")
        new = await session.apikeys.rotate(old)
    assert caplog.messages == [f"API key {each.id} was created" for each in (old, new)]
    assert [fields_of(each) for each in caplog.records] == [
        ("PUT", f"/api/apikeys/{each.id}", 201, 1, None) for each in (old, new)
    ]


async def test_a_warning_has_the_fields_of_its_call(server: MatatikaServer, caplog: pytest.LogCaptureFixture) -> None:
    path = f"/api/apikeys/{server.default_key_id}"
    server.faults.add(method="GET", path=path, status=503)
    server.faults.add(method="GET", path=path, edit=lambda key: key | {"created": "yesterday"})
    server.faults.add(
        method="GET", path="/api/apikeys", edit=lambda page: page | {"page": page["page"] | {"totalElements": 5}}
    )
    server.faults.add(method="PUT", drop="before")
    async with server.session() as session:
        await session.apikeys.get(server.default_key_id)
        await session.apikeys.list().collect()
        new = await session.apikeys.create("nightly")
    unreadable, counted, created, lost = caplog.records
    assert fields_of(unreadable) == ("GET", path, 200, 2, None)
    assert (vars(counted)["method"], vars(counted)["path"]) == ("GET", "/api/apikeys")
    assert fields_of(created) == ("PUT", f"/api/apikeys/{new.id}", 201, 1, None)
    assert fields_of(lost) == ("PUT", f"/api/apikeys/{new.id}", None, 2, None)


async def test_an_early_refresh_that_fails_has_the_fields_of_the_token_request(
    server: MatatikaServer, clock: ControlledClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with server.session() as session:
        await session.apikeys.list().first()
        server.faults.add(path="/oauth/token", status=503)
        clock.advance(86_400 - 30)
        await session.apikeys.list().first()
    (record,) = caplog.records
    assert fields_of(record) == ("POST", "/oauth/token", None, 1, None)


async def test_a_token_without_a_lifetime_has_the_fields_of_the_token_request(
    server: MatatikaServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(path="/oauth/token", edit=lambda token: {**token, "expires_in": None})
    async with server.session() as session:
        await session.apikeys.list().first()
    (record,) = caplog.records
    assert fields_of(record) == ("POST", "/oauth/token", 200, 1, None)


def test_every_logger_is_named_for_its_module() -> None:
    """So that all of them are below `aiomatatika`."""
    sources = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert sources.count("getLogger(") == sources.count("getLogger(__name__)") > 10
