"""Jobs: started, stopped, their logs; deployments, which are jobs of a workspace."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from aiomatatika.testing.context import Context, Handler
from aiomatatika.testing.error_responses import RefusedError
from aiomatatika.testing.responses import ServerResponse, accepted_type, json_bytes, json_response
from aiomatatika.testing.rows import JobRow, Run

__all__ = ["HANDLERS"]


def _start(context: Context, job_type: str, run: Run, status: int) -> ServerResponse:
    job = context.tables["jobs"].insert(None, context.parents())
    job.run = run
    job.document.update(type=job_type, triggeredBy="user")
    return context.respond(job, status)


def _start_pipeline(context: Context, job_type: str, status: int) -> ServerResponse:
    if not all(job.has_ended for job in context.tables["jobs"].below(context.within())):
        raise RefusedError(409, "The pipeline is already running")
    runs = context.tables["pipelines"][context.row().id].runs
    return _start(context, job_type, runs.popleft() if runs else Run(), status)


def _create(context: Context) -> ServerResponse:
    return _start_pipeline(context, "PIPELINE_RUN", 201)


def _verify(context: Context) -> ServerResponse:
    return _start_pipeline(context, "PIPELINE_VERIFY", 200)


def _job(context: Context) -> JobRow:
    return context.tables["jobs"][context.row().id]


def _stop(context: Context) -> ServerResponse:
    job = _job(context)
    if job.document["status"] != "RUNNING":
        raise RefusedError(409, "The job is not running")
    job.stop()
    return json_response({"message": "The job is being stopped"}, 202)


def _logs(context: Context) -> ServerResponse:
    offered = ("text/plain", "application/x-ndjson", "application/stream+json")
    media_type = accepted_type(context.request.headers.get("Accept", ""), offered)
    if media_type is None:
        raise RefusedError(406, "Could not find acceptable representation")
    text = context.request.query.get("sequence", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise RefusedError(400, f"Failed to convert 'sequence' with value: '{text}'")
    first = int(text)
    lines = _job(context).log[first:]
    if not lines:
        return ServerResponse(204)
    if media_type == "text/plain":
        body = "".join(f"{line}\n" for line in lines).encode()
    else:
        numbered = enumerate(lines, first)
        body = b"".join(json_bytes({"sequence": number, "message": line}) + b"\n" for number, line in numbered)
    return ServerResponse(200, {"Content-Type": media_type}, body)


# Deployments


def _deploy(context: Context) -> ServerResponse:
    return _start(context, "WORKSPACE_DEPLOY", Run(), 202)


def _deploy_pushed(context: Context) -> ServerResponse:
    signature = context.request.headers.get("X-Hub-Signature")
    if signature is None:
        raise RefusedError(400, "Required request header 'X-Hub-Signature' for method parameter type String is missing")
    secret = str(context.row().document.get("deploymentSecret", ""))
    digest = hmac.new(secret.encode("utf-8", "replace"), context.request.body, hashlib.sha1).hexdigest()
    # Not 401: that is what a client renews its token for.
    if not secret or not hmac.compare_digest(signature.encode("utf-8", "replace"), f"sha1={digest}".encode()):
        raise RefusedError(403, "The signature does not match")
    return _deploy(context)


HANDLERS: Final[Mapping[str, Handler]] = {
    "jobs.create": _create,
    "jobs.stop": _stop,
    "jobs.logs": _logs,
    "pipelines.verify": _verify,
    "deployments.deploy": _deploy,
    "deployments.github_webhook": _deploy_pushed,
}
