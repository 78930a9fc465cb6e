"""`ApiKeys`: the calls on API keys."""

from __future__ import annotations

import builtins
import re
from typing import Literal, Unpack
from uuid import UUID

from aiomatatika.auth.acceptance import check_tokens_can_be_asked_for, wait_for_acceptance
from aiomatatika.credentials import ClientCredentials
from aiomatatika.errors import InvalidArgumentError, MatatikaError, NotFoundError, ResponseError, SecretDeliveryError
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.apikeys.creator import KeyCreator, attach
from aiomatatika.resources.apikeys.delivery import Deliver, Save, opened_sink
from aiomatatika.resources.apikeys.models import ApiKey, NewApiKey
from aiomatatika.resources.apikeys.update import update_key
from aiomatatika.resources.group import Group, Paging, Ref, id_of

__all__ = ["ApiKeys"]

_MAX_SECONDS = 3600
_CLIENT_ID = re.compile(r"[0-9A-Za-z]{32}", re.ASCII)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise InvalidArgumentError("name must be a str that is not blank")


def _check_seconds(seconds: object, argument: str = "ready_within") -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _MAX_SECONDS:
        raise InvalidArgumentError(f"{argument} must be seconds: a number from 0 to {_MAX_SECONDS}")


def _id(key: Ref[ApiKey]) -> str:
    try:
        return id_of(key, ApiKey)
    except InvalidArgumentError:
        if not isinstance(key, str) or not _CLIENT_ID.fullmatch(key):
            raise
    raise InvalidArgumentError(
        "this looks like a client ID, not like the id of an API key (a UUID with hyphens): "
        "apikeys.find(name) and apikeys.list() show ids"
    )


def _draft_id(draft: object) -> UUID:
    if not isinstance(draft, ApiKey) or draft.client_id is not None:
        raise InvalidArgumentError(
            "draft must be what initialise() returned: this is another object, or an existing key"
        )
    return UUID(id_of(draft, ApiKey))


class ApiKeys(Group):
    """The calls on API keys: ``session.apikeys``."""

    def list(self, **paging: Unpack[Paging]) -> Collection[ApiKey]:
        """Return the caller's API keys: ``GET /apikeys`` for each page. Nothing is sent yet.

        Args:
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.

        Raises:
            InvalidArgumentError: An argument is out of range.
        """
        return self._list("/apikeys", ApiKey, "apikeys", paging)

    async def get(self, key: Ref[ApiKey]) -> ApiKey:
        """Return one key: ``GET /apikeys/{apikey_id}``. Repeating is safe.

        Args:
            key: An `ApiKey`, its id, or the id's canonical text.

        Raises:
            NotFoundError: No key has this id, or it is another profile's.
            InvalidArgumentError: The id is not a UUID but, say, a client ID; nothing was sent.
        """
        return await self._get(f"/apikeys/{_id(key)}", ApiKey)

    async def find(self, name: str) -> builtins.list[ApiKey]:
        """Return the keys of a name, which need not be unique: the walk of `list`, ``GET /apikeys`` for each page.

        Raises:
            InvalidArgumentError: The name is blank; nothing was sent.
        """
        _check_name(name)
        return [key async for key in self.list() if key.name == name]

    async def initialise(self) -> ApiKey:
        """Return a draft of a key: ``POST /apikeys``. The server stores nothing, so a lost response is repeated.

        Returns:
            A key without name and client ID, with a link ``create apikey``: give it to `create` as ``draft``.
        """
        return await self._initialise("/apikeys", ApiKey)

    async def create(
        self, name: str, *, draft: ApiKey | None = None, ready_within: float = 0, save: Save | None = None
    ) -> NewApiKey:
        """Create a key: ``POST /apikeys`` unless there is a draft, then ``PUT /apikeys/{apikey_id}`` with the name.

        The response (201) is the only sight of the secret, so the PUT is never repeated blindly: where the response is
        lost, the id is looked up, a key that was made is deleted and another is made, at most twice. A PUT whose fate
        stays unknown is named in a warning in the log, after a success too: it may still be carried out.

        A caller that is cancelled, however often, waits up to 5 s for the PUT to end; the `asyncio.CancelledError` then
        has a note with the id and, where the key was made, the key as ``.api_key``. Repeating the call makes another.

        Args:
            name: The key's name; names need not be unique.
            draft: What `initialise` returned; where a restart has left only its id, ``ApiKey(id=…)``. Never an id under
                which there may be a key that is needed.
            ready_within: Seconds, beyond the deadline, to wait until the identity provider accepts the new key, which
                can take 30 s; tokens are asked for with it. 0: do not wait.
            save: Where the key goes the moment it is there, before anything else can fail. A callable, async or not,
                is called with it, also when this call was cancelled meanwhile; the deadline does not end it. A path is
                that of a new file, made before anything is sent and readable by its owner alone; a thread writes
                ``client_id`` and ``client_secret`` to it as JSON.

        Returns:
            The key with its ``client_secret`` and ``credentials``.

        Raises:
            SecretLostError: The secret is lost; it tells the id and whether a key is left. After a lost response any
                failure is this one, unless a look-up has shown that nothing was made.
            SecretDeliveryError: The key was made and is in ``.api_key``, but saving it failed (``__cause__`` says how)
                or it was not accepted in time. It is not deleted.
            OSError: The path of ``save`` exists or cannot be written; nothing was sent.
            PendingError: The server answered 202.
            ConflictError, BadRequestError, …: Nothing was created.
            InvalidArgumentError: An argument cannot work; nothing was sent.
        """
        _check_name(name)
        _check_seconds(ready_within)
        draft_id = None if draft is None else _draft_id(draft)
        if ready_within:
            check_tokens_can_be_asked_for(self._client)
        with opened_sink(save) as deliver:
            return await self._create_key(name, draft_id, ready_within or None, deliver)

    async def update(self, key: Ref[ApiKey], *, name: str) -> ApiKey:
        """Rename a key: ``PUT /apikeys/{apikey_id}``. Idempotent: a lost response is repeated once.

        Where ``key`` is an `ApiKey`, members that the server sent and this library has no field for are sent back, but
        for masked secrets (``****``). One that does not hold all of them (it comes out of a pickle, or a member could
        not be read) is read again first: ``GET /apikeys/{apikey_id}``.

        Raises:
            SecretDeliveryError: The key had gone, and this PUT made it anew (201): the new one is in ``.api_key``.
                Nothing is deleted.
            SecretLostError: As above, and the response holds no secret or was lost.
            ResponseError: The key that was read again could not be read whole; nothing was changed.
            PendingError: The server answered 202.
            InvalidArgumentError: An argument cannot work; nothing was sent.
        """
        _check_name(name)
        key_id = UUID(_id(key))
        known = key if isinstance(key, ApiKey) else None
        if known is not None and not known.is_complete:
            known = await self.get(key_id)
            if not known.is_complete:
                raise ResponseError(f"API key {key_id} cannot be read whole: an update would erase what is missing")
        return await update_key(self._client, key_id, known, name)

    async def delete(self, key: Ref[ApiKey]) -> None:
        """Delete a key: ``DELETE /apikeys/{apikey_id}``.

        Idempotent: a lost response is repeated once, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No key has this id.
            InvalidArgumentError: The id is not a UUID; nothing was sent.
        """
        await self._delete(f"/apikeys/{_id(key)}")

    async def rotate(self, key: Ref[ApiKey], *, ready_within: float = 45, save: Save | None = None) -> NewApiKey:
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
        old_id = _id(key)
        check_tokens_can_be_asked_for(self._client)
        with opened_sink(save) as deliver:
            old = key if isinstance(key, ApiKey) and key.name else await self.get(old_id)
            if not old.name or not old.name.strip():
                raise InvalidArgumentError(f"API key {old_id} has no name to pass on: create another, and delete it")
            new = await self._create_key(old.name, None, ready_within, deliver)
        try:
            await self.delete(old_id)
        except NotFoundError:
            return new
        except MatatikaError as error:
            reason = error
        except BaseException as error:
            attach(error, new, f"API key {new.id}, the successor of {old_id},")
            raise
        else:
            return new
        what = f"API key {new.id} was made and works, but deleting its predecessor {old_id} failed"
        raise _undelivered(what, new, "delete", reason)

    async def wait_until_accepted(self, credentials: ClientCredentials, *, within: float = 45) -> None:
        """Wait until a key made before is accepted: tokens are asked for with it, until one is granted.

        `create` and `rotate` wait so for theirs; this is for a program that was restarted meanwhile. Repeating is safe.

        Args:
            credentials: The key's, not the session's.
            within: Seconds to wait, at most; new credentials can take 30.

        Raises:
            AuthenticationError, TransportError, …: Why no token was granted, the last time that one was asked for.
            ConfigurationError: The deployment has no ``token_url``.
            InvalidArgumentError: An argument cannot work; nothing was sent.
        """
        if not isinstance(credentials, ClientCredentials):
            raise InvalidArgumentError(f"credentials must be ClientCredentials, not {type(credentials).__name__}")
        _check_seconds(within, "within")
        check_tokens_can_be_asked_for(self._client)
        await wait_for_acceptance(self._client, credentials, within)

    async def _create_key(
        self, name: str, draft_id: UUID | None, ready_within: float | None, deliver: Deliver | None
    ) -> NewApiKey:
        """Create a key; with seconds (also 0) at least one token is fetched with it."""
        new = await KeyCreator(self._client, name, deliver, draft_id).run()
        if ready_within is not None:
            try:
                await wait_for_acceptance(self._client, new.credentials, ready_within)
            except MatatikaError as error:
                reason = error
            except BaseException as error:
                attach(error, new, f"API key {new.id}")
                raise
            else:
                return new
            raise _undelivered(f"API key {new.id} was made, but is not accepted yet", new, "accept", reason)
        return new


def _undelivered(
    what: str, key: NewApiKey, step: Literal["accept", "delete"], reason: MatatikaError
) -> SecretDeliveryError:
    """Return the error that holds a key, for a step after its creation that failed; it tells of the step's call."""
    error = SecretDeliveryError(f"{what}: {reason.args[0]}", api_key=key, step=step)
    error.method, error.path, error.attempts = reason.method, reason.path, reason.attempts
    error.maybe_done, error.request_id = reason.maybe_done, reason.request_id
    return error
