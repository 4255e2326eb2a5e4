"""Many things at once."""

import asyncio

import pytest

from benchmarks.together import together


async def test_results_come_in_the_order_of_the_works() -> None:
    async def work(number: int) -> int:
        for _ in range(5 - number):
            await asyncio.sleep(0)
        return number

    assert await together(work(number) for number in range(5)) == [0, 1, 2, 3, 4]


async def test_the_error_comes_out_as_it_is_and_the_others_are_cancelled() -> None:
    cancelled: list[bool] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def inner() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("refused")

    with pytest.raises(LookupError, match="refused"):
        await together([wait(), inner()])
    assert cancelled == [True]
