"""The calls on people, and on what is theirs: one for each operation of the API."""

from __future__ import annotations

from aiomatatika import AccountFields
from tests.resources.row import IDEMPOTENT, ONCE, SAFE, Row

_ACCOUNT: AccountFields = {"company": "Example", "owner_email": "ada@example.com"}

ROWS: dict[str, Row] = {
    "accounts.list": Row(lambda s, x: s.accounts.list().collect(), SAFE),
    "accounts.get": Row(lambda s, x: s.accounts.get(x.account), SAFE),
    "accounts.initialise": Row(lambda s, x: s.accounts.initialise(), IDEMPOTENT),
    "accounts.create": Row(lambda s, x: s.accounts.create(draft=x.account_draft, **_ACCOUNT), IDEMPOTENT),
    "accounts.update": Row(lambda s, x: s.accounts.update(x.account, **_ACCOUNT), IDEMPOTENT),
    "accounts.list_admins": Row(lambda s, x: s.accounts.list_admins(x.account).collect(), SAFE),
    "accounts.add_admin": Row(lambda s, x: s.accounts.add_admin(x.account, x.profile), IDEMPOTENT),
    "accounts.remove_admin": Row(lambda s, x: s.accounts.remove_admin(x.account, x.admin), IDEMPOTENT),
    "accounts.set_owner": Row(lambda s, x: s.accounts.set_owner(x.account, x.profile), IDEMPOTENT),
    "accounts.transfer_workspace": Row(lambda s, x: s.accounts.transfer_workspace(x.account, x.workspace), IDEMPOTENT),
    "profiles.list": Row(lambda s, x: s.profiles.list().collect(), SAFE),
    "profiles.get": Row(lambda s, x: s.profiles.get(x.profile), SAFE),
    "profiles.put": Row(lambda s, x: s.profiles.update(x.profile, name="Ada"), IDEMPOTENT),
    "profiles.set_default_workspace": Row(
        lambda s, x: s.profiles.set_default_workspace(x.profile, x.workspace), IDEMPOTENT
    ),
    "profiles.set_working_account": Row(lambda s, x: s.profiles.set_working_account(x.profile, x.account), IDEMPOTENT),
    "workspaces.list": Row(lambda s, x: s.workspaces.list().collect(), SAFE),
    "workspaces.get": Row(lambda s, x: s.workspaces.get(x.workspace), SAFE),
    "workspaces.initialise": Row(lambda s, x: s.workspaces.initialise(), IDEMPOTENT),
    "workspaces.create": Row(lambda s, x: s.workspaces.create(draft=x.workspace_draft, name="new"), IDEMPOTENT),
    "workspaces.update": Row(lambda s, x: s.workspaces.update(x.workspace, name="other"), IDEMPOTENT),
    "workspaces.delete": Row(lambda s, x: s.workspaces.delete(x.workspace), IDEMPOTENT),
    "workspaces.make_default": Row(lambda s, x: s.workspaces.make_default(x.workspace), IDEMPOTENT),
    "members.list": Row(lambda s, x: s.members.list(x.workspace).collect(), SAFE),
    "members.get": Row(lambda s, x: s.members.get(x.workspace, x.member), SAFE),
    "administrators.list": Row(lambda s, x: s.administrators.list(x.workspace).collect(), SAFE),
    "administrators.add": Row(lambda s, x: s.administrators.add(x.workspace, x.profile), IDEMPOTENT),
    "administrators.withdraw": Row(lambda s, x: s.administrators.withdraw(x.workspace, x.administrator.id), IDEMPOTENT),
    "invitations.list_sent": Row(lambda s, x: s.invitations.list_sent().collect(), SAFE),
    "invitations.list_received": Row(lambda s, x: s.invitations.list_received("ada@example.com").collect(), SAFE),
    "invitations.list_for_workspace": Row(lambda s, x: s.invitations.list(x.workspace).collect(), SAFE),
    "invitations.create": Row(lambda s, x: s.invitations.create(x.workspace, "ada@example.com"), ONCE),
    "invitations.accept": Row(lambda s, x: s.invitations.accept(x.invitation), IDEMPOTENT),
    "invitations.delete": Row(lambda s, x: s.invitations.delete(x.invitation), IDEMPOTENT),
    "invitations.withdraw": Row(lambda s, x: s.invitations.withdraw(x.invitation), IDEMPOTENT),
    "tags.list": Row(lambda s, x: s.tags.list(x.workspace).collect(), SAFE),
    "tags.list_in_news": Row(lambda s, x: s.tags.list_in_news(x.workspace).collect(), SAFE),
    "tags.get": Row(lambda s, x: s.tags.get(x.workspace, x.tag), SAFE),
    "news.get": Row(lambda s, x: s.news.list(x.workspace).collect(), SAFE),
    "subscriptions.list": Row(lambda s, x: s.subscriptions.list().collect(), SAFE),
    "subscriptions.list_for_members": Row(lambda s, x: s.subscriptions.list_for_members(x.workspace).collect(), SAFE),
    "subscriptions.get": Row(lambda s, x: s.subscriptions.get(x.subscription), SAFE),
    "subscriptions.subscribe_workspace": Row(lambda s, x: s.subscriptions.subscribe_workspace(x.workspace), ONCE),
    "subscriptions.subscribe_channel": Row(lambda s, x: s.subscriptions.subscribe_channel(x.channel), ONCE),
    "subscriptions.subscribe_dataset": Row(lambda s, x: s.subscriptions.subscribe_dataset(x.dataset), ONCE),
    "subscriptions.subscribe_pipeline": Row(lambda s, x: s.subscriptions.subscribe_pipeline(x.pipeline), ONCE),
    "subscriptions.update": Row(lambda s, x: s.subscriptions.update(x.subscription, "ALERTS"), IDEMPOTENT),
    "subscriptions.delete": Row(lambda s, x: s.subscriptions.delete(x.subscription), IDEMPOTENT),
    "notifications.list": Row(lambda s, x: s.notifications.list().collect(), SAFE),
    "notifications.list_for_workspace": Row(
        lambda s, x: s.notifications.list_for_workspace(x.workspace).collect(), SAFE
    ),
    "notifications.get": Row(lambda s, x: s.notifications.get(x.notification), SAFE),
    "notifications.refresh": Row(lambda s, x: s.notifications.refresh(), ONCE),
    "notifications.delete": Row(lambda s, x: s.notifications.delete(x.notification), IDEMPOTENT),
    "apikeys.list": Row(lambda s, x: s.apikeys.list().collect(), SAFE),
    "apikeys.get": Row(lambda s, x: s.apikeys.get(x.apikey), SAFE),
    "apikeys.initialise": Row(lambda s, x: s.apikeys.initialise(), IDEMPOTENT),
    "apikeys.create": Row(lambda s, x: s.apikeys.create("new", draft=x.apikey_draft), ONCE),
    "apikeys.update": Row(lambda s, x: s.apikeys.update(x.apikey, name="other"), IDEMPOTENT),
    "apikeys.delete": Row(lambda s, x: s.apikeys.delete(x.apikey), IDEMPOTENT),
}
