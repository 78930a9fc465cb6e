"""The web app in trouble: each error of the library, those of nobody, health, and what other sites may not do."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import aiohttp
import pytest

from aiomatatika import (
    ApiError,
    BadRequestError,
    ClientCredentials,
    MatatikaError,
    MatatikaSession,
    NewApiKey,
    PendingError,
    RateLimitError,
    Secret,
    SecretDeliveryError,
    SecretLostError,
    TransportError,
)
from aiomatatika.testing import MatatikaServer
from examples.web_app.__main__ import main
from examples.web_app.answers import ANSWERS
from examples.web_app.health import Health

from .web_app_running import LIST, Answer, running

KEY_ID = UUID("7c1b8e9a-6c6f-4d0c-8e0e-0123456789ab")
CANARY = "canary-secret"


def tree(cls: type[Exception]) -> Iterator[type[Exception]]:
    yield cls
    for each in cls.__subclasses__():
        if each.__module__.startswith("aiomatatika"):
            yield from tree(each)


def example_of(cls: type[Exception]) -> Exception:
    if issubclass(cls, ApiError):
        return cls(499, message="<b>why</b>", errors=[{"defaultMessage": "the field is wrong"}])
    if issubclass(cls, SecretLostError):
        return cls("<b>why</b>", key_id=KEY_ID, created=True, orphan=True)
    if issubclass(cls, SecretDeliveryError):
        key = NewApiKey(id=KEY_ID, name="made", client_id="c", client_secret=Secret(CANARY))
        return cls("<b>why</b>", api_key=key)
    return cls("<b>why</b>")


class Failing:
    """A session whose list fails."""

    def __init__(self, session: MatatikaSession) -> None:
        self.deployment = session.deployment
        self.error: Exception = RuntimeError()

    apikeys = property(lambda self: self)

    def with_options(self, **_: object) -> Failing:
        return self

    def list(self, **_: object) -> Any:
        raise self.error


@pytest.fixture
def failing(matatika_session: MatatikaSession) -> Failing:
    return Failing(matatika_session)


def opening(failing: Failing) -> AbstractAsyncContextManager[MatatikaSession]:
    return nullcontext(cast("MatatikaSession", failing))


# Errors


async def test_every_class_of_the_tree_has_a_status_a_sentence_and_an_advice_of_its_own(failing: Failing) -> None:
    classes = list(tree(MatatikaError))
    assert len(classes) > 20
    async with running(lambda: opening(failing)) as app:
        for cls in classes:
            assert cls in ANSWERS, f"{cls.__name__} has no answer"
            failing.error = example_of(cls)
            page = await app.get("/")
            answer = ANSWERS[cls]
            assert page.status == answer.status, cls
            assert answer.title in page.text.replace("&#39;", "'"), cls
            assert answer.advice in page.text.replace("&#39;", "'"), cls
            assert 'role="alert" tabindex="-1" autofocus' in page.text
            assert "&lt;b&gt;why&lt;/b&gt;" in page.text
            assert "<b>why" not in page.text
            assert CANARY not in page.text
    titles = [answer.title for answer in ANSWERS.values()]
    assert len(set(titles)) == len(titles)


async def test_what_only_this_error_knows_is_said(failing: Failing) -> None:
    limited = RateLimitError(429)
    limited.retry_after = 61.2
    wordless = RateLimitError(429)
    orphans: dict[bool | None, str] = {True: "The key is left", False: "No key is left", None: "The key may be left"}
    async with running(lambda: opening(failing)) as app:

        async def page_of(error: Exception) -> Answer:
            failing.error = error
            return await app.get("/")

        page = await page_of(limited)
        assert page.headers["Retry-After"] == "62"
        assert "asks to wait 62 seconds" in page.text
        assert "Retry-After" not in (await page_of(wordless)).headers
        for orphan, says in orphans.items():
            page = await page_of(SecretLostError("it is lost", key_id=KEY_ID, created=None, orphan=orphan))
            assert f"The id of the key was {KEY_ID}." in page.text
            assert says in page.text
            assert ("Delete that key" in page.text) == (orphan is not False)
        assert "has not seen the request" in (await page_of(TransportError("no", sent="no"))).text
        assert "may have been made all the same" in (await page_of(TransportError("no", sent="maybe"))).text
        assert "the field is wrong" in (await page_of(example_of(BadRequestError))).text
        assert f"The id is {KEY_ID}." in (await page_of(PendingError("later", resource_id=KEY_ID))).text


async def test_a_key_in_an_error_is_shown_once_however_often_the_error_comes(failing: Failing) -> None:
    failing.error = example_of(SecretDeliveryError)
    async with running(lambda: opening(failing)) as app:
        links = {(await app.get("/")).text.partition('href="/secrets/')[2].partition('"')[0] for _ in range(3)}
        assert len(links) == 1
        path = f"/secrets/{links.pop()}"
        assert CANARY in (await app.post(path)).text
        assert CANARY not in (await app.post(path)).text


async def test_an_unknown_exception_shows_nothing_of_itself(failing: Failing, caplog: pytest.LogCaptureFixture) -> None:
    failing.error = RuntimeError("internal detail")
    async with running(lambda: opening(failing)) as app:
        page = await app.get("/")
    assert page.status == 500
    assert "Something went wrong in this app." in page.text
    assert "internal detail" not in page.text
    assert "RuntimeError" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "internal detail" in caplog.text


WRONG_ADDRESSES = {
    "/nowhere": (404, "There is no such page here."),
    "/secrets/unknown": (404, "There is no such page here."),
    "/static/nowhere": (404, "There is no such page here."),
    "/docs": (404, "There is no such page here."),
    "/?page=0": (422, "That request makes no sense."),
    "/?page=x": (422, "That request makes no sense."),
    "/keys/no-uuid/delete": (422, "That request makes no sense."),
    f"/keys/{KEY_ID}/delete": (404, "There is no such key."),
}


async def test_a_wrong_address_has_a_page_that_leads_back(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server.session) as app:
        for path, (status, says) in WRONG_ADDRESSES.items():
            page = await app.get(path)
            assert (page.status, says in page.text) == (status, True), path
            assert 'href="/"' in page.text


# Health


async def test_probes_share_one_small_request_for_some_seconds(matatika_server: MatatikaServer) -> None:
    time = 100.0
    async with running(matatika_server.session, now=lambda: time) as app:
        for seconds, requests in ((0, 1), (4.9, 1), (0.2, 2)):
            time += seconds
            answers = await asyncio.gather(*(app.get("/health") for _ in range(50)))
            assert {(answer.status, answer.text) for answer in answers} == {(200, '{"status":"ok"}')}
            assert len(matatika_server.requests.api) == requests
    assert matatika_server.requests.api[0].query == {"size": "1"}


async def test_a_probe_that_is_given_up_does_not_end_the_check_for_the_others(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    answering = asyncio.Event()
    hang = matatika_server.faults.add(path=LIST, delay=answering)
    health = Health(matatika_session, now=lambda: 0.0)
    probes = [asyncio.create_task(health.check()) for _ in range(2)]
    await hang.wait()
    probes[0].cancel()
    await asyncio.wait(probes[:1])
    answering.set()
    assert (await probes[1]).error is None
    assert len(matatika_server.requests.api) == 1


async def test_health_says_that_the_credentials_are_refused_and_no_secret(matatika_server: MatatikaServer) -> None:
    wrong = ClientCredentials(matatika_server.credentials.client_id, Secret(CANARY))
    session = MatatikaSession(wrong, deployment=matatika_server.deployment)
    async with running(lambda: session) as app:
        answer = await app.get("/health")
        page = await app.get("/")
    assert answer.status == 503
    assert answer.text == (
        '{"status":"failing","reason":"The API refuses this app\'s credentials.","error":"AuthenticationError"}'
    )
    assert "The API refuses this app&#39;s credentials." in page.text
    assert CANARY not in page.text


async def test_health_says_that_the_api_is_down_and_when_it_is_back(matatika_server: MatatikaServer) -> None:
    time = 100.0
    async with running(matatika_server.session, now=lambda: time) as app:
        assert (await app.get("/health")).status == 200
        await matatika_server.close()
        time += 5
        answer = await app.get("/health")
        assert answer.status == 503
        assert '"reason":"The API cannot be reached."' in answer.text
        await matatika_server.start()
        time += 5
        assert (await app.get("/health")).status == 200


# Other sites


FROM_ELSEWHERE: tuple[dict[str, str], ...] = (
    {},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
)


async def test_what_another_site_sends_is_refused(matatika_server: MatatikaServer) -> None:
    key_id = matatika_server.default_key_id
    async with running(matatika_server.session) as app:
        ticket = await app.create("k")
        form = (await app.get("/keys/new")).form
        matatika_server.requests.clear()
        for headers in FROM_ELSEWHERE:
            if "Sec-Fetch-Site" in headers:
                headers["Origin"] = app.url  # what the browser says of the site counts more
            for path in ("/keys/new", *(f"/keys/{key_id}/{action}" for action in ("rename", "rotate", "delete"))):
                answer = await app.post(path, headers, name="theirs", form=form)
                assert (answer.status, "Another site has sent this." in answer.text) == (403, True), (path, headers)
            assert (await app.post(ticket.path, headers)).status == 403
        assert not matatika_server.requests
        own = await app.post(ticket.path, {"Sec-Fetch-Site": "same-origin", "Origin": "null"})
        assert list(matatika_server.api_keys.values())[-1].client_secret.reveal() in own.text


async def test_another_host_header_is_refused(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server.session) as app:
        for path in ("/", "/health", "/static/style.css"):
            for host in ("evil.example", "127.0.0.1.evil.example:80", ""):
                assert (await app.get(path, headers={"Host": host})).status == 400, (path, host)
            for host in ("localhost:8000", "[::1]:8000"):
                assert (await app.get(path, headers={"Host": host})).status == 200, (path, host)


async def test_every_answer_has_the_security_headers(matatika_server: MatatikaServer) -> None:
    async with running(matatika_server.session) as app:
        answers = [await app.get(path) for path in ("/", "/keys/new", "/nowhere", "/?page=0", "/health")]
        answers.append(await app.post("/keys/new", {}))
        answers.append(await app.get("/", headers={"Host": "evil.example"}))
        answers.append(await app.get("/?page=9", allow_redirects=False))
        for answer in answers:
            assert answer.headers["Cache-Control"] == "no-store", answer
        answers.append(await app.get("/static/style.css"))
    assert "no-store" not in answers[-1].headers.get("Cache-Control", "")
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"


# The command

ROOT = Path(__file__).parents[2]


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MATATIKA_")}
    return kept | {"PYTHONPATH": str(ROOT)} | variables


async def test_the_command_serves_until_it_is_told_to_stop(matatika_server: MatatikaServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "examples.web_app", "--port", str(port)),
        env=environment(**matatika_server.environ()),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout
    try:
        said = (await process.stdout.readline() + await process.stdout.readline()).decode()
        assert f"http://127.0.0.1:{port}/" in said
        assert "There is no login" in said
        async with asyncio.timeout(30), aiohttp.ClientSession() as http:
            while True:
                try:
                    async with http.get(f"http://127.0.0.1:{port}/health") as response:
                        assert (response.status, await response.json()) == (200, {"status": "ok"})
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.02)
    finally:
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate()
    assert (process.returncode, output) == (0, b"")


@pytest.mark.parametrize(
    "wrong", [["--port", "0"], ["--port", "70000"], ["--port", "x"], ["more"], ["--host", ""], ["--host", "0.0.0.0"]]
)
def test_wrong_arguments_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(wrong)
    assert end.value.code == 2
    assert "usage: python -m examples.web_app" in capsys.readouterr().err


def test_half_an_environment_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in os.environ:
        if name.startswith("MATATIKA_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MATATIKA_CLIENT_ID", "an-id")
    assert main([]) == 1
    says = capsys.readouterr().err
    assert says.startswith("The app cannot start: ")
    assert "MATATIKA_CLIENT_SECRET" in says
    assert len(says.splitlines()) == 1
