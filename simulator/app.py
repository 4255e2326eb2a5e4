"""Puts the simulator together."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.agents import AgentDirectory
from simulator.callbook import CallBook
from simulator.caller_ids import CallerIds
from simulator.capacity import Capacity
from simulator.contacts import Contacts
from simulator.control import ControlRoutes
from simulator.couriers import Couriers
from simulator.deliveries import Deliveries
from simulator.dialling import Dialling
from simulator.fault_gate import App, FaultGate
from simulator.faults import FaultBook
from simulator.journal import Journal
from simulator.key_gate import KeyGate
from simulator.payloads import Payloads
from simulator.pins import PinBoard
from simulator.prompts import PromptDirectory
from simulator.recordings import recording, tone_wav
from simulator.ringing_in import RingingIn
from simulator.routes_account import AgentRoutes, ContactRoutes, NumberRoutes, PromptRoutes
from simulator.routes_calls import CallRoutes
from simulator.routes_listing import ListingRoutes
from simulator.settings import Settings
from simulator.stats import Stats
from simulator.switchboard import Switchboard
from simulator.wire import ApiError, JsonObject


class Simulator:
    """Everything the process holds. ``base_url`` is its own address, for the recordings it names."""

    def __init__(self, settings: Settings, api_key: str, base_url: str, state: Path | None) -> None:
        self.journal = Journal(state)
        self.stats = Stats()
        self.capacity = Capacity(settings)
        self.faults = FaultBook(settings, self.stats)
        self.pins = PinBoard()
        self.payloads = Payloads(base_url, settings)
        self.book = CallBook(self.journal)
        self.contacts = Contacts(self.journal)
        self.agents = AgentDirectory(settings, self.journal)
        self.prompts = PromptDirectory(settings, self.journal)
        self.caller_ids = CallerIds(settings, self.journal)
        self.deliveries = Deliveries(Couriers(), api_key, settings, self.faults, self.stats)
        self.switchboard = Switchboard(
            settings, self.book, self.capacity, self.contacts, self.payloads, self.deliveries, self.stats
        )
        self.ringing_in = RingingIn(settings, api_key, self.agents, self.caller_ids, self.switchboard)
        self.app: App = FaultGate(KeyGate(self._starlette(settings), api_key), self.faults, self.stats)

    async def reset(self) -> None:
        """Back to the first moment, but for the settings; live calls vanish without a word."""
        await self.switchboard.hang_up_all()
        for kept in (
            self.faults,
            self.pins,
            self.contacts,
            self.agents,
            self.prompts,
            self.caller_ids,
            self.stats,
            self.book,
        ):
            kept.clear()

    def _starlette(self, settings: Settings) -> Starlette:
        dialling = Dialling(
            settings,
            self.book,
            self.agents,
            self.caller_ids,
            self.contacts,
            self.pins,
            self.capacity,
            self.switchboard,
            self.stats,
        )
        rooms = (
            CallRoutes(settings, dialling, self.book, self.switchboard, self.capacity, self.payloads),
            ListingRoutes(self.book, self.payloads),
            AgentRoutes(self.agents),
            PromptRoutes(self.prompts),
            NumberRoutes(self.caller_ids),
            ContactRoutes(self.contacts),
            self._control(settings),
        )
        routes = [route for room in rooms for route in room.routes()]
        return Starlette(
            routes=[*routes, *self._open_routes()],
            exception_handlers={
                ApiError: _api_error,
                ValidationError: _invalid,
                HTTPException: _http_error,
                Exception: _broken,
            },
            lifespan=self._lifespan,
        )

    def _control(self, settings: Settings) -> ControlRoutes:
        return ControlRoutes(
            settings,
            self.book,
            self.faults,
            self.pins,
            self.capacity,
            self.switchboard,
            self.deliveries,
            self.payloads,
            self.ringing_in,
            self.stats,
            self.reset,
        )

    def _open_routes(self) -> list[Route]:
        return [
            Route("/healthz", self._healthz, methods=["GET"]),
            Route("/recordings/{call_id}/recording.wav", partial(recording, tone_wav()), methods=["GET"]),
        ]

    async def _healthz(self, _: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "live_calls": self.capacity.live})

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._restore()
        self.switchboard.resume()
        try:
            yield
        finally:
            await self.switchboard.close()
            await self.deliveries.close()
            self.journal.close()

    def _restore(self) -> None:
        takers: dict[str, Callable[[JsonObject], None]] = {
            "contact": lambda line: self.contacts.restore(line["contact"]),
            "number": lambda line: self.caller_ids.restore(line["number"]),
            "prompt": lambda line: self.prompts.restore(line["prompt"]),
            "agent": lambda line: self.agents.restore(line["versions"]),
        }
        for line in self.journal.read():
            takers.get(line["entry"], self.book.restore)(line)


async def _api_error(_: Request, error: Exception) -> Response:
    return error.response() if isinstance(error, ApiError) else ApiError(500).response()


async def _invalid(_: Request, error: Exception) -> Response:
    return ApiError(400, f"Invalid request format, please check API reference. {error}").response()


async def _http_error(_: Request, error: Exception) -> Response:
    return ApiError(error.status_code if isinstance(error, HTTPException) else 500).response()


async def _broken(_: Request, __: Exception) -> Response:
    return ApiError(500).response()
