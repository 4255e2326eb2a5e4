"""Questions that wait for the same answerer are asked together: one question at a time, for all who wait by then."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")


class AskedTogether(Generic[Key, Answer]):
    """``ask`` answers every key that it is given; where it raises, all who asked in that question are told so.

    So a crowd of askers costs one question after the other, each of at most ``most`` keys, and never two at a time.
    """

    def __init__(self, ask: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Answer]]], *, most: int) -> None:
        self._ask = ask
        self._most = most
        self._waiting: dict[Key, asyncio.Future[Answer]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def answer(self, key: Key) -> Answer:
        """What is answered to a question that begins after this was called."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        # Others may wait for the same: who goes away takes the answer from nobody.
        return await asyncio.shield(future)

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                asked = {key: self._waiting.pop(key) for key in list(self._waiting)[: self._most]}
                await self._settle(asked)
        finally:
            self._asking = None

    async def _settle(self, asked: Mapping[Key, "asyncio.Future[Answer]"]) -> None:
        try:
            answers = await self._ask(list(asked))
            for key, future in asked.items():
                future.set_result(answers[key])
        except Exception as error:  # noqa: BLE001 - whatever it was, it is told to whoever asked
            for future in asked.values():
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # whoever asked may be gone, and then nobody looks at it
