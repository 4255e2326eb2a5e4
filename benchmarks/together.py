"""Many things at once, of which all have to succeed."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import TypeVar

Result = TypeVar("Result")


async def together(works: Iterable[Coroutine[None, None, Result]]) -> list[Result]:
    """Run all at once; the first that fails cancels the others and its error comes out as it is, in no group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    except ExceptionGroup as failures:
        # Not `except*`: before Python 3.11.4 what is raised in it comes out within a group of its own.
        raise _first(failures) from None
    return [task.result() for task in tasks]


def _first(failures: BaseExceptionGroup[Exception]) -> Exception:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
