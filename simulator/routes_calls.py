"""Making, reading, changing and ending calls."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.callbook import CallBook
from simulator.capacity import Capacity
from simulator.dialling import Dialling
from simulator.payloads import Payloads
from simulator.settings import Settings
from simulator.switchboard import Switchboard
from simulator.wire import ApiError, json_body

_STORAGE_SETTINGS = frozenset({"everything", "everything_except_pii", "basic_attributes_only"})


class CallRoutes:
    def __init__(
        self,
        settings: Settings,
        dialling: Dialling,
        book: CallBook,
        switchboard: Switchboard,
        capacity: Capacity,
        payloads: Payloads,
    ) -> None:
        self._settings = settings
        self._dialling = dialling
        self._book = book
        self._switchboard = switchboard
        self._capacity = capacity
        self._payloads = payloads

    def routes(self) -> list[Route]:
        return [
            Route("/v2/create-phone-call", self.create, methods=["POST"]),
            Route("/v2/get-call/{call_id}", self.get, methods=["GET"]),
            Route("/v2/update-call/{call_id}", self.update, methods=["PATCH"]),
            Route("/v2/stop-call/{call_id}", self.stop, methods=["POST"]),
            Route("/v2/delete-call/{call_id}", self.delete, methods=["DELETE"]),
            Route("/get-concurrency", self.concurrency, methods=["GET"]),
        ]

    async def create(self, request: Request) -> JSONResponse:
        call = self._dialling.place(await json_body(request))
        return JSONResponse(self._payloads.call_object(call), 201)

    async def get(self, request: Request) -> JSONResponse:
        return JSONResponse(self._payloads.call_object(self._book.get(request.path_params["call_id"])))

    async def update(self, request: Request) -> JSONResponse:
        call = self._book.get(request.path_params["call_id"])
        changes = await json_body(request)
        maps = [changes[name] for name in ("metadata", "custom_attributes") if name in changes]
        storage = changes.get("data_storage_setting", "everything")
        if not all(isinstance(value, dict) for value in maps) or storage not in _STORAGE_SETTINGS:
            raise ApiError(400)
        self._book.updated(call, changes)
        return JSONResponse(self._payloads.call_object(call))

    async def stop(self, request: Request) -> Response:
        self._switchboard.stop(self._book.get(request.path_params["call_id"]))
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        self._book.deleted(self._book.get(request.path_params["call_id"]))
        return Response(status_code=204)

    async def concurrency(self, _: Request) -> JSONResponse:
        limit = self._settings.concurrency_limit
        return JSONResponse(
            {
                "current_concurrency": self._capacity.live + self._settings.live_elsewhere,
                "concurrency_limit": limit,
                "base_concurrency": min(limit, 20),
                "purchased_concurrency": max(limit - 20, 0),
                "concurrency_purchase_limit": max(limit, 100),
                "remaining_purchase_limit": max(100 - limit, 0),
                "concurrency_burst_enabled": False,
                "concurrency_burst_limit": 0,
                "reserved_inbound_concurrency": self._settings.reserved_inbound_concurrency,
            }
        )
