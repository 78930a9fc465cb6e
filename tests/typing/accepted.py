"""What has to type-check, for mypy and pyright; the file is never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Unpack, assert_type
from uuid import UUID

import attrs

from aiomatatika import (
    AccessToken,
    Account,
    Administrator,
    Alert,
    ApiKey,
    BearerToken,
    Channel,
    ChannelType,
    ClientCredentials,
    Collection,
    Comment,
    Datacomponent,
    Dataplugin,
    Dataset,
    DatasetFields,
    DatasetMessage,
    Datastore,
    Download,
    HalResource,
    Invitation,
    Job,
    JobStatus,
    MatatikaSession,
    NewApiKey,
    Notification,
    Page,
    Paging,
    Pipeline,
    PipelineMetric,
    Profile,
    RateLimitError,
    Ref,
    Repeat,
    Resource,
    Response,
    Retries,
    Secret,
    SecretDeliveryError,
    Setting,
    Subscription,
    SubscriptionType,
    Tag,
    Timeouts,
    TransportError,
    Workspace,
)


async def a_token_as_text() -> str:
    return "a.b.c"


async def a_token_with_its_lifetime() -> AccessToken:
    return AccessToken("a.b.c", expires_in=3600)


credentials = [
    ClientCredentials("id", "secret"),
    ClientCredentials("id", Secret("secret")),
    BearerToken("a.b.c"),
    BearerToken(a_token_as_text),
    BearerToken(a_token_with_its_lifetime),
]


@attrs.frozen(kw_only=True)
class Invoice(HalResource):
    name: str


async def collections(session: MatatikaSession) -> None:
    keys = session.apikeys.list(size=50, sort="name,asc", prefetch=2)
    assert_type(keys, Collection[ApiKey])
    async for key in keys:
        assert_type(key, ApiKey)
    async for page in keys.pages():
        assert_type(page, Page[ApiKey])
        assert_type(page.items, list[ApiKey])
        assert_type(page.total_pages, int | None)
    assert_type(await keys.first(), ApiKey | None)
    assert_type(await keys.collect(limit=3), list[ApiKey])
    assert_type(await keys.count(), int)
    assert_type(keys.at("https://app.matatika.com/api/apikeys?page=2"), Collection[ApiKey])


async def keys(session: MatatikaSession) -> None:
    new = await session.apikeys.create("name")
    assert_type(new, NewApiKey)
    assert_type(new.client_secret, Secret)
    assert_type(new.client_secret.reveal(), str)
    assert_type(new.credentials, ClientCredentials)
    assert_type(new.id, UUID)
    assert_type(new.created, datetime | None)
    assert_type(await session.apikeys.update(new, name="other"), ApiKey)
    assert_type(await session.apikeys.get(new.id), ApiKey)
    assert_type(await session.apikeys.get(str(new.id)), ApiKey)
    assert_type(await session.apikeys.rotate(new), NewApiKey)
    await session.apikeys.delete(new)


async def rename(session: MatatikaSession, key: Ref[ApiKey]) -> ApiKey:
    return await session.apikeys.update(key, name="other")


def newest(session: MatatikaSession, **paging: Unpack[Paging]) -> Collection[ApiKey]:
    return session.apikeys.list(**paging)


async def references(session: MatatikaSession, key: NewApiKey) -> None:
    for each in (key, key.id, str(key.id)):
        assert_type(await rename(session, each), ApiKey)
    assert_type(newest(session, size=5, sort=("created,desc", "name"), page=1, prefetch=2), Collection[ApiKey])
    wanted: Paging = {"size": 5}
    assert_type(session.apikeys.list(**wanted), Collection[ApiKey])


async def work(session: MatatikaSession, workspace: UUID, pipeline: Pipeline) -> None:
    assert_type(session.pipelines.list(workspace), Collection[Pipeline])
    assert_type(await session.pipelines.create(workspace, label="nightly", data_components=["tap"]), Pipeline)
    assert_type(await session.pipelines.update(workspace, pipeline, schedule=None), Pipeline)
    assert_type(await session.pipelines.metrics(pipeline), list[PipelineMetric])
    assert_type(await session.pipelines.validate(workspace, label=""), tuple[Mapping[str, Any], ...])
    assert_type(session.jobs.list_for_pipeline(pipeline, size=5), Collection[Job])
    job = await session.jobs.create(pipeline.id)
    assert_type(job.status, JobStatus | None)
    assert_type(session.jobs.logs(job), Download)
    assert_type(session.jobs.watch(job, within=60), AsyncIterator[Job])
    assert_type(session.jobs.follow_logs(job), AsyncIterator[str])
    assert_type(await session.jobs.run(pipeline, within=3600), Job)
    assert_type(await session.pipelines.wait(pipeline), Pipeline)
    assert_type(await session.deployments.create(str(workspace)), Job)


async def plugins(session: MatatikaSession, workspace: UUID, plugin: Dataplugin, store: Datastore) -> None:
    assert_type(session.dataplugins.list_supported(size=5), Collection[Dataplugin])
    assert_type(await session.dataplugins.create(workspace, name="x", settings=[Setting(name="y")]), Dataplugin)
    assert_type(await session.dataplugins.update(str(workspace), plugin, label=None), Dataplugin)
    assert_type(session.dataplugins.discovery(), Download)
    assert_type(await session.dataplugins.publish_discovery(workspace, "version: 19"), list[Dataplugin])
    assert_type(await session.datacomponents.create(workspace, data_plugin="extractors/x"), Datacomponent)
    assert_type(await session.datastores.update(store, properties={"port": "5432"}), Datastore)
    assert_type(store.jdbc_url, Secret | None)
    await session.datastores.make_default(store)


async def files(session: MatatikaSession, workspace: UUID) -> None:
    assert_type(session.resources.list(workspace), Collection[Resource])
    assert_type(session.resources.content(workspace, "a/b"), Download)
    assert_type(await session.resources.put(workspace, "a/b", "", content_type="text/html"), Resource)
    assert_type(await session.resources.publish(workspace, {"a": b"", "b": Path("b")}), list[Resource])


async def people(session: MatatikaSession, workspace: Workspace, profile: Profile) -> None:
    account = await session.accounts.create(company="Acme", owner_email="ada@example.com")
    assert_type(await session.accounts.update(account, max_rows=None), Account)
    assert_type(session.accounts.list_admins(account), Collection[Profile])
    assert_type(await session.accounts.transfer_workspace(account, workspace), Workspace)
    assert_type(await session.profiles.create("auth0|1", name="Ada", email="ada@example.com", phone="1"), Profile)
    assert_type(await session.profiles.update(profile, name="Ada", default_workspace=workspace), Profile)
    assert_type(await session.administrators.withdraw(workspace, profile.id), Administrator)
    assert_type(session.invitations.list_received("ada@example.com", size=5), Collection[Invitation])
    assert_type(session.tags.list(workspace), Collection[Tag])


async def told(session: MatatikaSession, workspace: Workspace, since: datetime) -> None:
    assert_type(session.news.list(workspace, since=since, size=5), Collection[Notification])
    assert_type(await session.notifications.refresh(since=since), Page[Notification])
    subscription = await session.subscriptions.subscribe_workspace(workspace, type="ALERTS", all_members=True)
    assert_type(subscription.type, SubscriptionType | None)
    assert_type(await session.subscriptions.update(subscription.id, SubscriptionType.ALL), Subscription)


async def datasets(session: MatatikaSession, channel: Channel, fields: DatasetFields) -> None:
    assert_type(session.channels.list("id", type=ChannelType.LIST, contains_dataset="id", size=5), Collection[Channel])
    assert_type(await session.channels.create("id", "name", type="LIST", description=None), Channel)
    assert_type(await session.channels.update(channel, name="other"), Channel)
    assert_type(session.datasets.list_in_channel(channel), Collection[Dataset])
    dataset = await session.datasets.publish("id", id=UUID(int=0), **fields)
    assert_type(dataset, Dataset)
    assert_type(await session.datasets.rows(dataset), list[dict[str, Any]])
    assert_type(session.datasets.csv(dataset), Download)
    assert_type(await session.datasets.send_message(dataset, "auth0|1", "look"), DatasetMessage)
    assert_type(await session.alerts.create(dataset, "late"), Alert)
    comment = await session.comments.create(dataset, "hello")
    assert_type(comment, Comment)
    assert_type(session.comments.list_replies(comment, sort="created"), Collection[Comment])
    assert_type(await session.comments.history(comment), HalResource)
    assert_type(session.feed.list("id", prefetch=1), Collection[Dataset])
    assert_type(session.search.datasets("id", "words", tags=["a"]), Collection[Dataset])
    assert_type(await session.search.msearch("id", {}, {}), dict[str, Any])


async def links(session: MatatikaSession, key: ApiKey) -> None:
    assert_type(await session.follow(key, "profile", Profile), Profile)
    assert_type(await session.follow(key, "profile", as_type=Profile), Profile)
    assert_type(await session.follow(key.links["profile"]), HalResource)
    assert_type(await session.follow("/api/workspaces/1", as_type=Invoice), Invoice)
    assert_type(await session.act(key, "verify"), Response)
    assert_type(await session.act(key.links["self"], "update", json={}, as_type=Invoice), Invoice)
    assert_type(key.links.can("update"), bool)


async def responses(session: MatatikaSession) -> None:
    response = await session.request("GET", "/workspaces", params={"size": 5}, repeat=Repeat.SAFE)
    assert_type(response, Response)
    assert_type(response.status, int)
    assert_type(response.headers["Content-Type"], str)
    assert_type(response.body, bytes)
    assert_type(response.json(), Any)


class Bots(MatatikaSession):
    """A session of a user's own."""


def sessions(session: Bots) -> None:
    assert_type(session.with_options(retries=Retries(attempts=1)), Bots)
    assert_type(Bots.from_env(timeouts=Timeouts(total=5), http=None, user_agent="bot/1"), Bots)


def errors(limited: RateLimitError, lost: TransportError, made: SecretDeliveryError) -> None:
    assert_type(limited.retry_after, float | None)
    assert_type(limited.transient, bool)
    assert_type(limited.request_id, str | None)
    key: NewApiKey = made.api_key
    assert_type(key.client_secret, Secret)
    assert_type(lost.sent, Literal["no", "maybe"])


async def rows() -> AsyncIterator[bytes]:
    yield b"id,name"


async def bodies_of_any_size(session: MatatikaSession) -> None:
    download = session.download("/x", params={"n": 1}, accept="text/csv")
    assert_type(download, Download)
    assert_type(await download.read(), bytes)
    assert_type(await download.text(), str)
    assert_type(await download.save(Path("rows.csv")), int)
    async with download as pieces:
        async for piece in pieces:
            assert_type(piece, bytes)
    for body in (b"", "", Path("rows.csv"), rows()):
        await session.request("PUT", "/x", body=body, content_type="text/csv", headers={"X-Key": Secret("a"), "X": "b"})
