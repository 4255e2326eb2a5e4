"""The activity that places a lead's call, at most once for an attempt."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities.beating import beating
from activities.gate import SendOrder, pass_gate
from activities.messages import CallFate
from activities.sending import CallSender
from activities.weighing import DialSettings
from domain.steps import Dial


class PlaceCall:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        settings: DialSettings,
        sender: CallSender,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._sender = sender
        self._clock = clock

    @activity.defn
    async def place_call(self, dial: Dial) -> CallFate:
        """Wait for the attempt's turn, pass the gate, send the request, write the answer down.

        Never sends twice: an attempt that went out before is answered with when to look it up.
        """
        async with beating():
            await self._wait_for_turn(dial)
            return await self._place(dial)

    async def _wait_for_turn(self, dial: Dial) -> None:
        """Calls a second are a matter of a few seconds: cheaper waited for here than by a timer of the engine."""
        # A sleep may end a moment early by the wall clock, and the gate takes no early comers.
        while (wait := (dial.not_before - self._clock()).total_seconds()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)

    async def _place(self, dial: Dial) -> CallFate:
        async with self._sessions.begin() as session:
            passed = await pass_gate(session, dial.attempt_id, settings=self._settings, clock=self._clock)
        return await self._sender.send(passed) if isinstance(passed, SendOrder) else passed
