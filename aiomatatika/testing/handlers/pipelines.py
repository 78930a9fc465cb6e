"""Pipelines: drafts, validation, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiomatatika.testing.bodies import json_object, members_of
from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.handlers.generic import write
from aiomatatika.testing.resource_types import BY_NAME
from aiomatatika.testing.responses import ServerResponse, json_response

__all__ = ["HANDLERS"]

_TYPE = BY_NAME["Pipeline"]


def _put_draft(context: Context) -> ServerResponse:
    # A draft may be incomplete.
    return write(context, members_of(json_object(context.request, _TYPE), _TYPE), "DRAFT")


def _validate(context: Context) -> ServerResponse:
    context.parents()
    context.members()
    return ServerResponse(200)


def _metrics(context: Context) -> ServerResponse:
    jobs = context.tables["jobs"].below(context.within())
    metrics = [
        {"metrics.job-created": job.document["created"], "metrics.value": len(job.log)}
        for job in jobs
        if job.document.get("status") == "COMPLETE"
    ]
    return json_response(metrics) if metrics else ServerResponse(204)


HANDLERS: Final[Mapping[str, Handler]] = {
    "pipelines.put_draft": _put_draft,
    "pipelines.validate": _validate,
    "pipelines.metrics": _metrics,
}
