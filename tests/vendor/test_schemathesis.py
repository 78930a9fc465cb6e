"""The embedded server, asked whatever schemathesis makes up by the vendor's document."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import re
from typing import Any, Final
from urllib.parse import unquote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from aiomatatika import Retries, ServerError
from aiomatatika.testing import MatatikaServer
from aiomatatika.testing.server import ThreadedServer
from tests.resources.rows import ROWS
from tests.resources.test_reference import TABLE, result_of
from tests.resources.things import Things

from .differences import OF_RESPONSES
from .document import READABLE, route_of, shape

# The vendor's server writes local times: no offset, and up to nine digits of a second. The document has RFC 3339's.
_TIME: Final = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?$"}
_OF_REQUESTS: Final = {"required", "pattern", "writeOnly"}  # what the server checks of what it is sent


def of_responses(part: Any) -> Any:
    if isinstance(part, list):
        return [of_responses(each) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return {"$ref": f"{part['$ref']}.sent"}
    if part.get("format") == "date-time":
        return _TIME
    return {name: of_responses(each) for name, each in part.items() if name not in _OF_REQUESTS}


def document() -> Any:
    """Return the document with schemas for responses that are not those for requests."""
    document = copy.deepcopy(READABLE)
    schemas = document["components"]["schemas"]
    schemas |= {f"{name}.sent": of_responses(schema) for name, schema in schemas.items()}
    for operation in (each for operations in document["paths"].values() for each in operations.values()):
        operation["responses"] = of_responses(operation["responses"])
    return document


SCHEMA: Final = schemathesis.openapi.from_dict(document())
ROUTES: Final = [
    pytest.param(
        *route,
        marks=pytest.mark.xfail(" ".join(route) in OF_RESPONSES, reason=OF_RESPONSES.get(" ".join(route), "")),
        id=" ".join(route),
    )
    for route in ((method.upper(), path) for path, operations in READABLE["paths"].items() for method in operations)
]


async def real_ids(server: ThreadedServer, method: str, path: str) -> dict[str, str]:
    """Return ids that the server has, by the variables of a path: those that the library would send."""
    id = next((id for id in ROWS if route_of(TABLE[id]) == (method, shape(path.replace("{folder}/", "")))), None)
    async with server.session(retries=Retries(attempts=1)) as session:
        await session.profiles.list().page()
        if id is None:
            return {}
        things = Things(session, server)
        await things.make(ROWS[id].call)
        server.faults.add(method=method, status=500, times=1)
        with contextlib.suppress(ServerError):
            await result_of(id, session, things)
    found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path), server.requests.api[-1].path)
    return {name: unquote(value) for name, value in found.groupdict().items()} if found else {}


@pytest.mark.parametrize("method, path", ROUTES)
def test_whatever_it_makes_up(method: str, path: str) -> None:
    operation = SCHEMA[path][method]
    with MatatikaServer.in_thread() as server, requests.Session() as http:
        there = asyncio.run(real_ids(server, method, path))
        http.headers["Authorization"] = server.requests.api[-1].headers["Authorization"]

        valid = st.one_of(operation.as_strategy(path_parameters=there), operation.as_strategy())
        cases = [st.tuples(valid, st.just([status_code_conformance, response_schema_conformance]))]
        if operation.body:
            invalid = operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=there)
            cases.append(st.tuples(invalid, st.just([])))

        @seed(1)
        @settings(
            max_examples=10,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(made_up=st.one_of(cases))
        def ask(made_up: tuple[Any, list[Any]]) -> None:
            case, checks = made_up
            response = case.call(server.url, http)
            case.validate_response(
                response, checks=[not_a_server_error, *(checks if response.status_code < 300 else [])]
            )

        ask()
