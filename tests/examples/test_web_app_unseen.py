"""The web app when things go wrong: keys that come with an error, and the end of the app."""

from __future__ import annotations

import asyncio
import re
from uuid import uuid4

import aiohttp
import pytest

from aiomatatika import MatatikaSession
from aiomatatika.testing import MatatikaServer
from examples.web_app.one_time_secrets import OneTimeSecrets

from .web_app_running import LIST, ONE, TOKEN, running, secrets_of

# Keys that come with an error


async def test_a_key_that_is_not_accepted_in_time_is_shown_with_what_is_wrong(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server.session) as app:
        await app.get("/")  # the app has its token
        matatika_server.faults.add(path=TOKEN, status=401, times=None)
        ticket = await app.create("early")
        assert 'role="alert"' in ticket.text
        assert "A key was made, but a later step failed." in ticket.text
        assert "not accepted yet" in ticket.text
        assert secrets_of(matatika_server)["early"] in (await app.post(ticket.path)).text
        assert (await app.post(ticket.path)).status == 410


async def test_a_successor_is_shown_though_its_predecessor_was_not_deleted(matatika_server: MatatikaServer) -> None:
    (key_id,) = matatika_server.add_api_keys(1)
    matatika_server.faults.add(method="DELETE", status=403)
    async with running(matatika_server.session) as app:
        ticket = await app.post(f"/keys/{key_id}/rotate", form=(await app.get(f"/keys/{key_id}/rotate")).form)
        assert f"deleting its predecessor {key_id} failed" in ticket.text
        successor = list(matatika_server.api_keys.values())[-1]
        assert successor.client_secret.reveal() in (await app.post(ticket.path)).text


async def test_renaming_a_key_that_goes_just_then_makes_another_and_shows_its_secret(
    matatika_server: MatatikaServer,
) -> None:
    gone = uuid4()
    matatika_server.faults.add(method="GET", path=ONE, status=200, json={"id": str(gone), "name": "old"})
    async with running(matatika_server.session) as app:
        answer = await app.post(f"/keys/{gone}/rename", name="phoenix")
        assert answer.status == 502
        assert "created it anew" in answer.text
        ticket = re.search(r"/secrets/[\w-]+", answer.text)
        assert ticket
        assert secrets_of(matatika_server)["phoenix"] in (await app.post(ticket[0])).text


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
    await secrets.close(within=5)
    (ticket,) = secrets.unseen
    key = ticket.take()
    assert key
    assert key.client_secret.reveal() == secrets_of(matatika_server)["phoenix"]


async def test_a_lost_secret_is_named_and_what_is_left_can_be_deleted(matatika_server: MatatikaServer) -> None:
    matatika_server.faults.add(method="PUT", drop="after")
    matatika_server.faults.add(method="GET", path=ONE, status=503, times=3)
    async with running(matatika_server.session) as app:
        answer = await app.create("lost")
        (key_id,) = list(matatika_server.api_keys)[1:]
        assert answer.status == 502
        assert f"The id of the key was {key_id}." in answer.text
        assert f'href="/keys/{key_id}/delete"' in answer.text
        assert "lost" in (await app.get(f"/keys/{key_id}/delete")).text


# The end of the app


@pytest.mark.parametrize("waits", [10.0, 0.0])
async def test_the_end_waits_for_a_key_in_the_making_and_names_what_nobody_saw(
    matatika_server: MatatikaServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, waits: float
) -> None:
    answering, closing, close = asyncio.Event(), asyncio.Event(), OneTimeSecrets.close

    async def noticed(secrets: OneTimeSecrets, *, within: float) -> None:
        closing.set()
        await close(secrets, within=within)

    monkeypatch.setattr(OneTimeSecrets, "close", noticed)
    hang = matatika_server.faults.add(method="PUT", delay=answering)
    async with running(matatika_server.session, patience=0, shutdown_waits=waits) as app:
        await app.create("late")
        await hang.wait()
        stopping = asyncio.create_task(app.stop())
        await closing.wait()
        for _ in range(10):
            await asyncio.sleep(0)  # long enough for 0 s to pass
        assert not stopping.done()
        answering.set()
        await stopping
    (key_id,) = list(matatika_server.api_keys)[1:]
    assert f"nobody has seen the secret of API key {key_id}" in caplog.text
    assert ("a key was in the making" in caplog.text) == (waits == 0)
    assert secrets_of(matatika_server)["late"] not in caplog.text


async def test_a_key_whose_making_does_not_end_does_not_hold_up_the_end_for_ever(
    matatika_server: MatatikaServer, caplog: pytest.LogCaptureFixture
) -> None:
    hang = matatika_server.faults.add(method="POST", path=LIST, delay=asyncio.Event())
    async with running(matatika_server.session, patience=0, shutdown_waits=0) as app:
        await app.create("never")
        await hang.wait()
        async with asyncio.timeout(30):
            await app.stop()
    assert "a key was in the making: nothing known" in caplog.text


async def test_the_session_is_closed_with_the_app(matatika_server: MatatikaServer) -> None:
    session = matatika_server.session()
    async with running(lambda: session) as app:
        await app.get("/")
        assert not session.closed
    assert session.closed
    with pytest.raises(aiohttp.ClientConnectionError):
        async with aiohttp.ClientSession() as http:
            await http.get(app.url)
