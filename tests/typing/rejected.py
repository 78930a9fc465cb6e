"""What must not type-check: mypy and pyright report an ignore that is not needed any more."""

from __future__ import annotations

from uuid import UUID

import aiomatatika
from aiomatatika import (
    ApiKey,
    Channel,
    ClientCredentials,
    Datacomponent,
    Dataset,
    Deployment,
    MatatikaSession,
    Paging,
    Pipeline,
    Profile,
    Ref,
    Response,
    Secret,
    Timeouts,
    Workspace,
)


def late_names() -> None:
    # They are late for Python, not for type checkers.
    from aiomatatika import NoSuchName  # type: ignore[attr-defined]

    assert NoSuchName
    aiomatatika.NoSuchName  # type: ignore[attr-defined]  # noqa: B018


async def rejected(session: MatatikaSession, key: ApiKey) -> None:
    # A collection is iterated, not awaited.
    await session.apikeys.list()  # type: ignore[misc]
    # Nor is it a list.
    len(session.apikeys.list())  # type: ignore[arg-type]
    # Names are keywords where the order of two texts could be mistaken.
    await session.apikeys.update(key, "name")  # type: ignore[call-arg]
    # Resources do not change under their readers.
    key.name = "other"  # type: ignore[misc]
    # Only a new key has a secret.
    key.client_secret  # type: ignore[attr-defined]  # noqa: B018
    # There is no such group.
    session.api_keys  # type: ignore[attr-defined]  # noqa: B018


async def references(session: MatatikaSession, profile: Profile) -> None:
    # A number, or another resource, is no key.
    await session.apikeys.get(5)  # type: ignore[arg-type]
    await session.apikeys.get(profile)  # type: ignore[arg-type]
    key: Ref[ApiKey] = profile  # type: ignore[assignment]
    assert key
    # What a list takes has names and types.
    session.apikeys.list(per_page=5)  # type: ignore[call-arg]
    session.apikeys.list(size="5")  # type: ignore[arg-type]
    paging: Paging = {"limit": 5}  # type: ignore[typeddict-unknown-key]
    assert paging


async def work(session: MatatikaSession, workspace: UUID, pipeline: Pipeline) -> None:
    # A pipeline is no job, and its id is no pipeline: an update needs all that was read.
    await session.jobs.get(pipeline)  # type: ignore[arg-type]
    await session.pipelines.update(workspace, pipeline.id, label="nightly")  # type: ignore[arg-type]
    # Only what a client may set is a field.
    await session.pipelines.create(workspace, status="READY")  # type: ignore[call-arg]


async def plugins(session: MatatikaSession, component: Datacomponent) -> None:
    # A datacomponent is no datastore, nor is it a workspace.
    await session.datastores.get(component)  # type: ignore[arg-type]
    session.datacomponents.list(component)  # type: ignore[arg-type]
    # What the server sets, and what nobody knows, is no field.
    await session.datacomponents.update(component, managed=True)  # type: ignore[call-arg]
    await session.datacomponents.update(component, colour="green")  # type: ignore[call-arg]
    # An update begins with what was read, and a file has a media type.
    await session.datacomponents.update(component.id, name="x")  # type: ignore[arg-type]
    await session.resources.put(component.id, "a/b", "text")  # type: ignore[call-arg]


async def people(session: MatatikaSession, workspace: Workspace, profile: Profile) -> None:
    # A resource of another kind,
    await session.accounts.set_owner(workspace, profile)  # type: ignore[arg-type]
    await session.subscriptions.subscribe_channel(workspace)  # type: ignore[arg-type]
    # what the server sets,
    await session.profiles.update(profile, handle="@ada")  # type: ignore[call-arg]
    # and a time that is a text are refused.
    session.notifications.list(since="2026-07-01T12:30")  # type: ignore[arg-type]
    # A new profile has a name.
    await session.profiles.create("auth0|1", email="ada@example.com")  # type: ignore[call-arg]


async def datasets(session: MatatikaSession, channel: Channel, dataset: Dataset) -> None:
    # A channel is no dataset,
    await session.datasets.rows(channel)  # type: ignore[arg-type]
    session.datasets.list_in_channel(dataset)  # type: ignore[arg-type]
    # what the server sets is not set,
    await session.datasets.edit(dataset, like_count=5)  # type: ignore[call-arg]
    await session.channels.update(channel, workspace_id="id")  # type: ignore[call-arg]
    # and what needs more than an id takes the resource.
    await session.channels.update(channel.id, name="other")  # type: ignore[arg-type]
    await session.comments.reply("id", "hello")  # type: ignore[arg-type]


async def responses(session: MatatikaSession, response: Response) -> None:
    # A response is read only, and its body is bytes.
    response.body = b""  # type: ignore[misc]
    text: str = response.body  # type: ignore[assignment]
    assert text
    # An action is done on a resource or a link.
    await session.act("/workspaces/1", "verify")  # type: ignore[call-overload]


def settings() -> None:
    # There is no session without credentials,
    MatatikaSession()  # type: ignore[call-arg]
    # no switch that turns the verification of certificates off,
    MatatikaSession(ClientCredentials("id", "secret"), ssl=False)  # type: ignore[call-arg]
    # and no number in the place of limits that have names.
    MatatikaSession(ClientCredentials("id", "secret"), timeouts=5)  # type: ignore[arg-type]
    MatatikaSession.from_env(timeout=Timeouts(total=5))  # type: ignore[call-arg]
    MatatikaSession.from_env(timeouts=5)  # type: ignore[arg-type]
    Timeouts(total="60")  # type: ignore[arg-type]
    Deployment(api_url=None)  # type: ignore[arg-type]
    # A secret is no str.
    text: str = Secret("value")  # type: ignore[assignment]
    assert text
