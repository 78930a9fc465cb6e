"""Z: what objects, errors, their frames and chains show, whoever prints or serialises them: Z04 to Z07, Z19."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import pickle
import pprint
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cattrs
import msgspec
import pytest

from aiomatatika import AccessToken, BearerToken, ConfigurationError, MatatikaError, MatatikaSession, Repeat, Secret
from aiomatatika.decoding.header_fields import header_fields
from aiomatatika.decoding.request_bodies import Body, json_body
from aiomatatika.testing import MatatikaServer
from aiomatatika.transport.message import Request
from aiomatatika.transport.streamed_body import FileBody

from ..canary import assert_hidden, secrets_on_the_wire, shown_by, shown_by_error
from ..servers import chain, everything_shown
from .conftest import Witness
from .every_error import TROUBLES, body_of, error_of

Printer = Callable[[Any], object]
OURS = {"aiomatatika", "asyncio", "builtins"}


def error_classes(cls: type[MatatikaError] = MatatikaError) -> Iterator[type[MatatikaError]]:
    """Yield the error classes that have no subclass of their own here."""
    below = [each for each in cls.__subclasses__() if each.__module__.startswith("aiomatatika.")]
    yield from (each for child in below for each in error_classes(child))
    if not below:
        yield cls


async def every_error(server: MatatikaServer, names: Iterable[str] = TROUBLES) -> dict[str, BaseException]:
    async with server.session() as session:
        await session.apikeys.list().first()
        return {name: await error_of(name, session, server) for name in names}


async def every_object(session: MatatikaSession, server: MatatikaServer) -> list[object]:
    """Return one of everything that a session hands out, takes or consists of; the unknown members are secrets too."""
    secret = server.credentials.client_secret.reveal()
    new = await session.apikeys.create("new")
    server.faults.add(method="GET", path="/api/apikeys/*", edit=lambda key: key.update(backupSecret=secret))
    key = await session.apikeys.get(new)
    assert key.extra["backupSecret"] == secret
    keys = session.apikeys.list()
    default = await keys.first()
    assert default is not None
    assert default.access_token is not None
    response = await session.request("GET", "/apikeys")
    request = Request(method="PUT", url=response.url, repeat=Repeat.ONCE, body=json_body(body_of(server)))
    streamed = Request(
        method="PUT",
        url=response.url,
        repeat=Repeat.ONCE,
        body=FileBody(Body(secret.encode())),
        headers=header_fields({"X-Key": secret}),
    )
    download = session.download("/apikeys", params={"q": secret})
    handed_out = [new, key, key.extra, default, default.links, keys, await keys.page(), response, request, request.body]
    handed_out += [streamed, streamed.body, streamed.headers, download]
    made = [BearerToken(default.access_token), AccessToken(default.access_token), server.credentials, new.credentials]
    state = session._client.state  # what a debugger shows
    return [*handed_out, *made, Secret(secret), session, session.with_options(), session.apikeys, state, state.tokens]


async def test_Z04_no_text_of_any_object_shows_a_secret(server: MatatikaServer) -> None:
    errors = await every_error(server)
    assert {type(error) for error in errors.values()} >= set(error_classes())
    async with server.session() as session:
        for thing in (*errors.values(), *await every_object(session, server)):
            assert_hidden(shown_by(thing), secrets_on_the_wire(server))
    short, long = Secret("s"), Secret("s" * 1_000)
    assert list(shown_by(short)) == list(shown_by(long))  # not even the length


async def test_Z05_no_local_of_any_frame_shows_a_secret(server: MatatikaServer) -> None:
    for name, error in (await every_error(server)).items():
        frames = list(traceback.walk_tb(error.__traceback__))
        assert frames, name
        # What a crash reporter sends, and a debugger or `pytest --showlocals` prints: the whole of each local.
        for frame, _ in frames:
            assert_hidden([repr(value) for value in frame.f_locals.values()], secrets_on_the_wire(server))


async def test_Z06_no_chain_holds_an_exception_of_aiohttp(server: MatatikaServer) -> None:
    for error in (await every_error(server)).values():
        assert {type(each).__module__.partition(".")[0] for each in chain(error)} <= OURS
        shown = everything_shown(error)
        assert_hidden([shown], secrets_on_the_wire(server))
        assert "site-packages/aiohttp" not in shown


async def test_Z07_no_log_record_shows_a_secret(server: MatatikaServer, caplog: pytest.LogCaptureFixture) -> None:
    asyncio.get_running_loop().set_debug(True)
    await every_error(server)
    async with server.session() as session:
        await session.request("GET", "/apikeys", params={"q": server.credentials.client_secret.reveal()})
        await session.apikeys.rotate(await session.apikeys.create("new", ready_within=10), ready_within=10)
    assert {"aiomatatika"} <= {record.name.partition(".")[0] for record in caplog.records}
    for record in caplog.records:
        shown = [record.getMessage(), repr(record.args), repr(record.exc_info), repr(vars(record))]
        assert_hidden(shown, secrets_on_the_wire(server))


# What other packages make of an object. Each is imported where it is needed, and is in the extra `test`.


def rich_pretty(thing: object) -> str:
    console = pytest.importorskip("rich.console").Console(file=io.StringIO(), width=1_000)
    console.print(pytest.importorskip("rich.pretty").Pretty(thing, expand_all=True))
    return str(console.file.getvalue())


PRINTERS: dict[str, Printer] = {
    "pprint": pprint.pformat,
    "rich": rich_pretty,
    "devtools": lambda thing: pytest.importorskip("devtools").pformat(thing),
    "IPython": lambda thing: pytest.importorskip("IPython.lib.pretty").pretty(thing),
    "jsonpickle": lambda thing: pytest.importorskip("jsonpickle").encode(thing, keys=True),
    "jsonpickle, to read": lambda thing: pytest.importorskip("jsonpickle").encode(thing, unpicklable=False, keys=True),
    "cattrs": cattrs.unstructure,
    "cattrs, as JSON": lambda thing: json.dumps(cattrs.unstructure(thing), default=str),
    "msgspec": lambda thing: msgspec.json.encode(thing, enc_hook=str),
    "msgspec, its members": lambda thing: msgspec.json.encode(thing, enc_hook=vars),
    "msgspec, builtins": lambda thing: msgspec.to_builtins(thing, enc_hook=repr),
    "JSON": lambda thing: json.dumps(thing, default=str),
    "JSON, its members": lambda thing: json.dumps(thing, default=vars),
}


def rich_traceback(error: BaseException) -> str:
    console = pytest.importorskip("rich.console").Console(file=io.StringIO(), width=1_000)
    report = pytest.importorskip("rich.traceback").Traceback
    whole = {"show_locals": True, "locals_max_string": 1_000, "locals_max_length": 100, "extra_lines": 0}
    console.print(report.from_exception(type(error), error, error.__traceback__, **whole))
    return str(console.file.getvalue())


def structlog_console(error: BaseException) -> object:
    event: Any = {"event": "failed", "level": "error", "exc_info": error}
    return pytest.importorskip("structlog.dev").ConsoleRenderer(colors=False)(None, "error", event)


def structlog_json(error: BaseException) -> object:
    tracebacks = pytest.importorskip("structlog.tracebacks")
    whole = tracebacks.ExceptionDictTransformer(show_locals=True, locals_max_string=1_000, locals_max_length=100)
    processors = pytest.importorskip("structlog.processors")
    event: Any = {"event": "failed", "level": "error", "exc_info": error}
    event = processors.ExceptionRenderer(whole)(None, "error", event)
    return processors.JSONRenderer(default=repr)(None, "error", event)


# A way through each part of the library: pretty tracebacks take a tenth of a second each.
TELLING = [
    "environment",
    "argument",
    "header",
    "relation",
    "400",
    "cancelled",
    "broken item",
    "unknown members",
    "not accepted",
]
REPORTERS: dict[str, Callable[[BaseException], object]] = {
    "rich": rich_traceback,
    "structlog, JSON": structlog_json,
    "structlog, console": structlog_console,
}


def shown_with(printer: Printer, thing: Any) -> str:
    """Return what a printer shows, or what it says where it cannot."""
    try:
        shown = printer(thing)
    except (TypeError, ValueError, AttributeError, RecursionError) as refusal:
        shown = f"{refusal!r} {refusal}"
    return shown if isinstance(shown, str) else repr(shown)


@pytest.mark.parametrize("printer", PRINTERS)
async def test_Z19_no_printer_or_serialiser_shows_a_secret_or_a_request_body(
    server: MatatikaServer, printer: str
) -> None:
    errors = await every_error(server, TELLING)
    async with server.session() as session:
        for thing in (*await every_object(session, server), *errors.values()):
            assert_hidden([shown_with(PRINTERS[printer], thing)], secrets_on_the_wire(server))


@pytest.mark.parametrize("reporter", REPORTERS)
async def test_Z19_no_reporter_of_errors_shows_a_secret_or_a_request_body(
    server: MatatikaServer, reporter: str
) -> None:
    for name, error in (await every_error(server, TELLING)).items():
        report = REPORTERS[reporter](error)
        assert type(error).__name__ in str(report), name
        assert_hidden([str(report)], secrets_on_the_wire(server))


def test_Z19_the_environment_is_in_no_frame(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CLIENT_ID": "id", "CLIENT_SECRET": "canary-secret-in-the-environment"}.items():
        monkeypatch.setenv(f"MATATIKA_{name}", value)
    monkeypatch.setenv("MATATIKA_API_URL", "http://api.example.com/api")
    with witness.raises(ConfigurationError) as caught:
        MatatikaSession.from_env()
    shown = shown_by_error(caught.value, but_not=__file__)  # now: frames hold the environment as it is, not as it was
    assert_hidden(shown, {"canary-secret-in-the-environment"})


async def test_Z20_a_pickle_leaves_out_what_is_not_known_and_says_so(server: MatatikaServer) -> None:
    secret = server.credentials.client_secret.reveal()
    unknown = {"apiKey": secret, "connectionString": f"db://user:{secret}@host", "anything": {"at": [secret]}}
    async with server.session() as session:
        known = await session.apikeys.get(server.add_api_keys(1)[0])
        server.faults.add(path="/api/apikeys/*", edit=lambda key: key | unknown | {"_embedded": unknown})
        key = await session.apikeys.get(server.default_key_id)
    assert dict(key.extra) == dict(key.embedded) == unknown
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        pickled = pickle.dumps(key, protocol)
        assert_hidden([pickled.decode("latin-1")], secrets_on_the_wire(server))
        restored = pickle.loads(pickled)  # our own
        assert (dict(restored.extra), dict(restored.embedded), restored.is_complete) == ({}, {}, False)
    assert copy.deepcopy(key).extra == unknown
    assert pickle.loads(pickle.dumps(known)).is_complete  # our own
