"""The web app over plain HTTP: its list, its forms, and secrets that nobody loses."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import re
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.requests import Request

from aiomatatika import BearerToken, MatatikaSession
from aiomatatika.testing import MatatikaServer
from examples.web_app.one_time_secrets import OneTimeSecrets
from examples.web_app.secret_pages import show_once

from .programs import ONE, TOKENS, watched
from .web_app_running import WAITS, WebApp, running

NAMES = re.compile(r'<th scope="row" title=".*?">(.*?)</th>')
impatient = pytest.mark.parametrize("app", [{"patience": 0}], indirect=True, ids=["shows at once that it is working"])

# The list


async def test_500_requests_on_a_cold_start_share_one_token_and_one_session_which_ends_with_the_app(
    matatika_server: MatatikaServer,
) -> None:
    session = matatika_server.session()
    async with running(matatika_server, lambda: session) as app:
        answers = await asyncio.gather(*(app.get("/") for _ in range(500)))
        assert not session.closed
    assert session.closed
    assert Counter(answer.status for answer in answers) == {200: 500}
    assert (len(matatika_server.requests.token), len(matatika_server.requests.api)) == (1, 500)


async def test_the_list_is_shown_page_by_page_at_one_request_each(app: WebApp) -> None:
    app.api.add_api_keys(24)
    path, names = "/", []
    for number in (1, 2, 3):
        page = await app.get(path)
        assert f"Page {number} of 3" in page.text
        assert "25 keys in all" in page.text
        assert ('rel="prev"' in page.text) == (number > 1)
        names += NAMES.findall(page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        assert (following is not None) == (number < 3)
        path = following[1] if following else ""
    assert names == [key.name for key in app.api.api_keys.values()][::-1]  # the newest first
    assert app.api.requests.methods() == ["GET"] * 3
    beyond = await app.get("/?page=9&notice=deleted")
    assert (beyond.path, "The key is deleted." in beyond.text) == ("/?page=3&notice=deleted", True)


async def test_the_list_is_ordered_and_searched_and_keeps_both_from_page_to_page(app: WebApp) -> None:
    app.api.add_api_keys(12, "nightly")
    app.api.add_api_keys(1, "hourly")
    found = await app.get("/?q=NIGHT&sort=name")
    assert NAMES.findall(found.text) == [f"nightly-{number:05}" for number in range(1, 11)]
    assert "12 keys found" in found.text
    following = re.search(r'rel="next" href="([^"]+)"', found.text)
    assert following
    assert html.unescape(following[1]) == "/?page=2&sort=name&q=NIGHT"
    last = await app.get(html.unescape(following[1]))
    assert (NAMES.findall(last.text), 'rel="next"' in last.text) == (["nightly-00011", "nightly-00012"], False)
    assert NAMES.findall((await app.get("/?sort=oldest")).text)[0] == "default"
    assert "No key has “weekly” in its name." in (await app.get("/?q=weekly")).text


async def test_the_list_is_downloaded_as_json_without_a_secret(app: WebApp) -> None:
    app.api.add_api_keys(2)
    answer = await app.get("/keys.json")
    rows = json.loads(answer.text)
    assert [(row["id"], row["name"]) for row in rows] == [(str(key.id), key.name) for key in app.api.api_keys.values()]
    assert [row["name"] for row in rows if "access_token" not in row] == ["default"]  # the one that has a token
    assert answer.headers["Content-Disposition"] == 'attachment; filename="keys.json"'


async def test_what_the_api_says_is_escaped(app: WebApp) -> None:
    name = "<script>alert(1)</script>"
    ticket = await app.create(name)
    key_id = list(app.api.api_keys)[-1]
    pages = [ticket, await app.get("/"), await app.post(ticket.path)]
    pages += [await app.get(f"/keys/{key_id}/{action}") for action in ("rename", "rotate", "delete")]
    pages.append(await app.post("/keys/new", name=name * 20, form="x"))
    for page in pages:
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


# A new key


async def test_a_secret_is_shown_once_and_stands_in_no_url_and_no_log(
    app: WebApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ticket = await app.create("nightly batch")
    secret = app.secret_of("nightly batch")
    assert ticket.path == ticket.ticket
    listed = await app.get("/")
    assert WAITS in listed.text
    shown = await app.post(ticket.path)
    assert (shown.status, shown.path, secret in shown.text) == (200, ticket.path, True)
    new = list(app.api.api_keys)[-1]
    assert f'href="/?changed={new}#key-{new}">I have stored it' in shown.text
    assert f'id="key-{new}" class="changed"' in (await app.get(f"/?changed={new}")).text
    for again in (await app.post(ticket.path), await app.get(ticket.path)):
        assert again.status == 410
        assert "This secret was shown already" in again.text
        assert f"/keys/{list(app.api.api_keys)[-1]}/rotate" in again.text
        assert secret not in ticket.text + listed.text + again.text
    assert WAITS not in (await app.get("/")).text
    assert secret not in caplog.text


async def test_a_secret_waits_for_a_client_that_goes_before_it_is_shown(matatika_session: MatatikaSession) -> None:
    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    secrets = OneTimeSecrets(patience=0)
    ticket = secrets.make(secrets.new_form(), "k", lambda save: matatika_session.apikeys.create("k", save=save))
    await ticket.settled(within=60)
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "state": {"session": matatika_session}}
    await show_once(Request(scope, gone), secrets, ticket.id)
    assert ticket.holds_secret


async def test_a_name_that_will_not_do_is_asked_for_again_and_nothing_is_sent(app: WebApp) -> None:
    for name in ("", "   ", "x" * 201):
        answer = await app.create(name)
        assert (answer.status, 'role="alert">Enter a ' in answer.text) == (422, True)
        assert (bool(answer.form), 'aria-invalid="true"' in answer.text) == (True, True)
    assert not app.api.requests


async def test_a_form_that_is_sent_many_times_makes_one_key(app: WebApp) -> None:
    (key_id,) = app.api.add_api_keys(1, "twice")
    for path, name in (("/keys/new", "once"), (f"/keys/{key_id}/rotate", "twice-00001")):
        form = (await app.get(path)).form
        answers = await asyncio.gather(*(app.post(path, name=name, form=form) for _ in range(10)))
        answers.append(await app.post(path, name=name, form=form))
        assert {(answer.status, answer.path) for answer in answers} == {(200, answers[0].ticket)}
        assert app.secret_of(name) in (await app.post(answers[0].ticket)).text
    assert key_id not in app.api.api_keys
    assert app.api.requests.methods().count("PUT") == 2


@pytest.mark.parametrize(
    "fault, statuses",
    [({"status": 409}, [409, 200]), ({"status": 202, "body": ""}, [202, 202])],
    ids=["came to nothing is carried out", "may still make a key is not carried out"],
)
async def test_sent_again_a_form_that(app: WebApp, fault: dict[str, Any], statuses: list[int]) -> None:
    app.api.faults.add(method="PUT", **fault)
    form = (await app.get("/keys/new")).form
    assert [(await app.post("/keys/new", name="k", form=form)).status for _ in range(2)] == statuses
    assert app.api.requests.methods() == ["POST", "PUT"] * len({*statuses})


async def test_a_form_from_before_a_restart_makes_no_key(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server) as app:
        form = (await app.get("/keys/new")).form
    async with running(matatika_server) as app:
        for stale in (form, "", "x"):
            answer = await app.post("/keys/new", name="k", form=stale)
            assert (answer.status, "before the app was restarted" in answer.text) == (409, True)
    assert not matatika_server.requests


# Clients that go, and keys that take their time


async def test_a_client_that_goes_in_the_middle_loses_no_secret_and_harms_nobody(app: WebApp) -> None:
    answering = asyncio.Event()
    hang = app.api.faults.add(method="PUT", delay=answering)
    client = asyncio.create_task(app.create("left behind"))
    await hang.wait()
    client.cancel()  # closes the connection
    await asyncio.wait({client})
    assert "is being made" in (await app.get("/")).text
    other = await app.create("of another")
    assert app.secret_of("of another") in (await app.post(other.path)).text
    answering.set()
    page = await app.list_saying(WAITS)
    assert "left behind" in page.text
    assert app.secret_of("left behind") in (await app.post(page.ticket)).text


@impatient
async def test_a_key_that_takes_long_has_a_page_that_looks_again_by_itself(app: WebApp) -> None:
    answering = asyncio.Event()
    app.api.faults.add(method="PUT", delay=answering)
    ticket = await app.create("slow")
    assert '<meta http-equiv="refresh"' in ticket.text
    assert "Making “slow”" in (await app.post(ticket.path)).text  # nothing to show yet, and nothing lost
    answering.set()
    await app.list_saying(WAITS)
    ready = await app.get(ticket.path)
    assert '<meta http-equiv="refresh"' not in ready.text
    assert "Show the secret" in ready.text


@impatient
async def test_a_failure_that_nobody_saw_waits_on_the_list(app: WebApp) -> None:
    answering = asyncio.Event()
    app.api.faults.add(method="PUT", status=403, delay=answering)
    ticket = await app.create("refused")
    answering.set()
    assert "was not made" in (await app.list_saying("See why")).text
    why = await app.get(ticket.path)
    assert (why.status, "This app may not do that." in why.text) == (403, True)
    assert "refused" not in (await app.get("/")).text


async def test_new_keys_are_refused_rather_than_unseen_secrets_dropped(app: WebApp) -> None:
    tickets = {name: (await app.create(name)).path for name in map("k{}".format, range(20))}
    app.api.requests.clear()
    full = await app.create("one too many")
    assert (full.status, "Too many new secrets wait" in full.text) == (503, True)
    assert not app.api.requests
    for name, path in tickets.items():
        assert app.secret_of(name) in (await app.post(path)).text
    assert (await app.create("room again")).status == 200


# What else is done to keys


async def test_a_key_is_renamed_and_the_page_it_stood_on_is_shown(app: WebApp) -> None:
    key_id = app.api.add_api_keys(15)[0]
    path = f"/keys/{key_id}/rename?page=2"
    assert 'value="key-00001"' in (await app.get(path)).text
    assert (await app.post(path, name=" ")).status == 422
    answer = await app.post(path, name=" hourly batch ")
    assert answer.path == f"/?page=2&notice=renamed&changed={key_id}"
    assert f'id="key-{key_id}" class="changed"' in answer.text
    assert "The key has its new name." in answer.text
    assert app.api.api_keys[key_id].name == "hourly batch"


async def test_a_key_is_deleted_once_it_is_confirmed_and_deleting_again_is_no_error(app: WebApp) -> None:
    (key_id,) = app.api.add_api_keys(1)
    assert "Delete “key-00001”?" in (await app.get(f"/keys/{key_id}/delete")).text
    assert key_id in app.api.api_keys
    for _ in range(2):
        assert "The key “key-00001” is deleted." in (await app.post(f"/keys/{key_id}/delete")).text
    assert key_id not in app.api.api_keys


async def test_the_key_that_the_app_lives_by_is_told_from_the_others_which_a_bearer_token_does_not_allow(
    matatika_server: MatatikaServer,
) -> None:
    own, (other,) = matatika_server.default_key_id, matatika_server.add_api_keys(1)
    async with matatika_server.session() as session:
        token = (await session.apikeys.get(own)).access_token
        assert token
    bearer = MatatikaSession(BearerToken(token), deployment=matatika_server.deployment)
    for open_session, key_id, says in (
        (None, own, "This app itself signs in with this key"),
        (None, other, None),
        (lambda: bearer, own, "If this app itself signs in with"),
    ):
        async with running(matatika_server, open_session) as app:
            for action in ("rotate", "delete"):
                page = await app.get(f"/keys/{key_id}/{action}")
                assert (says or "") in page.text
                assert ("itself signs in" in page.text) == (says is not None)


# Keys that come with an error


GONE = UUID(int=1)


@pytest.mark.parametrize(
    "fault, path, says",
    [
        ({"path": TOKENS, "status": 401, "times": None}, "/keys/new", "not accepted yet"),
        ({"method": "DELETE", "status": 403}, "/keys/{}/rotate", "deleting its predecessor {} failed"),
        ({"method": "GET", "path": ONE, "status": 200, "json": {"id": str(GONE)}}, "/keys/{}/rename", "it anew"),
    ],
    ids=["new key was not accepted in time", "predecessor was not deleted", "namesake went just then"],
)
async def test_a_secret_is_shown_once_also_where_the(app: WebApp, fault: dict[str, Any], path: str, says: str) -> None:
    await app.get("/")  # the app has its token
    (key_id,) = app.api.add_api_keys(1)
    form = (await app.get(path.format(key_id))).form if "rename" not in path else ""
    app.api.faults.add(**fault)
    page = await app.post(path.format(key_id), name="made", form=form)
    assert 'role="alert"' in page.text
    assert "A key was made, but a later step failed." in page.text
    assert says.format(key_id) in page.text
    secret = list(app.api.api_keys.values())[-1].client_secret.reveal()
    assert secret in (await app.post(page.ticket)).text
    assert (await app.post(page.ticket)).status == 410


async def test_a_key_in_an_error_is_kept_though_the_request_has_been_cancelled(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    answering = asyncio.Event()
    hang = matatika_server.faults.add(method="PUT", delay=answering)
    secrets = OneTimeSecrets(patience=0)
    request = asyncio.create_task(secrets.see_through(matatika_session.apikeys.update(uuid4(), name="phoenix")))
    await hang.wait()
    request.cancel()
    await asyncio.wait({request})
    answering.set()
    await secrets.close(within=60)
    (ticket,) = secrets.unseen
    assert (ticket.name, ticket.holds_secret) == ("phoenix", True)


# The end of the app


@pytest.mark.parametrize("waits", [60.0, 0.0])
async def test_the_end_waits_for_a_key_in_the_making_and_names_what_nobody_saw(
    matatika_server: MatatikaServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, waits: float
) -> None:
    closing, answering = watched(monkeypatch, OneTimeSecrets, "close"), asyncio.Event()
    hang = matatika_server.faults.add(method="PUT", delay=answering)
    async with running(matatika_server, patience=0, shutdown_waits=waits) as app:
        await app.create("late")
        await hang.wait()
        stopping = asyncio.create_task(app.stop())
        await closing()
        assert not stopping.done()
        answering.set()
        await stopping
    assert f"nobody has seen the secret of API key {list(matatika_server.api_keys)[-1]}" in caplog.text
    assert ("a key was in the making" in caplog.text) == (waits == 0)
    assert app.secret_of("late") not in caplog.text
