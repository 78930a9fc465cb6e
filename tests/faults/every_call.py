"""Every public call of the library, to be made under every kind of trouble."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from aiomatatika import Collection, Download, Link, MatatikaSession
from aiomatatika.resources import Groups
from aiomatatika.testing import MatatikaServer, Run
from tests.resources.rows import DERIVED

AT_ONCE = Run(queued=0, seconds=0)

Call = Callable[[MatatikaSession, MatatikaServer], Awaitable[object]]


async def use(session: MatatikaSession, server: MatatikaServer) -> None:
    async with session as same:
        await same.request("GET", "/profiles")


async def use_and_close(session: MatatikaSession, server: MatatikaServer) -> None:
    await session.request("GET", "/profiles")
    await session.close()


async def act(session: MatatikaSession, server: MatatikaServer) -> object:
    href = f"/api/apikeys/{some_key(server)}"
    return await session.act(Link(rel="update apikey", href=href, method="PUT"), "update", json={"name": "new"})


async def iterate(session: MatatikaSession, server: MatatikaServer) -> list[object]:
    return [key async for key in session.apikeys.list(size=2)]


async def iterate_ahead(session: MatatikaSession, server: MatatikaServer) -> list[object]:
    return [page async for page in session.apikeys.list(size=1, prefetch=2).pages()]


async def give_up(session: MatatikaSession, server: MatatikaServer) -> None:
    pages = session.apikeys.list(size=1, prefetch=2).pages()
    await anext(pages)
    await pages.aclose()


async def create_from_draft(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.apikeys.create("from a draft", draft=await session.apikeys.initialise())


async def read_pieces(session: MatatikaSession, server: MatatikaServer) -> list[bytes]:
    async with session.download("/apikeys") as pieces:
        return [piece async for piece in pieces]


async def save(session: MatatikaSession, server: MatatikaServer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            await session.download("/apikeys").save(f"{folder}/keys.json")
        except BaseException:
            assert os.listdir(folder) in ([], ["keys.json"])  # noqa: PTH208  # names alone
            raise


async def send_file(session: MatatikaSession, server: MatatikaServer) -> object:
    href = f"/apikeys/{some_key(server)}"
    with tempfile.NamedTemporaryFile() as file:
        file.write(b'{"name":"new"}')
        file.flush()
        return await session.request("PUT", href, body=Path(file.name), content_type="application/json")


async def follow_logs(session: MatatikaSession, server: MatatikaServer) -> list[str]:
    return [line async for line in session.jobs.follow_logs(some_job(server))]


async def run(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.jobs.run(server.tables["pipelines"].add(runs=deque([AT_ONCE])).id)


async def start(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.jobs.start(server.tables["pipelines"].add().id)


async def watch(session: MatatikaSession, server: MatatikaServer) -> list[object]:
    return [job async for job in session.jobs.watch(some_job(server))]


async def reply(session: MatatikaSession, server: MatatikaServer) -> object:
    return await session.comments.reply(await session.comments.get(server.tables["comments"].add().id), "hello")


def some_job(server: MatatikaServer) -> str:
    return server.tables["jobs"].add(run=AT_ONCE).id


def some_key(server: MatatikaServer) -> str:
    return str(server.add_api_keys(1)[0])


# By the coroutine function, or asynchronous iteration, that each is about; in brackets a variant.
CALLS: dict[str, Call] = {
    "MatatikaSession.__aenter__": use,
    "MatatikaSession.act": act,
    "MatatikaSession.close": use_and_close,
    "MatatikaSession.follow": lambda session, server: session.follow(f"/api/apikeys/{server.default_key_id}"),
    "MatatikaSession.request": lambda session, _: session.request("GET", "/profiles"),
    "MatatikaSession.request (file)": send_file,
    "Download.__aenter__": read_pieces,
    "Download.read": lambda session, _: session.download("/apikeys").read(),
    "Download.save": save,
    "Download.text": lambda session, _: session.download("/apikeys").text(),
    "ApiKeys.find": lambda session, _: session.apikeys.find("default"),
    "ApiKeys.get": lambda session, server: session.apikeys.get(server.default_key_id),
    "ApiKeys.initialise": lambda session, _: session.apikeys.initialise(),
    "ApiKeys.create": lambda session, _: session.apikeys.create("one"),
    "ApiKeys.create (draft)": create_from_draft,
    "ApiKeys.create (ready_within)": lambda session, _: session.apikeys.create("one", ready_within=45),
    "ApiKeys.update": lambda session, server: session.apikeys.update(some_key(server), name="new"),
    "ApiKeys.delete": lambda session, server: session.apikeys.delete(some_key(server)),
    "ApiKeys.rotate": lambda session, server: session.apikeys.rotate(some_key(server)),
    "ApiKeys.wait_until_accepted": lambda session, server: session.apikeys.wait_until_accepted(server.credentials),
    "Comments.reply": reply,
    "Jobs.follow_logs": follow_logs,
    "Jobs.run": run,
    "Jobs.start": start,
    "Jobs.wait": lambda session, server: session.jobs.wait(some_job(server), within=60),
    "Jobs.watch": watch,
    "Pipelines.wait": lambda session, server: session.pipelines.wait(server.tables["pipelines"].add().id),
    "Workspaces.wait": lambda session, server: session.workspaces.wait(server.workspace_id),
    "Profiles.get": lambda session, server: session.profiles.get(server.profile_id),
    "Collection.__aiter__": iterate,
    "Collection.pages": iterate_ahead,
    "Collection.pages (aclose)": give_up,
    "Collection.page": lambda session, _: session.apikeys.list(size=1).page(),
    "Collection.first": lambda session, _: session.apikeys.list().first(),
    "Collection.collect": lambda session, _: session.apikeys.list(size=2).collect(),
    "Collection.collect (prefetch)": lambda session, _: session.apikeys.list(size=1, prefetch=3).collect(),
    "Collection.count": lambda session, _: session.profiles.list().count(),
}
if find_spec("pyarrow") is not None:
    import_module("pyarrow.csv")  # its first import opens a pipe for good, which no test has leaked
    CALLS["Datasets.arrow"] = lambda session, server: session.datasets.arrow(
        server.tables["datasets"].add(rows=[{"a": 1}]).id
    )


def public_coroutines() -> set[str]:
    """Return the names of the public coroutine functions of the session, a download, a collection and the groups.

    Of the groups those that make more than one request; the others are one call of `MatatikaSession.request`'s kind.
    """
    derived = {(getattr(Groups, group), method) for group, method in (name.split(".") for name in DERIVED)}
    classes = [(cls, name) for cls in (MatatikaSession, Download, Collection) for name in vars(cls)]
    return {
        f"{cls.__name__}.{name}"
        for cls, name in (*classes, *derived)
        if not name.startswith("_") and inspect.iscoroutinefunction(vars(cls)[name])
    } - ({"Datasets.arrow"} if find_spec("pyarrow") is None else set())
