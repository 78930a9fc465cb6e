"""The operations on channels, datasets, alerts and comments, on the feed and in search."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from aiomatatika import DatasetMessage
from tests.resources.row import IDEMPOTENT, ONCE, SAFE, Row

__all__ = ["ROWS"]

MESSAGE: Final = DatasetMessage(id=UUID("5d8b4a3e-2f0c-4c57-9f43-0c9a6de7b6a1"))

ROWS: Final[dict[str, Row]] = {
    "channels.initialise": Row(lambda s, x: s.channels.initialise(x.workspace), IDEMPOTENT),
    "channels.get": Row(lambda s, x: s.channels.get(x.channel), SAFE),
    "channels.get_in_workspace": Row(lambda s, x: s.channels.get(x.channel.id), SAFE),
    "channels.list": Row(lambda s, x: s.channels.list(x.workspace), SAFE),
    "channels.put": Row(lambda s, x: s.channels.create(x.workspace, "sales", draft=x.channel_draft), IDEMPOTENT),
    "channels.delete": Row(lambda s, x: s.channels.delete(x.channel), IDEMPOTENT),
    "channels.list_in_news": Row(lambda s, x: s.channels.list_in_news(x.workspace), SAFE),
    "channels.add_dataset": Row(lambda s, x: s.channels.add_dataset(x.channel, x.dataset), IDEMPOTENT),
    "channels.remove_dataset": Row(lambda s, x: s.channels.remove_dataset(x.channel, x.listed_dataset), IDEMPOTENT),
    "channels.add_workspace_scope": Row(lambda s, x: s.channels.add_workspace_scope(x.channel), IDEMPOTENT),
    "channels.withdraw_workspace_scope": Row(lambda s, x: s.channels.withdraw_workspace_scope(x.channel), IDEMPOTENT),
    "datasets.list": Row(lambda s, x: s.datasets.list(x.workspace), SAFE),
    "datasets.list_liked": Row(lambda s, x: s.datasets.list_liked(x.workspace), SAFE),
    "datasets.list_by_channel": Row(lambda s, x: s.datasets.list_in_channel(x.channel), SAFE),
    "datasets.get": Row(lambda s, x: s.datasets.get(x.dataset), SAFE),
    "datasets.get_in_workspace": Row(lambda s, x: s.datasets.find(x.workspace, x.dataset.id), SAFE),
    "datasets.get_data": Row(lambda s, x: s.datasets.rows(x.dataset), SAFE),
    "datasets.publish": Row(lambda s, x: s.datasets.publish(x.workspace, alias="a/b", title="t"), IDEMPOTENT),
    "datasets.edit": Row(lambda s, x: s.datasets.edit(x.dataset, title="other"), IDEMPOTENT),
    "datasets.record_view": Row(lambda s, x: s.datasets.record_view(x.dataset), ONCE),
    "datasets.like": Row(lambda s, x: s.datasets.like(x.dataset), IDEMPOTENT),
    "datasets.unlike": Row(lambda s, x: s.datasets.unlike(x.dataset), IDEMPOTENT),
    "datasets.initialise_message": Row(lambda s, x: s.datasets.initialise_message(x.dataset), IDEMPOTENT),
    "datasets.put_message": Row(
        lambda s, x: s.datasets.send_message(x.dataset, x.profile, "look", draft=MESSAGE), IDEMPOTENT
    ),
    "datasets.delete": Row(lambda s, x: s.datasets.delete(x.dataset), IDEMPOTENT),
    "alerts.initialise": Row(lambda s, x: s.alerts.initialise(x.dataset), IDEMPOTENT),
    "alerts.create": Row(lambda s, x: s.alerts.create(x.dataset, "late", draft=x.alert_draft), IDEMPOTENT),
    "alerts.list": Row(lambda s, x: s.alerts.list(x.dataset), SAFE),
    "alerts.get": Row(lambda s, x: s.alerts.get(x.alert), SAFE),
    "comments.list": Row(lambda s, x: s.comments.list(x.dataset), SAFE),
    "comments.get": Row(lambda s, x: s.comments.get(x.comment), SAFE),
    "comments.history": Row(lambda s, x: s.comments.history(x.comment), SAFE),
    "comments.list_replies": Row(lambda s, x: s.comments.list_replies(x.comment), SAFE),
    "comments.initialise": Row(lambda s, x: s.comments.initialise(x.dataset), IDEMPOTENT),
    "comments.initialise_reply": Row(lambda s, x: s.comments.initialise_reply(x.comment), IDEMPOTENT),
    "comments.create": Row(lambda s, x: s.comments.create(x.dataset, "hello", draft=x.comment_draft), IDEMPOTENT),
    "comments.update": Row(lambda s, x: s.comments.update(x.comment, "hello"), IDEMPOTENT),
    "comments.like": Row(lambda s, x: s.comments.like(x.comment), IDEMPOTENT),
    "comments.unlike": Row(lambda s, x: s.comments.unlike(x.comment), IDEMPOTENT),
    "comments.delete": Row(lambda s, x: s.comments.delete(x.comment), IDEMPOTENT),
    "search.datasets": Row(lambda s, x: s.search.datasets(x.workspace, "sales"), SAFE),
    "search.datasets_by_channel": Row(lambda s, x: s.search.datasets(x.workspace, channels=["sales"]), SAFE),
    "search.datasets_by_tag": Row(lambda s, x: s.search.datasets(x.workspace, tags=["sales"]), SAFE),
    "search.msearch": Row(lambda s, x: s.search.msearch(x.workspace, {"query": {"match_all": {}}}), IDEMPOTENT),
    "feed.get": Row(lambda s, x: s.feed.list(x.workspace), SAFE),
}
