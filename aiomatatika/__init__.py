"""An async client for the Matatika API (also sold as Meltano Cloud)."""

from importlib import import_module
from typing import TYPE_CHECKING

from aiomatatika._version import __version__ as __version__

if TYPE_CHECKING:
    from aiomatatika.auth.stores.file import FileTokenStore as FileTokenStore
    from aiomatatika.auth.stores.protocol import TokenStore as TokenStore
    from aiomatatika.auth.stores.redis import RedisTokenStore as RedisTokenStore
    from aiomatatika.credentials import AccessToken as AccessToken
    from aiomatatika.credentials import BearerToken as BearerToken
    from aiomatatika.credentials import ClientCredentials as ClientCredentials
    from aiomatatika.deployment import MELTANO as MELTANO
    from aiomatatika.deployment import PRODUCTION as PRODUCTION
    from aiomatatika.deployment import STAGING as STAGING
    from aiomatatika.deployment import Deployment as Deployment
    from aiomatatika.errors import ApiError as ApiError
    from aiomatatika.errors import AuthenticationError as AuthenticationError
    from aiomatatika.errors import BadRequestError as BadRequestError
    from aiomatatika.errors import ConfigurationError as ConfigurationError
    from aiomatatika.errors import ConflictError as ConflictError
    from aiomatatika.errors import ForbiddenError as ForbiddenError
    from aiomatatika.errors import InvalidArgumentError as InvalidArgumentError
    from aiomatatika.errors import LinkError as LinkError
    from aiomatatika.errors import MatatikaError as MatatikaError
    from aiomatatika.errors import MethodNotAllowedError as MethodNotAllowedError
    from aiomatatika.errors import NotFoundError as NotFoundError
    from aiomatatika.errors import PaginationError as PaginationError
    from aiomatatika.errors import PendingError as PendingError
    from aiomatatika.errors import RateLimitError as RateLimitError
    from aiomatatika.errors import RelationNotFoundError as RelationNotFoundError
    from aiomatatika.errors import ResponseError as ResponseError
    from aiomatatika.errors import SecretDeliveryError as SecretDeliveryError
    from aiomatatika.errors import SecretLostError as SecretLostError
    from aiomatatika.errors import ServerError as ServerError
    from aiomatatika.errors import SessionClosedError as SessionClosedError
    from aiomatatika.errors import TransportError as TransportError
    from aiomatatika.errors import TransportTimeoutError as TransportTimeoutError
    from aiomatatika.errors import UnsafeLinkError as UnsafeLinkError
    from aiomatatika.hal import HalResource as HalResource
    from aiomatatika.hal import Link as Link
    from aiomatatika.hal import Links as Links
    from aiomatatika.options import Retries as Retries
    from aiomatatika.options import Timeouts as Timeouts
    from aiomatatika.paging.collection import Collection as Collection
    from aiomatatika.paging.page import Page as Page
    from aiomatatika.resources.apikeys import ApiKey as ApiKey
    from aiomatatika.resources.apikeys import NewApiKey as NewApiKey
    from aiomatatika.resources.group import Paging as Paging
    from aiomatatika.resources.group import Ref as Ref
    from aiomatatika.resources.profiles import Profile as Profile
    from aiomatatika.secret import Secret as Secret
    from aiomatatika.session import MatatikaSession as MatatikaSession
    from aiomatatika.transport.message import Response as Response
    from aiomatatika.transport.repeat import Repeat as Repeat

# Each name is imported when it is first asked for: where it comes from, module by module.
_NAMES = {
    "auth.stores.file": ("FileTokenStore",),
    "auth.stores.protocol": ("TokenStore",),
    "auth.stores.redis": ("RedisTokenStore",),
    "credentials": ("AccessToken", "BearerToken", "ClientCredentials"),
    "deployment": ("MELTANO", "PRODUCTION", "STAGING", "Deployment"),
    "errors": (
        "ApiError",
        "AuthenticationError",
        "BadRequestError",
        "ConfigurationError",
        "ConflictError",
        "ForbiddenError",
        "InvalidArgumentError",
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
    "resources.apikeys": ("ApiKey", "NewApiKey"),
    "resources.group": ("Paging", "Ref"),
    "resources.profiles": ("Profile",),
    "secret": ("Secret",),
    "session": ("MatatikaSession",),
    "transport.message": ("Response",),
    "transport.repeat": ("Repeat",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

if not TYPE_CHECKING:  # a type checker has read the imports above, and is to refuse any other name
    __all__ = ["__version__", *_MODULES]

    def __getattr__(name):
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value

    def __dir__():
        return sorted({*globals(), *__all__})
