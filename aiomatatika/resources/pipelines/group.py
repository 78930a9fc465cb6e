"""The calls on pipelines."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from aiomatatika.errors import BadRequestError
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues
from aiomatatika.resources.group import Group, Paging, Ref, id_of
from aiomatatika.resources.pipelines.models import Pipeline, PipelineFields, PipelineMetric
from aiomatatika.resources.workspaces import Workspace
from aiomatatika.transport.repeat import Repeat
from aiomatatika.waiting.provisioning import provisioned

if TYPE_CHECKING:
    # Late at run time: one call uses it, and a class takes a tenth of the time of a first page.
    from aiomatatika.resources.jobs.models import Job

__all__ = ["Pipelines"]


def _all_of(workspace: Ref[Workspace]) -> str:
    return f"/workspaces/{id_of(workspace, Workspace)}/pipelines"


def _in(workspace: Ref[Workspace], pipeline: Pipeline) -> str:
    return f"{_all_of(workspace)}/{id_of(pipeline, Pipeline)}"


class Pipelines(Group):
    """The calls on pipelines: ``session.pipelines``. ``session.jobs`` runs them."""

    def list(self, workspace: Ref[Workspace], **paging: Unpack[Paging]) -> Collection[Pipeline]:
        """Return a workspace's pipelines: ``GET /workspaces/{workspace_id}/pipelines`` for each page.

        Nothing is sent yet.

        Args:
            workspace: The workspace.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: An argument is out of range.
        """
        return self._list(_all_of(workspace), Pipeline, "pipelines", paging)

    async def get(self, pipeline: Ref[Pipeline]) -> Pipeline:
        """Return one pipeline: ``GET /pipelines/{pipeline_id}``. Repeating is safe.

        Raises:
            NotFoundError: No pipeline has this id, or the caller may not see it.
        """
        return await self._get(f"/pipelines/{id_of(pipeline, Pipeline)}", Pipeline)

    async def initialise(self, workspace: Ref[Workspace]) -> Pipeline:
        """Return a draft with a new id: ``POST /workspaces/{workspace_id}/pipelines``.

        Idempotent: nothing is stored, and a lost response is repeated.

        Raises:
            NotFoundError: No workspace has this id.
        """
        return await self._initialise(_all_of(workspace), Pipeline)

    async def create(
        self, workspace: Ref[Workspace], *, draft: Pipeline | None = None, **fields: Unpack[PipelineFields]
    ) -> Pipeline:
        """Create a pipeline: `initialise`, then ``PUT /workspaces/{workspace_id}/pipelines/{pipeline_id}``.

        Idempotent: a lost response is repeated. The server goes on working after its response: `wait` until the status
        is ``READY`` or ``FAILED``.

        Args:
            workspace: The workspace.
            draft: What `initialise` returned; left out, it is called.
            **fields: What to set; ``label`` and ``data_components`` are required.

        Raises:
            BadRequestError: A field is missing or invalid; nothing was created.
            TypeError: A field does not exist; nothing was sent.
        """
        body = FieldValues(Pipeline, fields).new()
        draft = draft or await self.initialise(workspace)
        return await self._create(_in(workspace, draft), Pipeline, body)

    async def update(
        self, workspace: Ref[Workspace], pipeline: Pipeline, **changes: Unpack[PipelineFields]
    ) -> Pipeline:
        """Change a pipeline: ``PUT /workspaces/{workspace_id}/pipelines/{pipeline_id}``. Idempotent.

        All that was read is sent, with the changes. Secrets that the server shows as masks are not sent back; a WARNING
        names them.

        Args:
            workspace: Its workspace.
            pipeline: The pipeline as it was read.
            **changes: What to change; None takes a field away.

        Raises:
            BadRequestError, …: Nothing was changed.
            TypeError: A field does not exist; nothing was sent.
        """
        body = await self._changed(pipeline, changes, self.get)
        return await self._create(_in(workspace, pipeline), Pipeline, body)

    async def save_draft(
        self, workspace: Ref[Workspace], pipeline: Pipeline | None = None, **fields: Unpack[PipelineFields]
    ) -> Pipeline:
        """Save a pipeline without applying it: ``PUT /workspaces/{workspace_id}/pipelines/{pipeline_id}/draft``.

        It need not be valid yet. Idempotent: a lost response is repeated.

        Args:
            workspace: The workspace.
            pipeline: The pipeline as it was read, which is sent with the fields; left out, `initialise` makes one.
            **fields: What to set.

        Raises:
            TypeError: A field does not exist; nothing was sent.
        """
        if pipeline is None:
            body = FieldValues(Pipeline, fields).new()
            pipeline = await self.initialise(workspace)
        else:
            body = await self._changed(pipeline, fields, self.get)
        return await self._create(f"{_in(workspace, pipeline)}/draft", Pipeline, body)

    async def validate(
        self, workspace: Ref[Workspace], **fields: Unpack[PipelineFields]
    ) -> tuple[Mapping[str, Any], ...]:
        """Return the errors of a configuration: ``POST /workspaces/{workspace_id}/pipelines/validation``.

        A valid one gives an empty tuple; each error is as in `ApiError.errors`. Idempotent: nothing is stored.

        Args:
            workspace: The workspace.
            **fields: The configuration.

        Raises:
            BadRequestError: A 400 that names no field.
            TypeError: A field does not exist; nothing was sent.
        """
        body = FieldValues(Pipeline, fields).new()
        try:
            await self._send("POST", f"{_all_of(workspace)}/validation", Repeat.IDEMPOTENT, body=body)
        except BadRequestError as error:
            if not error.errors:
                raise
            return error.errors
        return ()

    async def verify(self, pipeline: Ref[Pipeline]) -> Job:
        """Start a job that tests a pipeline: ``POST /pipelines/{pipeline_id}/verification``. Sent once.

        When it has ended, the streams of its extractors are known.

        Raises:
            TransportError: Where ``sent`` is ``"maybe"``, the job may have started.
            NotFoundError: No pipeline has this id.
        """
        from aiomatatika.resources.jobs.models import Job

        return await self._object("POST", f"/pipelines/{id_of(pipeline, Pipeline)}/verification", Job, Repeat.ONCE)

    async def delete(self, pipeline: Ref[Pipeline]) -> None:
        """Delete a pipeline: ``DELETE /pipelines/{pipeline_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No pipeline has this id.
        """
        await self._delete(f"/pipelines/{id_of(pipeline, Pipeline)}")

    async def metrics(self, pipeline: Ref[Pipeline]) -> builtins.list[PipelineMetric]:
        """Return how many records its runs moved: ``GET /pipelines/{pipeline_id}/metrics``. Repeating is safe.

        Empty where metrics are switched off (204).

        Raises:
            NotFoundError: No pipeline has this id.
        """
        return await self._array(f"/pipelines/{id_of(pipeline, Pipeline)}/metrics", PipelineMetric)

    async def wait(self, pipeline: Ref[Pipeline], *, within: float | None = None) -> Pipeline:
        """Return a pipeline when its status is no longer ``PROVISIONING``: see its ``status``.

        It is read again and again, as `Jobs.watch` says.

        Args:
            pipeline: The pipeline.
            within: Seconds to wait, at most; None: as long as it takes.

        Raises:
            PendingError: It is still ``PROVISIONING``.
            NotFoundError: No pipeline has this id, or it was deleted meanwhile.
        """
        request = self._request("GET", f"/pipelines/{id_of(pipeline, Pipeline)}", Repeat.SAFE)
        return await provisioned(self._client, request, Pipeline, within)
