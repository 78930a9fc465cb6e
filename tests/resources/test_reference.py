"""Every operation of the API: the same questions of each, by the server's table.

The facts of an operation stand in its method, in the method's docstring and in the server's table, by three hands; here
they are compared. What has no row here is missing from the library.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import pytest

from aiomatatika import (
    AuthenticationError,
    Collection,
    Download,
    HalResource,
    MatatikaSession,
    NotFoundError,
    Page,
    ResponseError,
    TransportError,
)
from aiomatatika.resources import Groups
from aiomatatika.resources.group import Group, Paging
from aiomatatika.testing import MatatikaServer
from aiomatatika.testing.operation import Operation
from aiomatatika.testing.operations import OPERATIONS
from aiomatatika.testing.resource_types import BY_NAME, BY_TABLE
from tests.resources.row import ONCE, Row
from tests.resources.rows import DERIVED, ROWS
from tests.resources.things import UNKNOWN, Things

_BY_ID = {operation.id: operation for operation in OPERATIONS}
TABLE = {id: _BY_ID[id.partition(",")[0]] for id in ROWS}
# The creation of a key looks up what became of a lost PUT (`tests/resources/apikeys`).
LOOKED_UP = "apikeys.create"
# What the calls of updates change; these send that and no more.
CHANGED = {"company", "label", "message", "name", "ownerEmail"}
PARTIAL = {"apikeys.update", "subscriptions.update"}
EVERY = pytest.mark.parametrize("id", ROWS)


def rows(*, but: tuple[str, ...] = (), **wanted: Any) -> pytest.MarkDecorator:
    found = [each for each in ROWS if each not in but and all(getattr(TABLE[each], k) in v for k, v in wanted.items())]
    return pytest.mark.parametrize("id", found)


def method_of(row: Row) -> Any:
    return inspect.getattr_static(type_of_group(row.group), row.method)


def type_of_group(name: str) -> type[Group]:
    group: type[Group] = getattr(Groups, name)  # asked of the class, a late group is the group's class
    return group


@pytest.fixture
async def things(session: MatatikaSession, server: MatatikaServer, id: str) -> Things:
    things = Things(session, server)
    await things.make(ROWS[id].call)
    await session.profiles.list().collect()  # there is a token
    server.requests.clear()
    return things


async def result_of(id: str, session: MatatikaSession, things: Things) -> Any:
    """Make the call, whatever it gives back, to its end."""
    result = ROWS[id].call(session, things)
    if isinstance(result, Collection):
        return await result.page()
    return await result.read() if isinstance(result, Download) else await result


def is_pageable(operation: Operation) -> bool:
    return operation.paged or operation.pageable


def shape(path: str) -> str:
    """Return a pattern for the paths of a template."""
    with_slashes = re.sub(r"\{(resource_path|dataset_id_or_alias)\}", ".+", path)
    return re.sub(r"\{\w+\}", "[^/]+", with_slashes)


@EVERY
async def test_what_goes_over_the_wire(
    id: str, session: MatatikaSession, server: MatatikaServer, things: Things
) -> None:
    operation = TABLE[id]
    result = await result_of(id, session, things)
    (request,) = server.requests.api
    assert request.method == operation.method
    assert re.fullmatch(shape(operation.path), request.path.removeprefix("/api"))
    assert set(request.query) <= {*operation.query, *(Paging.__annotations__ if is_pageable(operation) else ())}
    assert request.status in operation.statuses
    assert bool(request.body) <= bool(operation.body)
    if request.body and "/" in operation.body and operation.body != "text/yaml":
        assert request.headers["Content-Type"].partition(";")[0] == operation.body
    if operation.accepts:
        assert request.headers["Accept"].partition(",")[0] in operation.accepts
    assert_of_class(operation, result)


def assert_of_class(operation: Operation, result: Any) -> None:
    items = result.items if isinstance(result, Page) else result if isinstance(result, list) else [result]
    for each in items:
        if isinstance(each, HalResource) and "/" not in operation.response:
            assert operation.response in {each_class.__name__ for each_class in type(each).__mro__[:2]}
    if not operation.response:
        assert result in (None, ())


@EVERY
async def test_it_takes_paging_where_the_api_does(id: str) -> None:
    arguments = inspect.signature(method_of(ROWS[id])).parameters
    assert ("paging" in arguments) == is_pageable(TABLE[id])


@rows(but=(LOOKED_UP,))
async def test_how_often_it_is_sent_when_the_response_is_lost(
    id: str, session: MatatikaSession, server: MatatikaServer, things: Things
) -> None:
    server.faults.add(method=TABLE[id].method, drop="after", times=1)
    if ROWS[id].repeat is ONCE:
        with pytest.raises(TransportError) as caught:
            await result_of(id, session, things)
        assert caught.value.sent == "maybe"
        assert not caught.value.transient
        assert len(server.requests.api) == 1
    else:
        await result_of(id, session, things)
        assert len(server.requests.api) == 2


@EVERY
async def test_a_refused_token_is_replaced(
    id: str, session: MatatikaSession, server: MatatikaServer, things: Things
) -> None:
    server.revoke_tokens()
    await result_of(id, session, things)
    assert [request.status == 401 for request in server.requests.api] == [True, False]


@EVERY
async def test_what_its_documentation_says(id: str) -> None:
    operation, row = TABLE[id], ROWS[id]
    text = " ".join((inspect.getdoc(method_of(row)) or "").split())
    lines = {
        (each[1], re.sub(r"\{\w+\}", "{}", each[2]))
        for each in re.finditer(r"``(GET|POST|PUT|PATCH|DELETE) ([^`?]+)(?:\?[^`]*)?``", text)
    }
    assert (operation.method, re.sub(r"\{\w+\}", "{}", operation.path)) in lines
    if row.repeat is ONCE:
        assert re.search("sent once|never repeated", text.lower())


@rows(kind=("get", "list", "put", "initialise"))
@pytest.mark.parametrize("body", [b'"text"', b'{"id": 5, "path": 5, "_embedded": 5}'])
async def test_a_response_that_is_not_what_was_promised(
    id: str, body: bytes, session: MatatikaSession, server: MatatikaServer, things: Things
) -> None:
    server.faults.add(method=TABLE[id].method, status=TABLE[id].statuses[0], body=body, times=None)
    with pytest.raises((ResponseError, AuthenticationError)):
        await result_of(id, session, things)


@rows(kind=("get", "delete"), but=("resources.delete", "resources.get"))
async def test_what_is_not_there(id: str, session: MatatikaSession, server: MatatikaServer, things: Things) -> None:
    for name in BY_TABLE.keys() - {"apikeys", "profiles"}:
        table = server.tables[name]
        for row in table:
            if row in table:
                table.remove(row.id)
    for key in list(server.api_keys)[1:]:
        server.delete_api_key(key)
    with pytest.raises(NotFoundError):
        await result_of(id, session, things)


@rows(kind=("get",), but=("apikeys.get", "profiles.get"))
async def test_a_member_that_no_class_knows_is_kept(id: str, session: MatatikaSession, things: Things) -> None:
    result = await result_of(id, session, things)
    assert {name: result.extra[name] for name in UNKNOWN} == UNKNOWN


@pytest.mark.parametrize("id", [id for id, row in ROWS.items() if row.method == "update" and id not in PARTIAL])
async def test_an_update_sends_the_whole_resource_back(
    id: str, session: MatatikaSession, server: MatatikaServer, things: Things
) -> None:
    operation = TABLE[id]
    kind, name = BY_NAME[operation.body], BY_NAME[operation.body].relation
    before = await session.request("GET", f"/{kind.table}/{getattr(things, name).id}")
    await result_of(id, session, things)
    sent = json.loads(server.requests.api[-1].body)
    left = CHANGED | {"id", "_links", "_embedded", *kind.owned, *kind.times, *kind.from_path}
    kept = {member: value for member, value in before.json().items() if member not in left}
    assert {member: sent.get(member) for member in kept} == kept


def test_no_operation_and_no_method_is_forgotten() -> None:
    assert {operation.id for operation in TABLE.values()} == _BY_ID.keys()
    groups = [name for name in vars(Groups) if not name.startswith("_")]
    methods = {
        f"{name}.{method}"
        for name in groups
        for method, _ in inspect.getmembers(type_of_group(name), callable)
        if not method.startswith("_")
    }
    assert methods - DERIVED == {f"{row.group}.{row.method}" for row in ROWS.values()}
    assert len(groups) == 24
