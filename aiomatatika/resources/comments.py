"""Comments: what is said about datasets, and the replies ("Comments" page of the API reference)."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack
from uuid import UUID

import attrs

from aiomatatika.errors import InvalidArgumentError
from aiomatatika.hal import HalResource
from aiomatatika.paging.collection import Collection
from aiomatatika.resources.bodies import FieldValues, set_by_server
from aiomatatika.resources.datasets.models import Dataset
from aiomatatika.resources.group import DONE, Group, Paging, Ref, id_of
from aiomatatika.resources.members import Member
from aiomatatika.transport.repeat import Repeat

__all__ = ["Comment", "Comments"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Comment(HalResource):
    """A comment on a dataset, or a reply to one. Times are UTC.

    Attributes:
        id: Its id.
        message: Its text.
        like_count: How many profiles like it.
        liked_by_profiles: Who they are.
        created: When it was created.
        last_modified: When it was last changed.
        from_: Its author (``from`` on the wire).
        comment_count: How many replies it has.
        dataset_id: Its dataset.
        parent_id: The comment that it replies to; None on a comment of its own.
    """

    id: UUID
    message: str | None = None
    like_count: int | None = set_by_server()
    liked_by_profiles: tuple[Member, ...] = set_by_server(())
    created: datetime | None = set_by_server()
    last_modified: datetime | None = set_by_server()
    from_: Member | None = set_by_server(member="from")
    comment_count: int | None = set_by_server()
    dataset_id: UUID | None = None
    parent_id: UUID | None = None


def _path(dataset: Ref[Dataset], comment: Ref[Comment] | None = None) -> str:
    collection = f"/datasets/{id_of(dataset, Dataset)}/comments"
    return f"{collection}/{id_of(comment, Comment)}" if comment else collection


def _dataset_of(comment: Comment) -> UUID:
    if not isinstance(comment, Comment) or comment.dataset_id is None:
        raise InvalidArgumentError("this call needs a Comment with its dataset_id: read it with comments.get")
    return comment.dataset_id


class Comments(Group):
    """The calls on comments: ``session.comments``."""

    def list(self, dataset: Ref[Dataset], **paging: Unpack[Paging]) -> Collection[Comment]:
        """Return a dataset's comments: ``GET /datasets/{dataset_id}/comments`` for each page. Nothing is sent yet.

        Args:
            dataset: The dataset.
            **paging: ``size``, ``sort``, ``page`` and ``prefetch``, as `Paging` says.
        """
        return self._list(_path(dataset), Comment, "datasetComments", paging)

    def list_replies(self, comment: Comment, **paging: Unpack[Paging]) -> Collection[Comment]:
        """Return the replies to a comment: ``GET /datasets/{dataset_id}/comments?parentId={comment_id}`` for each page.

        Nothing is sent yet.

        Raises:
            InvalidArgumentError: The comment does not say which dataset it is on; read it with `get`.
        """
        return self._list(_path(_dataset_of(comment)), Comment, "datasetComments", paging, parentId=comment.id)

    async def get(self, comment: Ref[Comment]) -> Comment:
        """Return one comment: ``GET /comments/{comment_id}``. Repeating is safe.

        Raises:
            NotFoundError: No comment has this id, or the caller may not see it.
        """
        return await self._get(f"/comments/{id_of(comment, Comment)}", Comment)

    async def history(self, comment: Ref[Comment]) -> HalResource:
        """Return the earlier texts of a comment: ``GET /comments/{comment_id}/history``. Repeating is safe.

        The vendor documents no fields: what came is in ``extra`` and ``embedded``.

        Raises:
            NotFoundError: No comment has this id, or it was never changed.
        """
        return await self._get(f"/comments/{id_of(comment, Comment)}/history", HalResource)

    async def initialise(self, dataset: Ref[Dataset]) -> Comment:
        """Return a draft with a new id: ``POST /datasets/{dataset_id}/comments``.

        Nothing is stored: a lost response is repeated.
        """
        return await self._initialise(_path(dataset), Comment)

    async def create(self, dataset: Ref[Dataset], message: str, *, draft: Comment | None = None) -> Comment:
        """Comment on a dataset: ``PUT /datasets/{dataset_id}/comments/{comment_id}``.

        `initialise` comes first unless there is a draft. Idempotent: a lost response is repeated.

        Args:
            dataset: The dataset.
            message: The text.
            draft: What `initialise` or `initialise_reply` returned.

        Raises:
            NotFoundError: No dataset has this id.
            BadRequestError: The text is invalid; nothing was created.
        """
        fields = {"message": message, "dataset_id": id_of(dataset, Dataset)}
        draft = draft or await self.initialise(dataset)
        body = FieldValues(Comment, fields | {"parent_id": draft.parent_id}).new()
        return await self._create(_path(dataset, draft), Comment, body)

    async def initialise_reply(self, comment: Ref[Comment]) -> Comment:
        """Return a draft of a reply: ``POST /comments/{comment_id}``. Nothing is stored: a lost response is repeated.

        Raises:
            NotFoundError: No comment has this id.
        """
        return await self._initialise(f"/comments/{id_of(comment, Comment)}", Comment)

    async def reply(self, comment: Comment, message: str) -> Comment:
        """Reply to a comment: `initialise_reply`, then ``PUT /datasets/{dataset_id}/comments/{comment_id}``.

        Idempotent: a lost response is repeated.

        Args:
            comment: The comment as it was read.
            message: The text.

        Raises:
            NotFoundError: The comment has gone.
            BadRequestError: The text is invalid; nothing was created.
            InvalidArgumentError: The comment does not say which dataset it is on; read it with `get`.
        """
        dataset = _dataset_of(comment)
        draft = await self.initialise_reply(comment)
        return await self.create(dataset, message, draft=attrs.evolve(draft, parent_id=comment.id))

    async def update(self, comment: Comment, message: str) -> Comment:
        """Change a comment's text: ``PUT /datasets/{dataset_id}/comments/{comment_id}``. Idempotent.

        Args:
            comment: The comment as it was read; what else it holds is sent back.
            message: The new text.

        Raises:
            NotFoundError, BadRequestError, …: Nothing was changed.
            ResponseError: It had gone, and was created anew (201).
            InvalidArgumentError: The comment does not say which dataset it is on; read it with `get`.
        """
        path = _path(_dataset_of(comment), comment)
        body = await self._changed(comment, {"message": message}, self.get)
        return await self._update(path, Comment, body)

    async def like(self, comment: Ref[Comment]) -> None:
        """Like a comment: ``PUT /comments/{comment_id}/like``. Idempotent."""
        await self._send("PUT", f"/comments/{id_of(comment, Comment)}/like", Repeat.IDEMPOTENT, promised=DONE)

    async def unlike(self, comment: Ref[Comment]) -> None:
        """Take the caller's like back: ``DELETE /comments/{comment_id}/like``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.
        """
        await self._delete(f"/comments/{id_of(comment, Comment)}/like")

    async def delete(self, comment: Ref[Comment]) -> None:
        """Delete a comment: ``DELETE /comments/{comment_id}``.

        Idempotent: a lost response is repeated, and a 404 to the repeat is success.

        Raises:
            NotFoundError: No comment has this id.
        """
        await self._delete(f"/comments/{id_of(comment, Comment)}")
