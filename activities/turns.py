"""Who may ask for a slot of a pool next, within this process."""

import asyncio
from uuid import UUID
from weakref import WeakValueDictionary


class PoolTurns:
    """One lock for each number pool.

    The pool's row lock decides between processes. Within one, those who wait for it would each hold a database
    connection meanwhile, until nobody else had any; here they wait without.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    def of(self, number_pool_id: UUID) -> asyncio.Lock:
        lock = self._locks.get(number_pool_id)
        if lock is None:
            lock = self._locks[number_pool_id] = asyncio.Lock()
        return lock
