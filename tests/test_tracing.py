"""OpenTelemetry's instrumentation of aiohttp, as its users turn it on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from aiomatatika import MatatikaSession
from aiomatatika.testing import MatatikaServer

pytest.importorskip("opentelemetry.instrumentation.aiohttp_client")

from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

CALLERS = 3


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> Iterator[TracerProvider]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    AioHttpClientInstrumentor().instrument(tracer_provider=provider)
    yield provider
    AioHttpClientInstrumentor().uninstrument()
    provider.shutdown()


def trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.trace_id)


async def test_each_attempt_is_a_span_of_its_caller_and_the_shared_token_request_is_in_a_trace_of_its_own(
    provider: TracerProvider, exporter: InMemorySpanExporter, server: MatatikaServer, session: MatatikaSession
) -> None:
    server.faults.add(path="/api/apikeys", status=503)

    async def call() -> None:
        with provider.get_tracer("tests").start_as_current_span("caller"):
            await session.apikeys.list().count()

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    spans = exporter.get_finished_spans()
    (token,) = (span for span in spans if span.name == "POST")
    callers = {trace_of(span) for span in spans if span.name == "caller"}
    attempts = [trace_of(span) for span in spans if span.name == "GET"]
    assert token.parent is None
    assert trace_of(token) not in callers
    assert len(attempts) == CALLERS + 1
    assert set(attempts) == callers


async def test_no_span_holds_the_token_or_the_secret(
    provider: TracerProvider, exporter: InMemorySpanExporter, server: MatatikaServer, session: MatatikaSession
) -> None:
    await session.apikeys.create("traced")
    shown = " ".join(span.to_json() for span in exporter.get_finished_spans())
    secrets = [key.client_secret.reveal() for key in server.api_keys.values()]
    assert "/api/apikeys" in shown
    assert not [each for each in (*secrets, "Bearer") if each in shown]
