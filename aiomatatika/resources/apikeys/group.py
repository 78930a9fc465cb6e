"""`ApiKeys`: the calls on API keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from aiomatatika.credentials import ClientCredentials
from aiomatatika.errors import MatatikaError, NotFoundError, PendingError, SecretDeliveryError, SecretLostError
from aiomatatika.paging.collection import Collection, check_count
from aiomatatika.resources.apikeys.creation import KeyCreation, attach, initialise, key_url
from aiomatatika.resources.apikeys.delivery import Deliver, Save, opened_sink
from aiomatatika.resources.apikeys.models import ApiKey, NewApiKey, read_new_key
from aiomatatika.transport.acceptance import wait_for_acceptance
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import Request, json_body
from aiomatatika.transport.retry import Repeat
from aiomatatika.transport.urls import uuid_of

__all__ = ["ApiKeys"]

_CREATED, _ACCEPTED = 201, 202
# The server's own, even where it shows them: a PUT does not send them back.
_NEVER_SENT_BACK: Final = frozenset({"clientSecret", "accessToken"})


def _id_of(key: ApiKey | UUID | str) -> UUID:
    return key.id if isinstance(key, ApiKey) else uuid_of(key, "key")


def _whole_body(kept: Mapping[str, object], name: str) -> bytes:
    return json_body({**{each: value for each, value in kept.items() if each not in _NEVER_SENT_BACK}, "name": name})


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise ValueError("name must be a str that is not blank")


def _check_seconds(seconds: object, argument: str = "ready_within") -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 3600:
        raise ValueError(f"{argument} must be seconds: a number from 0 to 3600")


class ApiKeys:
    """The calls on API keys: ``session.apikeys``."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(
        self, *, size: int | None = None, sort: str | None = None, page: int | None = None, prefetch: int = 0
    ) -> Collection[ApiKey]:
        """Return the caller's API keys: ``GET /apikeys/`` for each page. Nothing is sent yet.

        Args:
            size: Keys a page; the server's default is 20.
            sort: A property and a direction, such as ``name,asc``.
            page: The page to begin with, from 0.
            prefetch: Pages to fetch ahead while the caller works on one; bounds the memory to one page more.

        Raises:
            ValueError: An argument is out of range.
        """
        if size is not None:
            check_count(size, "size", least=1, most=100_000)
        if page is not None:
            check_count(page, "page")
        if sort is not None and (not isinstance(sort, str) or not sort):
            raise ValueError("sort must be a str, such as 'name,asc'")
        query = {
            name: str(value) for name, value in (("page", page), ("size", size), ("sort", sort)) if value is not None
        }
        return Collection(self._client, self._client.at("/apikeys/", query), ApiKey, "apikeys", prefetch)

    async def get(self, key: ApiKey | UUID | str) -> ApiKey:
        """Return one key: ``GET /apikeys/{id}``. Repeating is safe.

        Args:
            key: An `ApiKey`, its id, or the id's canonical text.

        Raises:
            NotFoundError: There is none, or it is another profile's.
            ValueError: The id is no UUID; nothing was sent.
        """
        return await self._client.get(key_url(self._client, _id_of(key)), ApiKey)

    async def initialise(self) -> ApiKey:
        """Return a template for a key: ``POST /apikeys/``, sent once. The server stores nothing.

        Returns:
            A key without name and client ID, with a link ``create apikey``: give it to `create` as ``draft``.
        """
        return await initialise(self._client, self._client.deadline())

    async def create(
        self, name: str, *, draft: ApiKey | None = None, ready_within: float = 0, save: Save | None = None
    ) -> NewApiKey:
        """Create a key: ``POST /apikeys/`` unless there is a draft, then ``PUT /apikeys/{id}`` with the name.

        The answer 201 is the only sight of the secret. It is not repeated blindly: when it is lost, the id is looked
        up, a key that was made is deleted and another is made, at most twice. A caller that is cancelled waits up to
        5 s for the PUT to end; the `asyncio.CancelledError` then has a note with the id and, where it was made, the
        key as ``.api_key``. Repeating the call makes another key.

        Args:
            name: The key's name; names need not be unique.
            draft: What `initialise` returned; where a restart has left only its id, ``ApiKey(id=…)``. Never an id under
                which there may be a key that is needed.
            ready_within: Seconds, beyond the deadline, to wait until the identity provider accepts the new key, which
                can take 30 s; tokens are asked for with it. 0: do not wait.
            save: Where the key goes the moment it is there, before anything else can fail. A callable, async or not,
                is called with it, also when this call was cancelled meanwhile. A path is that of a new file: made
                before anything is sent, readable by its owner alone, it holds ``client_id`` and ``client_secret`` as
                JSON. The deadline does not end a callable: it is to end by itself.

        Returns:
            The key with its ``client_secret`` and ``credentials``.

        Raises:
            SecretLostError: The secret is lost; it tells the id and whether a key is left.
            SecretDeliveryError: The key was made and is in ``.api_key``, but saving it failed (``__cause__`` says how)
                or it was not accepted in time. It is not deleted.
            OSError: The path of ``save`` exists or cannot be written; nothing was sent.
            PendingError: The server answered 202.
            ConflictError, BadRequestError, …: Nothing was created.
            ValueError: An argument cannot work; nothing was sent.
        """
        _check_seconds(ready_within)
        if ready_within:
            self._client.state.check_can_grant()
        with opened_sink(save) as deliver:
            return await self._create(name, draft, ready_within or None, deliver)

    async def update(self, key: ApiKey | UUID | str, *, name: str) -> ApiKey:
        """Rename a key: ``PUT /apikeys/{id}``. Idempotent: a lost answer is repeated once.

        Members that the server sent and this library has no field for are sent back, where ``key`` is an `ApiKey`.

        Raises:
            SecretDeliveryError: The key had gone, and this PUT made it anew (201): the new one is in ``.api_key``.
                Nothing is deleted.
            SecretLostError: As above, and the answer holds no secret, or was lost (which only the client ID of ``key``
                tells: give the `ApiKey` rather than its id).
            PendingError: The server answered 202.
            ValueError: An argument cannot work; nothing was sent.
        """
        _check_name(name)
        key_id = _id_of(key)
        request = Request(
            method="PUT",
            url=key_url(self._client, key_id),
            repeat=Repeat.IDEMPOTENT,
            # Never in a local: what the server sent and nobody knows can be a secret, and a traceback may show locals.
            body=_whole_body(key.extra if isinstance(key, ApiKey) else {}, name),
        )
        reply = await self._client.send(request)
        if reply.status == _ACCEPTED:
            raise PendingError(f"the change of API key {key_id} is accepted, not done", resource_id=key_id)
        if reply.status != _CREATED:
            updated = reply.structured(ApiKey)
            if reply.attempts > 1 and isinstance(key, ApiKey) and key.client_id not in {None, updated.client_id}:
                message = f"API key {key_id} had gone, the update created it anew, and that answer was lost"
                raise SecretLostError(message, key_id=key_id, created=True, orphan=True)
            return updated
        made = read_new_key(reply, key_id)
        if made is None:
            message = f"API key {key_id} had gone, the update created it anew, and the answer holds no usable secret"
            raise SecretLostError(message, key_id=key_id, created=True, orphan=True)
        message = f"API key {key_id} had gone, and the update created it anew: its new secret is in .api_key"
        raise SecretDeliveryError(message, api_key=made, step="update")

    async def delete(self, key: ApiKey | UUID | str) -> None:
        """Delete a key: ``DELETE /apikeys/{id}``.

        Idempotent: a lost answer is repeated once, and a 404 to the repeat is success.

        Raises:
            NotFoundError: There is none.
            ValueError: The id is no UUID; nothing was sent.
        """
        url = key_url(self._client, _id_of(key))
        await self._client.send(Request(method="DELETE", url=url, repeat=Repeat.IDEMPOTENT, absence_is_success=True))

    async def rotate(
        self, key: ApiKey | UUID | str, *, ready_within: float = 45, save: Save | None = None
    ) -> NewApiKey:
        """Replace a key by a successor of the same name.

        The successor is created (`create`), a token is fetched with it, and only then is the old key deleted.

        Args:
            key: An `ApiKey`, its id, or the id's canonical text. An `ApiKey` is not looked up first: give its id where
                it may have been deleted meanwhile, or it comes back as its successor. Rotating the session's own key
                (`MatatikaSession.client_id`) ends the session's access when its token does: open a session with the
                successor's credentials.
            ready_within: Seconds to wait until the identity provider accepts the successor.
            save: Where the successor goes, as of `create`; before the old key is deleted.

        Raises:
            SecretDeliveryError: The successor was made and is in ``.api_key``; a later step failed, the old key was not
                knowingly deleted.
            SecretLostError, OSError, …: As of `create`; the old key still works.
        """
        _check_seconds(ready_within)
        self._client.state.check_can_grant()
        with opened_sink(save) as deliver:
            old = key if isinstance(key, ApiKey) and key.name else await self.get(key)
            new = await self._create(old.name or "", None, ready_within, deliver)
        try:
            await self.delete(old)
        except NotFoundError:
            return new
        except MatatikaError as error:
            why = str(error)
        except BaseException as error:
            attach(error, new, f"API key {new.id}, the successor of {old.id},")
            raise
        else:
            return new
        message = f"API key {new.id} was made and works, but deleting its predecessor {old.id} failed: {why}"
        raise SecretDeliveryError(message, api_key=new, step="delete")

    async def wait_until_accepted(self, credentials: ClientCredentials, *, within: float = 45) -> None:
        """Wait until a key made before is accepted: tokens are asked for with it, until one is granted.

        `create` and `rotate` wait so for theirs; this is for a program that was restarted meanwhile. Repeating is safe.

        Args:
            credentials: The key's, not the session's.
            within: Seconds to wait, at most; new credentials can take 30.

        Raises:
            AuthenticationError, TransportError, …: Why no token was granted, the last time that one was asked for.
            ConfigurationError: The deployment has no ``token_url``.
            ValueError: An argument cannot work; nothing was sent.
        """
        if not isinstance(credentials, ClientCredentials):
            kind = type(credentials).__name__
            raise ValueError(f"credentials must be ClientCredentials, not {kind}")  # noqa: TRY004  # as every argument
        _check_seconds(within, "within")
        self._client.state.check_can_grant()
        await wait_for_acceptance(self._client, credentials, within)

    async def _create(
        self, name: str, draft: ApiKey | None, ready_within: float | None, deliver: Deliver | None
    ) -> NewApiKey:
        """Create a key; with seconds (also 0) at least one token is fetched with it."""
        _check_name(name)
        if draft is not None and (not isinstance(draft, ApiKey) or draft.client_id is not None):
            raise ValueError("draft must be what initialise() returned: this key exists already")
        creation = KeyCreation(self._client, name, deliver)
        new = await creation.run(draft.id if draft else None)
        if ready_within is not None:
            try:
                await wait_for_acceptance(self._client, new.credentials, ready_within)
            except MatatikaError as error:
                message = f"API key {new.id} was made, but is not accepted yet: {error}"
            except BaseException as error:
                attach(error, new, f"API key {new.id}")
                raise
            else:
                return new
            raise SecretDeliveryError(message, api_key=new, step="accept")
        return new
