"""An async client for the Matatika API (also sold as Meltano Cloud).

`MatatikaSession` is where to start.

Every logger is a child of ``aiomatatika``, named for its module; no handler is added. DEBUG has a record for each
attempt and each token request, INFO one for each secret that was created, WARNING what somebody should know. A record
that a call is behind has the fields ``method``, ``path`` (no query), ``status``, ``attempt`` and ``request_id``
(``extra=``); those of attempts have ``duration``, in seconds. No record holds a secret.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from aiomatatika._version import __version__ as __version__

if TYPE_CHECKING:
    from aiomatatika.auth.stores.file import FileTokenStore as FileTokenStore
    from aiomatatika.auth.stores.protocol import TokenStore as TokenStore
    from aiomatatika.auth.stores.redis import RedisTokenStore as RedisTokenStore
    from aiomatatika.credentials import (
        AccessToken as AccessToken,
        BearerToken as BearerToken,
        ClientCredentials as ClientCredentials,
    )
    from aiomatatika.deployment import (
        MELTANO as MELTANO,
        PRODUCTION as PRODUCTION,
        STAGING as STAGING,
        Deployment as Deployment,
    )
    from aiomatatika.enums import OpenEnum as OpenEnum
    from aiomatatika.errors import (
        ApiError as ApiError,
        AuthenticationError as AuthenticationError,
        BadRequestError as BadRequestError,
        ConfigurationError as ConfigurationError,
        ConflictError as ConflictError,
        ForbiddenError as ForbiddenError,
        InvalidArgumentError as InvalidArgumentError,
        JobFailedError as JobFailedError,
        LinkError as LinkError,
        MatatikaError as MatatikaError,
        MethodNotAllowedError as MethodNotAllowedError,
        NotFoundError as NotFoundError,
        PaginationError as PaginationError,
        PendingError as PendingError,
        RateLimitError as RateLimitError,
        RelationNotFoundError as RelationNotFoundError,
        ResponseError as ResponseError,
        SecretDeliveryError as SecretDeliveryError,
        SecretLostError as SecretLostError,
        ServerError as ServerError,
        SessionClosedError as SessionClosedError,
        TransportError as TransportError,
        TransportTimeoutError as TransportTimeoutError,
        UnsafeLinkError as UnsafeLinkError,
    )
    from aiomatatika.hal import HalResource as HalResource, Link as Link, Links as Links
    from aiomatatika.options import Retries as Retries, Timeouts as Timeouts
    from aiomatatika.paging.collection import Collection as Collection
    from aiomatatika.paging.page import Page as Page
    from aiomatatika.resources.accounts.models import Account as Account, AccountFields as AccountFields
    from aiomatatika.resources.administrators import Administrator as Administrator
    from aiomatatika.resources.alerts import Alert as Alert
    from aiomatatika.resources.apikeys import ApiKey as ApiKey, NewApiKey as NewApiKey
    from aiomatatika.resources.channels import (
        Channel as Channel,
        ChannelFields as ChannelFields,
        ChannelScope as ChannelScope,
        ChannelType as ChannelType,
        NewChannelFields as NewChannelFields,
    )
    from aiomatatika.resources.comments import Comment as Comment
    from aiomatatika.resources.datacomponents import (
        Datacomponent as Datacomponent,
        DatacomponentFields as DatacomponentFields,
        Selection as Selection,
        Stream as Stream,
        StreamField as StreamField,
    )
    from aiomatatika.resources.dataplugins.commands import (
        DatapluginCommand as DatapluginCommand,
        DatapluginType as DatapluginType,
    )
    from aiomatatika.resources.dataplugins.models import (
        Dataplugin as Dataplugin,
        DatapluginCapability as DatapluginCapability,
        DatapluginFields as DatapluginFields,
        DatapluginVariant as DatapluginVariant,
        Setting as Setting,
        SettingKind as SettingKind,
        SettingOption as SettingOption,
    )
    from aiomatatika.resources.datasets.models import (
        Dataset as Dataset,
        DatasetFields as DatasetFields,
        DatasetMessage as DatasetMessage,
    )
    from aiomatatika.resources.datastores import Datastore as Datastore
    from aiomatatika.resources.group import Paging as Paging, Ref as Ref
    from aiomatatika.resources.invitations import Invitation as Invitation, InvitationStatus as InvitationStatus
    from aiomatatika.resources.jobs.models import Job as Job, JobStatus as JobStatus, JobType as JobType
    from aiomatatika.resources.members import Member as Member
    from aiomatatika.resources.notifications import Notification as Notification, NotificationType as NotificationType
    from aiomatatika.resources.pipelines.models import (
        Pipeline as Pipeline,
        PipelineFields as PipelineFields,
        PipelineMetric as PipelineMetric,
        PipelineStatus as PipelineStatus,
    )
    from aiomatatika.resources.profiles import (
        NewProfileFields as NewProfileFields,
        Profile as Profile,
        ProfileFields as ProfileFields,
    )
    from aiomatatika.resources.resources import Resource as Resource
    from aiomatatika.resources.subscriptions import Subscription as Subscription, SubscriptionType as SubscriptionType
    from aiomatatika.resources.tags import Tag as Tag
    from aiomatatika.resources.workspaces import (
        Workspace as Workspace,
        WorkspaceFields as WorkspaceFields,
        WorkspaceStatus as WorkspaceStatus,
    )
    from aiomatatika.secret import Secret as Secret
    from aiomatatika.session import MatatikaSession as MatatikaSession
    from aiomatatika.transfer import Download as Download
    from aiomatatika.transport.message import Response as Response
    from aiomatatika.transport.repeat import Repeat as Repeat

# Where each name comes from. It is imported when it is first asked for.
_NAMES = {
    "auth.stores.file": ("FileTokenStore",),
    "auth.stores.protocol": ("TokenStore",),
    "auth.stores.redis": ("RedisTokenStore",),
    "credentials": ("AccessToken", "BearerToken", "ClientCredentials"),
    "deployment": ("MELTANO", "PRODUCTION", "STAGING", "Deployment"),
    "enums": ("OpenEnum",),
    "errors": (
        "ApiError",
        "AuthenticationError",
        "BadRequestError",
        "ConfigurationError",
        "ConflictError",
        "ForbiddenError",
        "InvalidArgumentError",
        "JobFailedError",
        "LinkError",
        "MatatikaError",
        "MethodNotAllowedError",
        "NotFoundError",
        "PaginationError",
        "PendingError",
        "RateLimitError",
        "RelationNotFoundError",
        "ResponseError",
        "SecretDeliveryError",
        "SecretLostError",
        "ServerError",
        "SessionClosedError",
        "TransportError",
        "TransportTimeoutError",
        "UnsafeLinkError",
    ),
    "hal": ("HalResource", "Link", "Links"),
    "options": ("Retries", "Timeouts"),
    "paging.collection": ("Collection",),
    "paging.page": ("Page",),
    "resources.accounts.models": ("Account", "AccountFields"),
    "resources.administrators": ("Administrator",),
    "resources.alerts": ("Alert",),
    "resources.apikeys": ("ApiKey", "NewApiKey"),
    "resources.channels": ("Channel", "ChannelFields", "ChannelScope", "ChannelType", "NewChannelFields"),
    "resources.comments": ("Comment",),
    "resources.datacomponents": ("Datacomponent", "DatacomponentFields", "Selection", "Stream", "StreamField"),
    "resources.dataplugins.commands": ("DatapluginCommand", "DatapluginType"),
    "resources.dataplugins.models": (
        "Dataplugin",
        "DatapluginCapability",
        "DatapluginFields",
        "DatapluginVariant",
        "Setting",
        "SettingKind",
        "SettingOption",
    ),
    "resources.datasets.models": ("Dataset", "DatasetFields", "DatasetMessage"),
    "resources.datastores": ("Datastore",),
    "resources.group": ("Paging", "Ref"),
    "resources.invitations": ("Invitation", "InvitationStatus"),
    "resources.jobs.models": ("Job", "JobStatus", "JobType"),
    "resources.members": ("Member",),
    "resources.notifications": ("Notification", "NotificationType"),
    "resources.pipelines.models": ("Pipeline", "PipelineFields", "PipelineMetric", "PipelineStatus"),
    "resources.profiles": ("NewProfileFields", "Profile", "ProfileFields"),
    "resources.resources": ("Resource",),
    "resources.subscriptions": ("Subscription", "SubscriptionType"),
    "resources.tags": ("Tag",),
    "resources.workspaces": ("Workspace", "WorkspaceFields", "WorkspaceStatus"),
    "secret": ("Secret",),
    "session": ("MatatikaSession",),
    "transfer": ("Download",),
    "transport.message": ("Response",),
    "transport.repeat": ("Repeat",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

if not TYPE_CHECKING:  # a type checker has read the imports above, and is to refuse any other name
    __all__ = ["__version__", *_MODULES]  # noqa: PLE0604  # strings, which ruff cannot see

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
