"""`FollowedLog`: the lines of a log as they are written, until its writer has ended."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable

from aiomatatika.errors import MatatikaError
from aiomatatika.transport.body_stream import BodyStream
from aiomatatika.transport.client import Client
from aiomatatika.transport.message import Request, Response
from aiomatatika.waiting.log_lines import LogLines
from aiomatatika.waiting.questions import Questions

__all__ = ["FollowedLog"]


class FollowedLog(AsyncIterator[str]):
    """The lines, each once. No more of them are held than one piece of a body has.

    Whether the writer has ended is asked before the log is read: what is read after that is the rest.

    Args:
        client: Sends the GETs.
        read_from: Returns the GET of the log from a line on, its body to be read piece by piece.
        writer: The GET of the writer.
        has_ended: Tells from its response whether the writer has ended.
        sequence: The line to begin with.

    Raises (while iterating):
        MatatikaError: What no waiting mends, such as a 404.
    """

    def __init__(  # noqa: PLR0913  # two requests, and what each response means
        self,
        client: Client,
        *,
        read_from: Callable[[int], Request],
        writer: Request,
        has_ended: Callable[[Response], bool],
        sequence: int,
    ) -> None:
        self._client = client
        self._read_from = read_from
        self._writer = writer
        self._has_ended = has_ended
        self._cutter = LogLines(sequence)
        self._lines: deque[str] = deque()
        self._questions: Questions | None = None
        self._stream: BodyStream | None = None
        self._is_finished = False
        self._is_over = False

    async def __anext__(self) -> str:
        questions = self._questions = self._questions or Questions(self._client)
        while not self._lines:
            if self._is_over:
                raise StopAsyncIteration
            try:
                await self._go_on(questions)
            except BaseException as error:
                self._give_up()
                if not isinstance(error, MatatikaError) or not questions.outlives(error):
                    raise
        return self._lines.popleft()

    async def _go_on(self, questions: Questions) -> None:
        """Open the next reading, or take the next piece of the one that is open."""
        if self._stream is None:
            await questions.pause(self._writer)
            if not self._is_finished:
                self._is_finished = self._has_ended(await questions.send(self._writer))
            self._stream = await questions.stream(self._read_from(self._cutter.sequence))
        elif piece := await anext(self._stream, b""):
            self._lines += self._cutter.feed(piece)
            questions.polling.has_changed(self._cutter.sequence)
        else:
            self._stream = None
            self._lines += self._cutter.end(is_finished=self._is_finished)
            self._is_over = self._is_finished

    def _give_up(self) -> None:
        self._cutter.cut()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def __del__(self) -> None:  # a loop that is left early
        if self._stream is not None:
            self._stream.close()
