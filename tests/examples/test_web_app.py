"""The web app over plain HTTP: what it shows, keeps and refuses."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter

import pytest
from starlette.requests import Request

from aiomatatika import BearerToken, MatatikaSession
from aiomatatika.testing import MatatikaServer
from examples.web_app.one_time_secrets import OneTimeSecrets
from examples.web_app.secret_pages import show_once

from .web_app_running import page_saying, running, secrets_of

# The list


async def test_500_requests_at_once_on_a_cold_start_share_one_token(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server.session) as app:
        answers = await asyncio.gather(*(app.get("/") for _ in range(500)))
    assert Counter(answer.status for answer in answers) == {200: 500}
    assert len(matatika_server.requests.token) == 1
    assert len(matatika_server.requests.api) == 500


async def test_the_list_is_shown_page_by_page_at_one_request_each(matatika_server: MatatikaServer) -> None:
    matatika_server.add_api_keys(24)
    async with running(matatika_server.session) as app:
        path, names = "/", []
        for number in (1, 2, 3):
            page = await app.get(path)
            assert f"Page {number} of 3" in page.text
            assert "25 keys in all" in page.text
            assert ('rel="prev"' in page.text) == (number > 1)
            names += re.findall(r'<th scope="row">(.*?)</th>', page.text)
            following = re.search(r'rel="next" href="([^"]+)"', page.text)
            assert (following is not None) == (number < 3)
            path = following[1] if following else ""
    assert names == [key.name for key in matatika_server.api_keys.values()]
    assert matatika_server.requests.methods() == ["GET"] * 3


async def test_a_page_beyond_the_last_leads_to_the_last(matatika_server: MatatikaServer) -> None:
    matatika_server.add_api_keys(11)
    async with running(matatika_server.session) as app:
        page = await app.get("/?page=9&notice=deleted")
    assert page.path == "/?page=2&notice=deleted"
    assert "The key is deleted." in page.text


async def test_what_the_api_says_is_escaped(matatika_server: MatatikaServer) -> None:
    name = "<script>alert(1)</script>"
    async with running(matatika_server.session) as app:
        ticket = await app.create(name)
        key_id = list(matatika_server.api_keys)[-1]
        pages = [ticket, await app.get("/"), await app.post(ticket.path)]
        pages += [await app.get(f"/keys/{key_id}/{action}") for action in ("rename", "rotate", "delete")]
        pages.append(await app.post("/keys/new", name=name * 20, form="x"))
    for page in pages:
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


# A new key


async def test_a_secret_is_shown_once_and_stands_in_no_url_and_no_log(
    matatika_server: MatatikaServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running(matatika_server.session) as app:
        ticket = await app.create("nightly batch")
        secret = secrets_of(matatika_server)["nightly batch"]
        assert re.fullmatch(r"/secrets/[\w-]{43}", ticket.path)
        assert secret not in ticket.text
        listed = await app.get("/")
        assert "waits to be seen" in listed.text
        assert secret not in listed.text

        shown = await app.post(ticket.path)
        assert (shown.status, shown.path, shown.headers["Cache-Control"]) == (200, ticket.path, "no-store")
        assert secret in shown.text

        for again in (await app.post(ticket.path), await app.get(ticket.path)):
            assert again.status == 410
            assert "This secret was shown already" in again.text
            assert secret not in again.text
        assert "waits to be seen" not in (await app.get("/")).text
    assert secret not in caplog.text


async def test_a_secret_waits_for_a_client_that_goes_before_it_is_shown(matatika_server: MatatikaServer) -> None:
    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async with matatika_server.session() as session:
        secrets = OneTimeSecrets(patience=5)
        ticket = secrets.make(secrets.new_form(), "k", lambda save: session.apikeys.create("k", save=save))
        await ticket.settled(within=5)
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "state": {"session": session}}
        await show_once(Request(scope, gone), secrets, ticket.id)
        assert ticket.holds_secret


async def test_a_name_that_will_not_do_is_asked_for_again_and_nothing_is_sent(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server.session) as app:
        for name in ("", "   ", "x" * 201):
            answer = await app.create(name)
            assert answer.status == 422
            assert 'role="alert">Enter a ' in answer.text
            assert 'aria-invalid="true"' in answer.text
            assert answer.form
    assert not matatika_server.requests


async def test_a_form_that_is_sent_many_times_makes_one_key(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server.session) as app:
        form = (await app.get("/keys/new")).form
        answers = await asyncio.gather(*(app.post("/keys/new", name="once", form=form) for _ in range(10)))
        answers.append(await app.post("/keys/new", name="once", form=form))
        assert len({answer.path for answer in answers}) == 1
        key_id = list(matatika_server.api_keys)[-1]
        form = (await app.get(f"/keys/{key_id}/rotate")).form
        answers = await asyncio.gather(*(app.post(f"/keys/{key_id}/rotate", form=form) for _ in range(10)))
        answers.append(await app.post(f"/keys/{key_id}/rotate", form=form))
        assert {answer.status for answer in answers} == {200}
        assert len({answer.path for answer in answers}) == 1
    assert len(secrets_of(matatika_server)) == 1
    assert matatika_server.requests.methods().count("PUT") == 2


async def test_a_form_that_came_to_nothing_may_be_sent_again(matatika_server: MatatikaServer) -> None:
    matatika_server.faults.add(method="PUT", status=409)
    async with running(matatika_server.session) as app:
        form = (await app.get("/keys/new")).form
        assert (await app.post("/keys/new", name="k", form=form)).status == 409
        assert (await app.post("/keys/new", name="k", form=form)).status == 200
    assert list(secrets_of(matatika_server)) == ["k"]


async def test_a_form_whose_key_may_still_come_is_not_carried_out_again(matatika_server: MatatikaServer) -> None:
    matatika_server.faults.add(method="PUT", status=202, body="")
    async with running(matatika_server.session) as app:
        form = (await app.get("/keys/new")).form
        for _ in range(2):
            assert (await app.post("/keys/new", name="k", form=form)).status == 202
    assert matatika_server.requests.methods() == ["POST", "PUT"]


async def test_a_form_from_before_a_restart_makes_no_key(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server.session) as app:
        form = (await app.get("/keys/new")).form
    async with running(matatika_server.session) as app:
        for stale in (form, "", "x"):
            answer = await app.post("/keys/new", name="k", form=stale)
            assert answer.status == 409
            assert "before the app was restarted" in answer.text
    assert not matatika_server.requests


# Clients that go, and keys that take their time


async def test_a_client_that_goes_in_the_middle_loses_no_secret_and_harms_nobody(
    matatika_server: MatatikaServer,
) -> None:
    answering = asyncio.Event()
    hang = matatika_server.faults.add(method="PUT", delay=answering)
    async with running(matatika_server.session) as app:
        form = (await app.get("/keys/new")).form
        client = asyncio.create_task(app.post("/keys/new", name="left behind", form=form))
        await hang.wait()
        client.cancel()  # closes the connection
        await asyncio.wait({client})
        assert "is being made" in (await app.get("/")).text
        other = await app.create("of another")
        assert secrets_of(matatika_server)["of another"] in (await app.post(other.path)).text
        answering.set()
        page = await page_saying(app, "waits to be seen")
        assert "left behind" in page.text
        ticket = re.search(r"/secrets/[\w-]+", page.text)
        assert ticket
        assert secrets_of(matatika_server)["left behind"] in (await app.post(ticket[0])).text


async def test_a_key_that_takes_long_has_a_page_that_looks_again_by_itself(matatika_server: MatatikaServer) -> None:
    answering = asyncio.Event()
    matatika_server.faults.add(method="PUT", delay=answering)
    async with running(matatika_server.session, patience=0) as app:
        ticket = await app.create("slow")
        assert '<meta http-equiv="refresh"' in ticket.text
        assert "Making “slow”" in (await app.post(ticket.path)).text  # nothing to show yet, and nothing lost
        answering.set()
        await page_saying(app, "waits to be seen")
        ready = await app.get(ticket.path)
        assert '<meta http-equiv="refresh"' not in ready.text
        assert "Show the secret" in ready.text


async def test_a_failure_that_nobody_saw_waits_on_the_list(matatika_server: MatatikaServer) -> None:
    answering = asyncio.Event()
    matatika_server.faults.add(method="PUT", status=403, delay=answering)
    async with running(matatika_server.session, patience=0) as app:
        ticket = await app.create("refused")
        answering.set()
        assert "was not made" in (await page_saying(app, "See why")).text
        why = await app.get(ticket.path)
        assert (why.status, "This app may not do that." in why.text) == (403, True)
        assert "refused" not in (await app.get("/")).text


async def test_new_keys_are_refused_rather_than_unseen_secrets_dropped(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server.session) as app:
        tickets = [await app.create(f"k{number}") for number in range(20)]
        matatika_server.requests.clear()
        full = await app.create("one too many")
        assert full.status == 503
        assert "Too many new secrets wait" in full.text
        assert not matatika_server.requests
        for number, ticket in enumerate(tickets):
            assert secrets_of(matatika_server)[f"k{number}"] in (await app.post(ticket.path)).text
        assert (await app.create("room again")).status == 200


# What else is done to keys


async def test_a_key_is_renamed_and_the_page_it_stood_on_is_shown(matatika_server: MatatikaServer) -> None:
    key_id = matatika_server.add_api_keys(15)[-1]
    async with running(matatika_server.session) as app:
        asked = await app.get(f"/keys/{key_id}/rename?page=2")
        assert 'value="key-00015"' in asked.text
        assert (await app.post(f"/keys/{key_id}/rename?page=2", name=" ")).status == 422
        answer = await app.post(f"/keys/{key_id}/rename?page=2", name=" hourly batch ")
    assert answer.path == f"/?page=2&notice=renamed&changed={key_id}"
    assert f'id="key-{key_id}" class="changed"' in answer.text
    assert "The key has its new name." in answer.text
    assert matatika_server.api_keys[key_id].name == "hourly batch"


async def test_a_key_is_rotated_and_its_successors_secret_shown_once(matatika_server: MatatikaServer) -> None:
    (key_id,) = matatika_server.add_api_keys(1)
    async with running(matatika_server.session) as app:
        ticket = await app.post(f"/keys/{key_id}/rotate", form=(await app.get(f"/keys/{key_id}/rotate")).form)
        assert key_id not in matatika_server.api_keys
        assert secrets_of(matatika_server)["key-00001"] in (await app.post(ticket.path)).text


async def test_the_key_that_the_app_lives_by_is_told_from_the_others(matatika_server: MatatikaServer) -> None:
    (other,) = matatika_server.add_api_keys(1)
    async with running(matatika_server.session) as app:
        for action in ("rotate", "delete"):
            own_page = await app.get(f"/keys/{matatika_server.default_key_id}/{action}")
            assert "This app itself signs in with this key" in own_page.text
            assert "itself signs in" not in (await app.get(f"/keys/{other}/{action}")).text


async def test_with_a_bearer_token_it_may_be_any_key(matatika_server: MatatikaServer) -> None:
    async with matatika_server.session() as session:
        token = (await session.apikeys.get(matatika_server.default_key_id)).access_token
        assert token is not None
    own = BearerToken(token)
    async with running(lambda: MatatikaSession(own, deployment=matatika_server.deployment)) as app:
        for action in ("rotate", "delete"):
            page = await app.get(f"/keys/{matatika_server.default_key_id}/{action}")
            assert "If this app itself signs in with" in page.text


async def test_a_key_is_deleted_once_it_is_confirmed_and_deleting_again_is_no_error(
    matatika_server: MatatikaServer,
) -> None:
    (key_id,) = matatika_server.add_api_keys(1)
    async with running(matatika_server.session) as app:
        assert "Delete “key-00001”?" in (await app.get(f"/keys/{key_id}/delete")).text
        assert key_id in matatika_server.api_keys
        for _ in range(2):
            assert "The key is deleted." in (await app.post(f"/keys/{key_id}/delete")).text
    assert key_id not in matatika_server.api_keys
