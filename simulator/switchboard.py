"""The life of a call, from ringing to its analysis."""

import asyncio
from collections.abc import Iterator

from simulator.call import Call
from simulator.callbook import CallBook
from simulator.capacity import Capacity
from simulator.contacts import Contacts
from simulator.deliveries import Deliveries
from simulator.payloads import Payloads
from simulator.scenarios import Scenario, status_of
from simulator.settings import Settings
from simulator.stats import Stats
from simulator.storytelling import tell
from simulator.wire import ApiError


class Switchboard:
    """Each live call is one task that mostly sleeps. A call is live from its acceptance to its end."""

    def __init__(
        self,
        settings: Settings,
        book: CallBook,
        capacity: Capacity,
        contacts: Contacts,
        payloads: Payloads,
        deliveries: Deliveries,
        stats: Stats,
    ) -> None:
        self._settings = settings
        self._book = book
        self._capacity = capacity
        self._contacts = contacts
        self._payloads = payloads
        self._deliveries = deliveries
        self._stats = stats
        self._stops: dict[str, asyncio.Future[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, call: Call) -> None:
        """Write the call down and let it live; from here on it exists, whatever becomes of the answer."""
        self._book.accept(call)
        self._stats.calls["accepted"] += 1
        self._stats.scenarios[call.plan.scenario] += 1
        if call.plan.scenario is not Scenario.REFUSED:
            self._capacity.begin()
        self._deliveries.open_call(call)
        self._stops[call.call_id] = asyncio.get_running_loop().create_future()
        self._start(call)

    def stop(self, call: Call) -> None:
        """Hang up. Raises ApiError 400: the call is not live (which status Retell gives is not documented)."""
        stop = self._stops.get(call.call_id)
        if stop is None:
            raise ApiError(400, "Call is not ongoing.")
        if not stop.done():
            stop.set_result("manual_stopped")

    def resume(self) -> None:
        """After a restart: calls that were live are over (error_retell), and what nobody was told yet is told now."""
        for call in list(self._book.everything()):
            if call.analyzed_ms is None and not call.deleted:
                self._start(call)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def hang_up_all(self) -> None:
        """Forget every live call without a word to anybody."""
        await self.close()
        self._stops.clear()
        self._capacity.clear()
        self._deliveries.abandon()

    def _start(self, call: Call) -> None:
        task = asyncio.create_task(self._live(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, call: Call) -> None:
        stop = self._stops.get(call.call_id)
        if stop is not None:
            self._end(call, await self._reason(call, stop))
        elif call.end_ms is None:
            self._end(call, "error_retell")
        else:
            self._emit(call, "call_ended")
        await self._analyze(call)

    async def _reason(self, call: Call, stop: asyncio.Future[str]) -> str:
        """Live through the call; answers why it ended."""
        patience = float(call.terms["ring_duration_ms"]) / 1000
        if await _stopped(stop, min(call.plan.ring_seconds, patience)):
            return stop.result()
        if not call.plan.connected:
            return call.plan.reason
        self._book.started(call)
        self._emit(call, "call_started")
        return await self._talk(call, stop)

    async def _talk(self, call: Call, stop: asyncio.Future[str]) -> str:
        planned = tell(call).natural_seconds if call.plan.talk_seconds is None else call.plan.talk_seconds
        longest = float(call.terms["max_call_duration_ms"]) / 1000
        talked = 0.0
        for moment, event in _moments(call, planned, self._settings.transcript_updates):
            if moment >= longest:
                break
            if await _stopped(stop, moment - talked):
                return stop.result()
            talked = moment
            self._emit(call, event, so_far_seconds=moment)
        if await _stopped(stop, min(planned, longest) - talked):
            return stop.result()
        return "max_duration_reached" if planned > longest else _own_reason(call)

    def _end(self, call: Call, reason: str) -> None:
        asked_to_stop = call.plan.scenario is Scenario.DO_NOT_CALL and reason == call.plan.reason
        if asked_to_stop and call.terms.get("enable_dnc_detection"):
            self._contacts.mark_do_not_call(call.person)
            reason = "user_requested_dnc"
        self._book.ended(call, status_of(reason, connected=call.connected), reason)
        if self._stops.pop(call.call_id, None) and call.plan.scenario is not Scenario.REFUSED:
            self._capacity.end()
        self._stats.calls["ended"] += 1
        self._stats.reasons[reason] += 1
        if call.connected and self._settings.transcript_updates:
            self._emit(call, "transcript_updated")
        self._emit(call, "call_ended")

    async def _analyze(self, call: Call) -> None:
        if call.reason == "call_transfer":
            await asyncio.sleep(call.plan.analysis_seconds / 2)
            self._book.transfer_ended(call)
            self._emit(call, "transfer_ended")
            await asyncio.sleep(call.plan.analysis_seconds / 2)
        else:
            await asyncio.sleep(call.plan.analysis_seconds)
        self._book.analyzed(call)
        self._stats.calls["analyzed"] += 1
        self._emit(call, "call_analyzed")
        self._deliveries.close_call(call)

    def _emit(self, call: Call, event: str, so_far_seconds: float | None = None) -> None:
        if event in call.terms["webhook_events"] and not call.deleted:
            self._deliveries.trigger(call, event, self._payloads.webhook_body(call, event, so_far_seconds))


def _own_reason(call: Call) -> str:
    """The planned reason; but nobody notices a machine where its detection is switched off."""
    unnoticed = call.plan.reason == "voicemail_reached" and not call.terms["voicemail_option"]
    return "agent_hangup" if unnoticed else call.plan.reason


async def _stopped(stop: asyncio.Future[str], seconds: float) -> bool:
    """Wait so long; True as soon as somebody hangs up."""
    if not stop.done() and seconds > 0:
        await asyncio.wait({stop}, timeout=seconds)
    return stop.done()


def _moments(call: Call, talk_seconds: float, updates: int) -> Iterator[tuple[float, str]]:
    """What happens in the middle of a talk, and after how many seconds of it."""
    if "transcript_updated" in call.terms["webhook_events"]:
        for update in range(1, updates):
            yield talk_seconds * update / (updates + 1), "transcript_updated"
    if call.plan.scenario in {Scenario.TRANSFERRED, Scenario.TRANSFER_CANCELLED}:
        bridged = call.plan.scenario is Scenario.TRANSFERRED
        yield talk_seconds * 0.8, "transfer_started"
        yield talk_seconds * 0.9, "transfer_bridged" if bridged else "transfer_cancelled"
