"""Questions of many at the same moment are few, and each gets its own answer."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from api.asked_together import AskedTogether
from tests.patience import PATIENCE_SECONDS

WRONG = -1


class Answerer:
    """Doubles numbers once it may, but for a wrong one; notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Sequence[int]] = []
        self.may = asyncio.Event()

    async def __call__(self, keys: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(keys)
        await self.may.wait()
        if WRONG in keys:
            msg = "no such number"
            raise ValueError(msg)
        return {key: 2 * key for key in keys}


async def begun(together: AskedTogether[int, int], keys: Sequence[int]) -> Sequence["asyncio.Task[int]"]:
    """All of them wait for their answers."""
    tasks = [asyncio.create_task(together.answer(key)) for key in keys]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_all_who_wait_while_one_question_is_answered_are_the_next_one() -> None:
    answerer = Answerer()
    together = AskedTogether(answerer, most=500)
    tasks = [*await begun(together, [1]), *await begun(together, range(2, 100)), *await begun(together, [1, 1, 7])]
    answerer.may.set()
    answers = await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_SECONDS)
    assert answers == [2 * key for key in (*range(1, 100), 1, 1, 7)]
    assert [len(keys) for keys in answerer.asked] == [1, 99]  # and the 1 anew: its question had begun already


async def test_a_question_is_of_so_many_at_most() -> None:
    answerer = Answerer()
    answerer.may.set()
    together = AskedTogether(answerer, most=10)
    answers = await asyncio.gather(*(together.answer(key) for key in range(35)))
    assert list(answers) == [2 * key for key in range(35)]
    assert max(len(keys) for keys in answerer.asked) == 10


async def test_what_goes_wrong_is_told_to_those_who_asked_in_that_question_and_to_nobody_after_them() -> None:
    answerer = Answerer()
    answerer.may.set()
    together = AskedTogether(answerer, most=2)
    told = await asyncio.gather(*(together.answer(key) for key in (1, WRONG, 2, 3)), return_exceptions=True)
    assert [type(one) for one in told] == [ValueError, ValueError, int, int]
    assert await together.answer(5) == 10


async def test_who_goes_away_takes_the_answer_from_nobody() -> None:
    answerer = Answerer()
    together = AskedTogether(answerer, most=500)
    goes, stays = await begun(together, [4, 4])
    goes.cancel()
    with pytest.raises(asyncio.CancelledError):
        await goes
    answerer.may.set()
    assert await asyncio.wait_for(stays, PATIENCE_SECONDS) == 8
