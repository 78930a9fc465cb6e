"""What the server knows and does, and what a test controls of it: all but the sockets."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from uuid import UUID

from aiomatatika.credentials import ClientCredentials
from aiomatatika.testing.api import Api
from aiomatatika.testing.clock import ControlledClock, ServerTime
from aiomatatika.testing.context import ApiSettings, Services
from aiomatatika.testing.fault_plan import FaultPlan
from aiomatatika.testing.identity_provider import TokenEndpoint, Tokens
from aiomatatika.testing.request_log import RecordedRequest, RequestLog
from aiomatatika.testing.responses import ServerResponse
from aiomatatika.testing.rows import Row, Run
from aiomatatika.testing.store import Store, StoredKey, StoredProfile
from aiomatatika.testing.tables import Tables
from aiomatatika.transport.clock import Clock

__all__ = ["ServerState"]


class ServerState:
    """The data, the clock, the request log and the fault plan. Any thread may use them.

    Args:
        clock: The clock that tokens expire by; by default a new `ControlledClock`.
        credentials: The credentials of the built-in key; by default random ones.
        token_lifetime: Seconds from a token's issue to its expiry.
        new_key_delay: For how many seconds the token endpoint refuses a new key.
    """

    requests: RequestLog
    faults: FaultPlan
    clock: Clock
    tables: Tables

    def __init__(
        self, clock: Clock | None, credentials: ClientCredentials | None, token_lifetime: float, new_key_delay: float
    ) -> None:
        self.clock = ControlledClock() if clock is None else clock
        self.requests = RequestLog()
        self.faults = FaultPlan()
        self._time = ServerTime(self.clock)
        self._store = Store(self._time, new_key_delay, credentials)
        self._tokens = Tokens(self._time, token_lifetime)
        self._api: Api | None = None
        self._token_endpoint: TokenEndpoint | None = None
        # Held while a request is carried out and while a test changes the data, perhaps from another thread.
        self._acting = threading.RLock()
        self.tables = Tables(self._time, self._store.profiles[self._store.profile_id], self._acting)

    def _locate(self, settings: ApiSettings) -> None:
        """Learn where the API is: its hrefs and the audience of its tokens depend on that."""
        services = Services(store=self._store, tables=self.tables, tokens=self._tokens, time=self._time)
        self._api = Api(services, settings)
        self._token_endpoint = TokenEndpoint(self._store, self._tokens, self._time, settings.audience)

    def _carry_out(self, request: RecordedRequest) -> ServerResponse:
        """Act on a request, and return the response."""
        assert self._api is not None
        assert self._token_endpoint is not None
        with self._acting:
            match request.endpoint:
                case "api":
                    return self._api.respond(request)
                case "token":
                    return self._token_endpoint.respond(request)
                case "other":
                    return ServerResponse(404, {"Content-Type": "text/plain"}, b"Not Found")

    @property
    def credentials(self) -> ClientCredentials:
        """The credentials of the built-in key."""
        return self._store.default_key.credentials

    @property
    def default_key_id(self) -> UUID:
        """The id of the built-in key."""
        return self._store.default_key.id

    @property
    def api_keys(self) -> Mapping[UUID, StoredKey]:
        """The keys by id, as they are now, in the order in which the API lists them. The built-in one comes first."""
        return self._store.keys

    def add_api_key(self, name: str, *, id: UUID | None = None) -> StoredKey:
        """Store one more key, and return it."""
        with self._acting:
            return self._store.add_key(name, id=id)

    def add_api_keys(self, n: int, prefix: str = "key") -> list[UUID]:
        """Store so many more keys, named ``key-00001`` and so on, and return their ids."""
        with self._acting:
            return [key.id for key in self._store.add_numbered_keys(prefix, n)]

    def delete_api_key(self, id: UUID) -> None:
        """Delete a key, as another client would.

        Raises:
            KeyError: The server has no such key.
        """
        with self._acting:
            self._store.delete_key(self._store.keys[id])

    @property
    def profile_id(self) -> str:
        """The id of the profile that owns the keys: ``auth0|`` and 24 hexadecimal digits."""
        return self._store.profile_id

    @property
    def profiles(self) -> Mapping[str, StoredProfile]:
        """The profiles by id, as they are now."""
        return self._store.profiles

    def add_profiles(self, n: int) -> list[str]:
        """Store so many more profiles, and return their ids."""
        with self._acting:
            return [self._store.add_profile().id for _ in range(n)]

    @property
    def workspace_id(self) -> UUID:
        """The id of the built-in workspace."""
        return UUID(self.tables.workspace_id)

    def script_runs(self, pipeline: Row | UUID | str, *runs: Run) -> None:
        """Say how the next jobs of a pipeline go. A job that finds no script goes as `Run()` does.

        Args:
            pipeline: Its row or its id.
            runs: How they go, in this order.

        Raises:
            KeyError: The server has no such pipeline.
        """
        with self._acting:
            self.tables["pipelines"][pipeline.id if isinstance(pipeline, Row) else pipeline].runs.extend(runs)

    @property
    def tokens_issued(self) -> int:
        """How many tokens the token endpoint has issued."""
        return self._tokens.issued

    def revoke_tokens(self) -> None:
        """Revoke every token issued so far: the API responds 401 to it from now on."""
        with self._acting:
            self._tokens.revoke()
