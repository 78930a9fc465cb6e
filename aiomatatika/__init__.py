"""An async client for the Matatika API (also sold as Meltano Cloud)."""

from aiomatatika._version import __version__
from aiomatatika.credentials import AccessToken, BearerToken, ClientCredentials
from aiomatatika.deployment import MELTANO, PRODUCTION, STAGING, Deployment
from aiomatatika.errors import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    LinkError,
    MatatikaError,
    MethodNotAllowedError,
    NotFoundError,
    PaginationError,
    PendingError,
    RateLimitError,
    ResponseError,
    SecretDeliveryError,
    SecretLostError,
    ServerError,
    SessionClosedError,
    TransportError,
    UnsafeLinkError,
)
from aiomatatika.hal import HalResource, Link, Links
from aiomatatika.options import Retries, Timeouts
from aiomatatika.paging.collection import Collection, Page
from aiomatatika.resources.apikeys import ApiKey, NewApiKey
from aiomatatika.resources.profiles import Profile
from aiomatatika.secret import Secret
from aiomatatika.session import MatatikaSession
from aiomatatika.transport.message import Reply
from aiomatatika.transport.retry import Repeat

__all__ = [
    "MELTANO",
    "PRODUCTION",
    "STAGING",
    "AccessToken",
    "ApiError",
    "ApiKey",
    "AuthenticationError",
    "BadRequestError",
    "BearerToken",
    "ClientCredentials",
    "Collection",
    "ConfigurationError",
    "ConflictError",
    "Deployment",
    "ForbiddenError",
    "HalResource",
    "Link",
    "LinkError",
    "Links",
    "MatatikaError",
    "MatatikaSession",
    "MethodNotAllowedError",
    "NewApiKey",
    "NotFoundError",
    "Page",
    "PaginationError",
    "PendingError",
    "Profile",
    "RateLimitError",
    "Repeat",
    "Reply",
    "ResponseError",
    "Retries",
    "Secret",
    "SecretDeliveryError",
    "SecretLostError",
    "ServerError",
    "SessionClosedError",
    "Timeouts",
    "TransportError",
    "UnsafeLinkError",
    "__version__",
]
