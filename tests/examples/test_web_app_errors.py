"""The web app in trouble: each error of the library, those of nobody, health, and what other sites may not do."""

from __future__ import annotations

import asyncio
import html
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from typing import Any, cast
from uuid import UUID

import aiohttp
import pytest

from aiomatatika import (
    ApiError,
    BadRequestError,
    JobFailedError,
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

from .programs import LIST, environment
from .web_app_running import Answer, WebApp, running

KEY_ID = UUID("7c1b8e9a-6c6f-4d0c-8e0e-0123456789ab")
CANARY = "canary-secret"


def tree(cls: type[Exception]) -> Iterator[type[Exception]]:
    yield cls
    for each in cls.__subclasses__():
        if each.__module__.startswith("aiomatatika"):
            yield from tree(each)


def example_of(cls: type[Exception], **details: Any) -> Exception:
    if issubclass(cls, ApiError):
        return cls(499, message="<b>why</b>", errors=[{"defaultMessage": "the field is wrong"}])
    if issubclass(cls, SecretLostError):
        details = {"key_id": KEY_ID, "created": None, "orphan": True} | details
    if issubclass(cls, SecretDeliveryError):
        details["api_key"] = NewApiKey(id=KEY_ID, name="made", client_id="c", client_secret=Secret(CANARY))
    if issubclass(cls, JobFailedError):
        details["job"] = None
    return cls("<b>why</b>", **details)


def limited(retry_after: float | None) -> RateLimitError:
    error = RateLimitError(429)
    error.retry_after = retry_after
    return error


class Failing:
    """A session whose list fails, and the app that has no other."""

    app: WebApp

    def __init__(self, session: MatatikaSession) -> None:
        self.deployment = session.deployment
        self.error: Exception = RuntimeError()

    apikeys = property(lambda self: self)

    def with_options(self, **_: object) -> Failing:
        return self

    def list(self, **_: object) -> Any:
        raise self.error

    async def page_of(self, error: Exception) -> Answer:
        self.error = error
        return await self.app.get("/")


@pytest.fixture
async def failing(matatika_server: MatatikaServer, matatika_session: MatatikaSession) -> AsyncIterator[Failing]:
    failing = Failing(matatika_session)
    async with running(matatika_server, lambda: nullcontext(cast("MatatikaSession", failing))) as failing.app:
        yield failing


# Errors


async def test_every_class_of_the_tree_has_a_status_a_sentence_and_an_advice_of_its_own(failing: Failing) -> None:
    for cls in tree(MatatikaError):
        page = await failing.page_of(example_of(cls))
        answer = ANSWERS[cls]
        assert page.status == answer.status, cls
        assert all(each in html.unescape(page.text) for each in (answer.title, answer.advice)), cls
        assert 'role="alert" tabindex="-1" autofocus' in page.text
        assert "&lt;b&gt;why&lt;/b&gt;" in page.text
        assert not any(each in page.text for each in ("<b>why", CANARY))
    titles = [answer.title for answer in ANSWERS.values()]
    assert len({*titles}) == len(titles) > 20


@pytest.mark.parametrize(
    "error, says",
    [
        (limited(61.2), "asks to wait 62 seconds"),
        (TransportError("it is gone", sent="no"), "has not seen the request"),
        (TransportError("it is gone", sent="maybe"), "may have been made nevertheless"),
        (example_of(BadRequestError), "the field is wrong"),
        (PendingError("later", resource_id=KEY_ID), f"The id is {KEY_ID}."),
        (example_of(SecretLostError, orphan=False), f"The id of the key was {KEY_ID}."),
        (example_of(SecretLostError, orphan=False), "No key is left over."),
        (example_of(SecretLostError, orphan=True), f'href="/keys/{KEY_ID}/delete">Delete that key'),
        (example_of(SecretLostError, orphan=None), f'href="/keys/{KEY_ID}/delete">Delete that key'),
    ],
)
async def test_what_only_this_error_knows_is_said(failing: Failing, error: Exception, says: str) -> None:
    page = await failing.page_of(error)
    assert says in page.text
    assert page.headers.get("Retry-After") == ("62" if "62" in says else None)
    assert ("Delete that key" in page.text) == ("Delete that key" in says)


async def test_where_it_can_help_a_button_tries_again_and_sends_no_form_twice(app: WebApp) -> None:
    await app.get("/")  # the app has its token
    key_id = app.api.default_key_id
    for method, path, status, again in (
        ("GET", "/?page=1&sort=name", 502, True),
        ("GET", "/", 429, True),
        ("GET", "/", 403, False),
        ("POST", f"/keys/{key_id}/rename?page=1", 429, True),
    ):
        app.api.faults.add(status=status, times=None)
        page = await (app.get(path) if method == "GET" else app.post(path, name="new"))
        app.api.faults.clear()
        assert page.status == status
        assert (f'href="{html.escape(path)}">Try again' in page.text) == again
        assert (await app.get(path)).status == 200


async def test_a_key_in_an_error_is_shown_once_however_often_the_error_comes(failing: Failing) -> None:
    (ticket,) = {(await failing.page_of(example_of(SecretDeliveryError))).ticket for _ in range(3)}
    assert [CANARY in (await failing.app.post(ticket)).text for _ in range(2)] == [True, False]


async def test_an_unknown_exception_shows_nothing_of_itself(failing: Failing, caplog: pytest.LogCaptureFixture) -> None:
    page = await failing.page_of(RuntimeError("internal detail"))
    assert (page.status, "Something went wrong in this app." in page.text) == (500, True)
    assert not any(each in page.text for each in ("internal detail", "RuntimeError"))
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "internal detail" in caplog.text


async def test_a_wrong_address_has_a_page_that_leads_back(app: WebApp) -> None:
    paths = dict.fromkeys(("/nowhere", "/secrets/unknown", "/static/nowhere", "/docs"), (404, "There is no such page"))
    paths |= dict.fromkeys(("/?page=0", "/?page=x", "/keys/no-uuid/delete"), (422, "That request makes no sense."))
    for path, (status, says) in paths.items():
        page = await app.get(path)
        assert (page.status, says in page.text, 'href="/"' in page.text) == (status, True, True), path


# Health


async def test_probes_share_one_small_request_for_some_seconds(matatika_server: MatatikaServer) -> None:
    time = 100.0
    async with running(matatika_server, now=lambda: time) as app:
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


async def test_health_says_what_is_wrong_at_once_and_when_it_is_over(matatika_server: MatatikaServer) -> None:
    time = 100.0
    async with running(matatika_server, now=lambda: time) as app:
        for fault, status, said in (
            (503, 503, "failing, The API has a problem of its own., ServerError"),
            (None, 200, "ok"),
            (401, 503, "failing, The API refuses this app's credentials., AuthenticationError"),
        ):
            matatika_server.faults.add(path=LIST, status=fault, delay=0, times=1 if fault != 401 else 2)
            answer = await app.get("/health")
            assert (answer.status, ", ".join(json.loads(answer.text).values())) == (status, said)
            time += 5


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


async def test_what_another_site_sends_is_refused(app: WebApp) -> None:
    ticket = await app.create("k")
    form = (await app.get("/keys/new")).form
    app.api.requests.clear()
    actions = [f"/keys/{app.api.default_key_id}/{action}" for action in ("rename", "rotate", "delete")]
    for headers in FROM_ELSEWHERE:
        if "Sec-Fetch-Site" in headers:
            headers["Origin"] = app.url  # what the browser says of the site counts more
        for path in ("/keys/new", ticket.path, *actions):
            answer = await app.post(path, headers, name="theirs", form=form)
            assert (answer.status, "Another site has sent this." in answer.text) == (403, True), (path, headers)
    assert not app.api.requests
    own = await app.post(ticket.path, {"Sec-Fetch-Site": "same-origin", "Origin": "null"})
    assert app.secret_of("k") in own.text


async def test_another_host_header_is_refused(app: WebApp) -> None:
    for path in ("/", "/health", "/static/style.css"):
        for host in ("evil.example", "127.0.0.1.evil.example:80", ""):
            assert (await app.get(path, headers={"Host": host})).status == 400, (path, host)
        for host in ("localhost:8000", "[::1]:8000"):
            assert (await app.get(path, headers={"Host": host})).status == 200, (path, host)


async def test_every_answer_has_the_security_headers(app: WebApp) -> None:
    answers = [await app.get(path) for path in ("/", "/keys/new", "/nowhere", "/?page=0", "/health")]
    answers.append(await app.post("/keys/new", {}))
    answers.append(await app.get("/", headers={"Host": "evil.example"}))
    answers.append(await app.get("/?page=9", allow_redirects=False))
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
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


async def test_the_command_serves_until_it_is_told_to_stop(matatika_server: MatatikaServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-W", "error", "-m", "examples.web_app", "--port", str(port))
    variables = environment(**matatika_server.environ())
    process = await asyncio.create_subprocess_exec(
        *command, env=variables, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout
    try:
        said = (await process.stdout.readline() + await process.stdout.readline()).decode()
        assert f"http://127.0.0.1:{port}/" in said
        assert "There is no login" in said
        async with asyncio.timeout(60), aiohttp.ClientSession() as http:
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


@pytest.mark.parametrize("wrong", ["--port=0", "--port=70000", "--port=x", "more", "--host=", "--host=0.0.0.0"])
def test_wrong_arguments_are_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([wrong])
    assert "usage: python -m examples.web_app" in capsys.readouterr().err


def test_half_an_environment_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("MATATIKA_CLIENT_ID", "an-id")
    assert main([]) == 1
    says = capsys.readouterr().err
    assert says.startswith("The app cannot start: ")
    assert (says.count("\n"), "MATATIKA_CLIENT_SECRET" in says) == (1, True)
