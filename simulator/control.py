"""The control endpoints: watch the simulator, steer it, break it. They ask for no key."""

from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulator.call import Call
from simulator.callbook import CallBook
from simulator.capacity import Capacity
from simulator.deliveries import Deliveries
from simulator.faults import FaultBook, FaultOrder
from simulator.payloads import Payloads
from simulator.pins import PinBoard
from simulator.plans import Pin
from simulator.ringing_in import RingingIn, RingOrder
from simulator.settings import Settings
from simulator.stats import Stats
from simulator.switchboard import Switchboard
from simulator.wire import JsonObject, json_body

_FAULTS: TypeAdapter[list[FaultOrder] | FaultOrder] = TypeAdapter(list[FaultOrder] | FaultOrder)


class _PinOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to_number: str
    calls: list[str | Pin]

    def pins(self) -> list[Pin]:
        return [Pin.model_validate({"scenario": c}) if isinstance(c, str) else c for c in self.calls]


class _CallsAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since_ms: int = 0
    to_number: str | None = None

    def wants(self, call: Call) -> bool:
        return call.accepted_ms >= self.since_ms and self.to_number in {None, call.to_number}


class _ResendOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    call_id: str
    event: str = "call_ended"
    copies: int = Field(1, ge=1, le=10_000)
    at_once: int = Field(16, ge=1, le=256)


class ControlRoutes:
    def __init__(
        self,
        settings: Settings,
        book: CallBook,
        faults: FaultBook,
        pins: PinBoard,
        capacity: Capacity,
        switchboard: Switchboard,
        deliveries: Deliveries,
        payloads: Payloads,
        ringing_in: RingingIn,
        stats: Stats,
        reset: Callable[[], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._book = book
        self._faults = faults
        self._pins = pins
        self._capacity = capacity
        self._switchboard = switchboard
        self._deliveries = deliveries
        self._payloads = payloads
        self._ringing_in = ringing_in
        self._stats = stats
        self._reset = reset

    def routes(self) -> list[Route]:
        return [
            Route("/control/settings", self.show_settings, methods=["GET"]),
            Route("/control/settings", self.change_settings, methods=["POST"]),
            Route("/control/scenarios", self.show_scenarios, methods=["GET"]),
            Route("/control/scenarios", self.pin_scenarios, methods=["POST"]),
            Route("/control/scenarios", self.clear_scenarios, methods=["DELETE"]),
            Route("/control/faults", self.show_faults, methods=["GET"]),
            Route("/control/faults", self.add_faults, methods=["POST"]),
            Route("/control/faults", self.clear_faults, methods=["DELETE"]),
            Route("/control/faults/{fault_id:int}", self.remove_fault, methods=["DELETE"]),
            Route("/control/calls", self.show_calls, methods=["GET"]),
            Route("/control/ring", self.ring, methods=["POST"]),
            Route("/control/stats", self.show_stats, methods=["GET"]),
            Route("/control/webhooks/resend", self.resend, methods=["POST"]),
            Route("/control/reset", self.reset, methods=["POST"]),
        ]

    async def show_settings(self, _: Request) -> JSONResponse:
        return JSONResponse(self._settings.model_dump(mode="json"))

    async def change_settings(self, request: Request) -> JSONResponse:
        self._settings.apply(await json_body(request))
        return await self.show_settings(request)

    async def show_scenarios(self, _: Request) -> JSONResponse:
        return JSONResponse(self._pins.to_json())

    async def pin_scenarios(self, request: Request) -> JSONResponse:
        order = _PinOrder.model_validate(await json_body(request))
        self._pins.pin(order.to_number, order.pins())
        return await self.show_scenarios(request)

    async def clear_scenarios(self, request: Request) -> JSONResponse:
        self._pins.clear()
        return await self.show_scenarios(request)

    async def show_faults(self, _: Request) -> JSONResponse:
        return JSONResponse([fault.to_json() for fault in self._faults.everything()])

    async def add_faults(self, request: Request) -> JSONResponse:
        asked = _FAULTS.validate_json(await request.body())
        orders = asked if isinstance(asked, list) else [asked]
        return JSONResponse([self._faults.add(order).to_json() for order in orders], 201)

    async def clear_faults(self, request: Request) -> JSONResponse:
        self._faults.clear()
        return await self.show_faults(request)

    async def remove_fault(self, request: Request) -> JSONResponse:
        self._faults.remove(request.path_params["fault_id"])
        return await self.show_faults(request)

    async def show_calls(self, request: Request) -> JSONResponse:
        asked = _CallsAsked.model_validate(dict(request.query_params))
        calls = [call for call in self._book.everything() if asked.wants(call)]
        return JSONResponse([_witnessed(call) for call in calls])

    async def ring(self, request: Request) -> JSONResponse:
        call = await self._ringing_in.ring(RingOrder.model_validate(await json_body(request)))
        return JSONResponse(_witnessed(call), 201)

    async def show_stats(self, _: Request) -> JSONResponse:
        live = {"live_now": self._capacity.live, "peak_live": self._capacity.peak_live}
        return JSONResponse(live | self._stats.to_json())

    async def resend(self, request: Request) -> JSONResponse:
        order = _ResendOrder.model_validate(await json_body(request))
        call = self._book.get(order.call_id)
        body = self._payloads.webhook_body(call, order.event)
        await self._deliveries.resend(call, order.event, body, copies=order.copies, at_once=order.at_once)
        return JSONResponse({"event": order.event, "copies": order.copies})

    async def reset(self, request: Request) -> JSONResponse:
        await self._reset()
        return await self.show_stats(request)


def _witnessed(call: Call) -> JsonObject:
    """What happened, in instants of milliseconds; live from ``accepted_ms`` until ``ended_ms``."""
    return {
        "call_id": call.call_id,
        "direction": call.direction,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "agent_id": call.agent_id,
        "agent_version": call.agent_version,
        "metadata": call.metadata,
        "dynamic_variables": call.dynamic_variables,
        "idempotency_key": call.idempotency_key,
        "replays": call.replays,
        "scenario": call.plan.scenario,
        "status": call.status,
        "disconnection_reason": call.reason,
        "accepted_ms": call.accepted_ms,
        "started_ms": call.start_ms,
        "ended_ms": call.end_ms,
        "analyzed_ms": call.analyzed_ms,
        "deleted": call.deleted,
    }
