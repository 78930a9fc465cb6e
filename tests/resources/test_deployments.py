"""What only the calls on deployments do."""

from __future__ import annotations

import pytest

from aiomatatika import ForbiddenError, JobType, MatatikaSession, Secret
from aiomatatika.testing import MatatikaServer

EVENT = '{"ref": "refs/heads/main", "by": "Zoë"}'.encode()


async def test_an_event_of_github_is_proved_by_the_secret(
    matatika_server: MatatikaServer, matatika_session: MatatikaSession
) -> None:
    (workspace,) = matatika_server.tables["workspaces"]
    workspace.document["deploymentSecret"] = "key"
    webhook = matatika_session.deployments.github_webhook
    assert (await webhook(workspace.id, EVENT, secret=Secret("key"))).type is JobType.WORKSPACE_DEPLOY
    (request,) = matatika_server.requests.api
    assert request.body == EVENT
    assert request.headers["X-Hub-Signature"] == "sha1=73f34c64d16ee7e4bbe39ef59ce8a4d16a0a69bb"
    with pytest.raises(ForbiddenError):
        await webhook(workspace.id, EVENT, secret=Secret("other"))
