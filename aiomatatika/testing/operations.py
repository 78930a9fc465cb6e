"""Every operation of the API: what the server responds to, in the words of the API's reference.

``python -m aiomatatika.testing.operations`` writes the table as JSON, for comparisons with what the vendor publishes.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from aiomatatika.testing.operation import Operation

__all__ = ["OPERATIONS"]


def _list(id: str, path: str, response: str, **more: Any) -> Operation:
    return Operation(id, "GET", path, "list", response, **({"embedded_key": f"{response.lower()}s"} | more))


def _paged(id: str, path: str, response: str, **more: Any) -> Operation:
    return _list(id, path, response, paged=True, **more)


def _get(id: str, path: str, response: str) -> Operation:
    return Operation(id, "GET", path, "get", response)


def _initialise(id: str, path: str, response: str) -> Operation:
    return Operation(id, "POST", path, "initialise", response)


def _put(id: str, path: str, response: str, *statuses: int) -> Operation:
    return Operation(id, "PUT", path, "put", response, statuses, body=response)


def _delete(id: str, path: str) -> Operation:
    return Operation(id, "DELETE", path, "delete", statuses=(204,))


def _own(id: str, method: str, path: str, response: str = "", **more: Any) -> Operation:
    return Operation(id, method, path, "own", response, **more)


OPERATIONS: Final[tuple[Operation, ...]] = (
    # accounts
    _paged("accounts.list", "/accounts", "Account"),
    _get("accounts.get", "/accounts/{account_id}", "Account"),
    _initialise("accounts.initialise", "/accounts/new", "Account"),
    _put("accounts.create", "/accounts/{account_id}", "Account", 201),
    _put("accounts.update", "/accounts/{account_id}", "Account", 200),
    _own("accounts.list_admins", "GET", "/accounts/{account_id}/admins", "Profile", embedded_key="profiles"),
    _own("accounts.add_admin", "PUT", "/accounts/{account_id}/admins/{profile_id}", "Account"),
    _own("accounts.remove_admin", "DELETE", "/accounts/{account_id}/admins/{profile_id}", statuses=(204,)),
    _own("accounts.set_owner", "PUT", "/accounts/{account_id}/owner/{profile_id}", "Account"),
    _own(
        "accounts.transfer_workspace", "PUT", "/accounts/{account_id}/workspaces/{workspace_id}/transfer", "Workspace"
    ),
    # profiles
    _own("profiles.list", "GET", "/profiles", "Profile", embedded_key="profiles"),
    _own("profiles.get", "GET", "/profiles/{profile_id}", "Profile"),
    _own("profiles.put", "PUT", "/profiles/{profile_id}", "Profile", statuses=(200, 201), body="Profile"),
    _own("profiles.set_default_workspace", "PATCH", "/profiles/{profile_id}", "Profile", body="Profile"),
    _own("profiles.set_working_account", "PUT", "/profiles/{profile_id}/working-account/{account_id}", "Profile"),
    # workspaces
    _paged("workspaces.list", "/workspaces", "Workspace"),
    _get("workspaces.get", "/workspaces/{workspace_id}", "Workspace"),
    _initialise("workspaces.initialise", "/workspaces", "Workspace"),
    _put("workspaces.create", "/workspaces/{workspace_id}", "Workspace", 201),
    _put("workspaces.update", "/workspaces/{workspace_id}", "Workspace", 200),
    _delete("workspaces.delete", "/workspaces/{workspace_id}"),
    _own("workspaces.make_default", "PUT", "/workspaces/{workspace_id}/default"),
    # members
    _list("members.list", "/workspaces/{workspace_id}/members", "Member"),
    _get("members.get", "/workspaces/{workspace_id}/members/{member_id}", "Member"),
    # administrators
    _list("administrators.list", "/workspaces/{workspace_id}/administrators", "Administrator"),
    _own("administrators.add", "PUT", "/workspaces/{workspace_id}/administrators/{profile_id}", "Administrator"),
    _own(
        "administrators.withdraw", "DELETE", "/workspaces/{workspace_id}/administrators/{profile_id}", "Administrator"
    ),
    # invitations
    _list("invitations.list_sent", "/invitations", "Invitation", pageable=True),
    _list("invitations.list_received", "/invitations", "Invitation", query=("email",), pageable=True),
    _list("invitations.list_for_workspace", "/workspaces/{workspace_id}/invitations", "Invitation", pageable=True),
    _own("invitations.create", "POST", "/workspaces/{workspace_id}/invitations", statuses=(202,), body="Invitation"),
    _own("invitations.accept", "PATCH", "/invitations/{invitation_id}", "Invitation"),
    _delete("invitations.delete", "/invitations/{invitation_id}"),
    _own("invitations.withdraw", "PUT", "/invitations/{invitation_id}/revoked"),
    # channels
    _initialise("channels.initialise", "/workspaces/{workspace_id}/channels", "Channel"),
    _get("channels.get", "/channels/{channel_id}", "Channel"),
    _get("channels.get_in_workspace", "/channels/{channel_id}", "Channel"),
    _paged(
        "channels.list", "/workspaces/{workspace_id}/channels", "Channel", query=("type", "source", "containsDataset")
    ),
    _put("channels.put", "/workspaces/{workspace_id}/channels/{channel_id}", "Channel", 200, 201),
    _delete("channels.delete", "/channels/{channel_id}"),
    _list("channels.list_in_news", "/workspaces/{workspace_id}/news/channels", "Channel"),
    _own("channels.add_dataset", "PUT", "/channels/{channel_id}/datasets/{dataset_id}", statuses=(201,)),
    _own("channels.remove_dataset", "DELETE", "/channels/{channel_id}/datasets/{dataset_id}", statuses=(204,)),
    _own("channels.add_workspace_scope", "PUT", "/channels/{channel_id}/scope/workspace", "Channel"),
    _own("channels.withdraw_workspace_scope", "PUT", "/channels/{channel_id}/scope/profile", "Channel"),
    # datasets
    _paged("datasets.list", "/workspaces/{workspace_id}/datasets", "Dataset"),
    _paged("datasets.list_liked", "/workspaces/{workspace_id}/liked", "Dataset"),
    _list("datasets.list_by_channel", "/channels/{channel_id}/datasets", "Dataset", pageable=True),
    _get("datasets.get", "/datasets/{dataset_id}", "Dataset"),
    _own("datasets.get_in_workspace", "GET", "/workspaces/{workspace_id}/datasets/{dataset_id_or_alias}", "Dataset"),
    _own(
        "datasets.get_data",
        "GET",
        "/datasets/{dataset_id}/data",
        "application/json",
        statuses=(200, 204),
        accepts=("application/json", "text/csv"),
    ),
    _own(
        "datasets.publish",
        "POST",
        "/workspaces/{workspace_id}/datasets",
        "Dataset",
        statuses=(200, 201),
        body="Dataset",
    ),
    _own("datasets.edit", "PATCH", "/datasets/{dataset_id}", "Dataset", body="Dataset"),
    _own("datasets.record_view", "PUT", "/datasets/{dataset_id}/view"),
    _own("datasets.like", "PUT", "/datasets/{dataset_id}/like"),
    _own("datasets.unlike", "DELETE", "/datasets/{dataset_id}/like", statuses=(204,)),
    _initialise("datasets.initialise_message", "/datasets/{dataset_id}/messages", "DatasetMessage"),
    _put("datasets.put_message", "/datasets/{dataset_id}/messages/{message_id}", "DatasetMessage", 200, 201),
    _delete("datasets.delete", "/datasets/{dataset_id}"),
    # alerts
    _initialise("alerts.initialise", "/datasets/{dataset_id}/alerts", "Alert"),
    _put("alerts.create", "/datasets/{dataset_id}/alerts/{alert_id}", "Alert", 201),
    _paged("alerts.list", "/datasets/{dataset_id}/alerts", "Alert"),
    _get("alerts.get", "/alerts/{alert_id}", "Alert"),
    # comments
    _paged("comments.list", "/datasets/{dataset_id}/comments", "Comment", embedded_key="datasetComments"),
    _get("comments.get", "/comments/{comment_id}", "Comment"),
    _own("comments.history", "GET", "/comments/{comment_id}/history", "application/hal+json"),
    _paged(
        "comments.list_replies",
        "/datasets/{dataset_id}/comments",
        "Comment",
        query=("parentId",),
        embedded_key="datasetComments",
    ),
    _initialise("comments.initialise", "/datasets/{dataset_id}/comments", "Comment"),
    _own("comments.initialise_reply", "POST", "/comments/{comment_id}", "Comment"),
    _put("comments.create", "/datasets/{dataset_id}/comments/{comment_id}", "Comment", 201),
    _put("comments.update", "/datasets/{dataset_id}/comments/{comment_id}", "Comment", 200),
    _own("comments.like", "PUT", "/comments/{comment_id}/like"),
    _own("comments.unlike", "DELETE", "/comments/{comment_id}/like", statuses=(204,)),
    _delete("comments.delete", "/comments/{comment_id}"),
    # tags
    _list("tags.list", "/workspaces/{workspace_id}/tags", "Tag"),
    _list("tags.list_in_news", "/workspaces/{workspace_id}/news/tags", "Tag"),
    _get("tags.get", "/workspaces/{workspace_id}/tags/{tag_id}", "Tag"),
    # search
    _paged("search.datasets", "/workspaces/{workspace_id}/search", "Dataset", query=("q",), statuses=(200, 204)),
    _paged(
        "search.datasets_by_channel", "/workspaces/{workspace_id}/search", "Dataset", query=("q",), statuses=(200, 204)
    ),
    _paged("search.datasets_by_tag", "/workspaces/{workspace_id}/search", "Dataset", query=("q",), statuses=(200, 204)),
    _own(
        "search.msearch",
        "POST",
        "/workspaces/{workspace_id}/datasets/_msearch",
        "application/json",
        statuses=(200, 204),
        body="text/plain",
    ),
    # feed
    _paged("feed.get", "/workspaces/{workspace_id}/feed", "Dataset"),
    # news
    _paged("news.get", "/workspaces/{workspace_id}/news", "Notification", query=("before", "since", "q")),
    # dataplugins
    _paged("dataplugins.list_supported", "/dataplugins", "Dataplugin"),
    _own("dataplugins.view_discovery", "GET", "/discovery.yml", "text/yaml"),
    _paged("dataplugins.list", "/workspaces/{workspace_id}/dataplugins", "Dataplugin"),
    _own("dataplugins.view_workspace_discovery", "GET", "/workspaces/{workspace_id}/discovery.yml", "text/yaml"),
    _get("dataplugins.get", "/dataplugins/{dataplugin_id}", "Dataplugin"),
    _initialise("dataplugins.initialise", "/workspaces/{workspace_id}/dataplugins", "Dataplugin"),
    _own(
        "dataplugins.publish_discovery",
        "POST",
        "/workspaces/{workspace_id}/discovery",
        "Dataplugin",
        statuses=(201,),
        embedded_key="dataplugins",
        body="application/json",
    ),
    _put("dataplugins.create", "/workspaces/{workspace_id}/dataplugins/{dataplugin_id}", "Dataplugin", 201),
    _put("dataplugins.update", "/workspaces/{workspace_id}/dataplugins/{dataplugin_id}", "Dataplugin", 200),
    _delete("dataplugins.delete", "/dataplugins/{dataplugin_id}"),
    # datacomponents
    _paged("datacomponents.list", "/workspaces/{workspace_id}/datacomponents", "Datacomponent"),
    _get("datacomponents.get", "/datacomponents/{datacomponent_id}", "Datacomponent"),
    _initialise("datacomponents.initialise", "/workspaces/{workspace_id}/datacomponents", "Datacomponent"),
    _put(
        "datacomponents.put", "/workspaces/{workspace_id}/datacomponents/{datacomponent_id}", "Datacomponent", 200, 201
    ),
    _put("datacomponents.update", "/datacomponents/{datacomponent_id}", "Datacomponent", 200),
    _delete("datacomponents.delete", "/datacomponents/{datacomponent_id}"),
    # datastores
    _paged("datastores.list", "/workspaces/{workspace_id}/datastores", "Datastore"),
    _get("datastores.get", "/datastores/{datastore_id}", "Datastore"),
    _own("datastores.make_default", "PUT", "/datastores/{datastore_id}/default"),
    _initialise("datastores.initialise", "/workspaces/{workspace_id}/datastores", "Datastore"),
    _put("datastores.put", "/workspaces/{workspace_id}/datastores/{datastore_id}", "Datastore", 200, 201),
    _put("datastores.update", "/datastores/{datastore_id}", "Datastore", 200),
    _delete("datastores.delete", "/datastores/{datastore_id}"),
    # pipelines
    _paged("pipelines.list", "/workspaces/{workspace_id}/pipelines", "Pipeline"),
    _get("pipelines.get", "/pipelines/{pipeline_id}", "Pipeline"),
    _initialise("pipelines.initialise", "/workspaces/{workspace_id}/pipelines", "Pipeline"),
    _put("pipelines.put", "/workspaces/{workspace_id}/pipelines/{pipeline_id}", "Pipeline", 200, 201),
    _own(
        "pipelines.put_draft",
        "PUT",
        "/workspaces/{workspace_id}/pipelines/{pipeline_id}/draft",
        "Pipeline",
        statuses=(200, 201),
        body="Pipeline",
    ),
    _own("pipelines.validate", "POST", "/workspaces/{workspace_id}/pipelines/validation", body="Pipeline"),
    _own("pipelines.verify", "POST", "/pipelines/{pipeline_id}/verification", "Job"),
    _delete("pipelines.delete", "/pipelines/{pipeline_id}"),
    _own("pipelines.metrics", "GET", "/pipelines/{pipeline_id}/metrics", "application/json", statuses=(200, 204)),
    # jobs
    _paged("jobs.list_for_workspace", "/workspaces/{workspace_id}/jobs", "Job"),
    _paged("jobs.list_for_pipeline", "/pipelines/{pipeline_id}/jobs", "Job"),
    _get("jobs.get", "/jobs/{job_id}", "Job"),
    _own(
        "jobs.logs",
        "GET",
        "/jobs/{job_id}/logs",
        "text/plain",
        query=("sequence",),
        statuses=(200, 204),
        accepts=("text/plain", "application/x-ndjson", "application/stream+json"),
    ),
    _own("jobs.create", "POST", "/pipelines/{pipeline_id}/jobs", "Job", statuses=(201,)),
    _own("jobs.stop", "PUT", "/jobs/{job_id}/stopped", "Message", statuses=(202,)),
    _delete("jobs.delete", "/jobs/{job_id}"),
    # deployments
    _own("deployments.deploy", "POST", "/workspaces/{workspace_id}/deployments", "Job", statuses=(202,)),
    _own(
        "deployments.github_webhook",
        "POST",
        "/workspaces/{workspace_id}/deployments/github-webhook",
        "Job",
        statuses=(202,),
        body="application/json",
        headers=("X-Hub-Signature",),
    ),
    # subscriptions
    _paged("subscriptions.list", "/subscriptions", "Subscription"),
    _paged("subscriptions.list_for_members", "/workspaces/{workspace_id}/members/subscriptions", "Subscription"),
    _get("subscriptions.get", "/subscriptions/{subscription_id}", "Subscription"),
    _own(
        "subscriptions.subscribe_workspace",
        "POST",
        "/workspaces/{workspace_id}/subscriptions",
        "Subscription",
        query=("allMembers",),
        body="Subscription",
    ),
    _own(
        "subscriptions.subscribe_channel",
        "POST",
        "/channels/{channel_id}/subscriptions",
        "Subscription",
        query=("allMembers",),
        body="Subscription",
    ),
    _own(
        "subscriptions.subscribe_dataset",
        "POST",
        "/datasets/{dataset_id}/subscriptions",
        "Subscription",
        query=("allMembers",),
        body="Subscription",
    ),
    _own(
        "subscriptions.subscribe_pipeline",
        "POST",
        "/pipelines/{pipeline_id}/subscriptions",
        "Subscription",
        query=("allMembers",),
        body="Subscription",
    ),
    _put("subscriptions.update", "/subscriptions/{subscription_id}", "Subscription", 200),
    _delete("subscriptions.delete", "/subscriptions/{subscription_id}"),
    # notifications
    _paged("notifications.list", "/notifications", "Notification", query=("all", "before", "since")),
    _paged(
        "notifications.list_for_workspace",
        "/workspaces/{workspace_id}/notifications",
        "Notification",
        query=("all", "before", "since"),
    ),
    _get("notifications.get", "/notifications/{notification_id}", "Notification"),
    _own(
        "notifications.refresh",
        "PUT",
        "/notifications",
        "Notification",
        query=("since", "markAsResolved"),
        embedded_key="notifications",
        paged=True,
    ),
    _delete("notifications.delete", "/notifications/{notification_id}"),
    # apikeys
    _own("apikeys.list", "GET", "/apikeys", "ApiKey", embedded_key="apikeys", paged=True),
    _own("apikeys.get", "GET", "/apikeys/{apikey_id}", "ApiKey"),
    _own("apikeys.initialise", "POST", "/apikeys", "ApiKey"),
    _own("apikeys.create", "PUT", "/apikeys/{apikey_id}", "ApiKey", statuses=(201,), body="ApiKey"),
    _own("apikeys.update", "PUT", "/apikeys/{apikey_id}", "ApiKey", body="ApiKey"),
    _own("apikeys.delete", "DELETE", "/apikeys/{apikey_id}", statuses=(204,)),
    # resources
    _own("resources.get", "GET", "/workspaces/{workspace_id}/resources/{resource_path}", "Resource"),
    _own("resources.get_content", "GET", "/workspaces/{workspace_id}/resources/{resource_path}", "*/*"),
    _paged("resources.list", "/workspaces/{workspace_id}/resources", "Resource"),
    _own(
        "resources.publish",
        "POST",
        "/workspaces/{workspace_id}/resources",
        "Resource",
        embedded_key="resources",
        body="multipart/form-data",
    ),
    _own(
        "resources.put",
        "PUT",
        "/workspaces/{workspace_id}/resources/{resource_path}",
        "Resource",
        statuses=(200, 201),
        body="Resource",
    ),
    _delete("resources.delete", "/workspaces/{workspace_id}/resources/{resource_path}"),
)


if __name__ == "__main__":
    json.dump([operation.document() for operation in OPERATIONS], sys.stdout, indent=1)
    sys.stdout.write("\n")
