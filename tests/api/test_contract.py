"""Every operation, asked with what /openapi.json allows and with what it doesn't, keeps to what it says there.

Schemathesis makes the requests, always the same ones; they go over real sockets to a server of our own.
"""

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis.strategies import SearchStrategy
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from temporalio.client import Client

from api.app import Parts, create_app
from runtime.database import create_engine, session_factory
from runtime.embedded.temporary_postgres import TemporaryPostgres
from runtime.settings import Settings
from tests.api.conftest import PASSWORD
from tests.api.who_may_what import TABLE

# To draw one costs twice what asking does. The first one drawn is the simplest of all; what is allowed is asked once
# more with something that is there in the address.
EXAMPLES = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 2}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SILENT = frozenset({("GET", "/api/v1/calls/live")})
"""A stream never ends."""

OPERATIONS = [
    (method, path.replace("{api_key_id}", "{key_id}").replace("{webhook_key_id}", "{key_id}"))
    for method, path in TABLE
    if path.startswith("/api/") and (method, path) not in SILENT
]
NUMBER, FORBIDDEN = "+12125550123", "+12125550124"

Case = schemathesis.Case[Any]


@dataclass(frozen=True)
class Served:
    """``ids``: something of each kind that is there."""

    url: str
    key: str
    ids: Mapping[str, str]
    schema: BaseSchema
    session: requests.Session

    def cases(self, method: str, path: str, mode: GenerationMode) -> SearchStrategy[Case]:
        return self.schema[path][method].as_strategy(generation_mode=mode)

    def ask(self, case: Case) -> None:
        headers = {} if case.path.startswith("/api/v1/auth") else {"Authorization": f"Bearer {self.key}"}
        response = case.call(base_url=self.url, headers=headers, session=self.session)
        case.validate_response(response, checks=CHECKS)


@pytest.fixture(scope="module")
def served(
    settings: Settings, postgres_server: TemporaryPostgres, database_template: str, closed_port: int
) -> Iterator[Served]:
    dsn = postgres_server.create_database("contract", template=database_template)
    with _running(settings.model_copy(update={"database_url": dsn}), closed_port) as url:
        served = _prepared(url)
        with served.session:
            yield served


@contextmanager
def _running(settings: Settings, nobody_there: int) -> Iterator[str]:
    """The application in a thread of its own, at a free port, until the block ends."""
    address: queue.Queue[str] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(settings, nobody_there, address, stop)))
    thread.start()
    try:
        yield address.get(timeout=60)
    finally:
        stop.set()
        thread.join()


async def _serve(settings: Settings, nobody_there: int, address: "queue.Queue[str]", stop: threading.Event) -> None:
    engine = create_engine(settings)
    parts = Parts(
        settings=settings,
        jwt_secret="a secret of tests that is long enough for HS256",
        sessions=session_factory(engine),
        temporal=await Client.connect(f"127.0.0.1:{nobody_there}", lazy=True),
        hasher=PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)),
        provider_http=httpx.AsyncClient(transport=httpx.MockTransport(_no_provider)),
    )
    server = uvicorn.Server(uvicorn.Config(create_app(parts), log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        address.put(f"http://127.0.0.1:{listening.getsockname()[1]}")
        await asyncio.to_thread(stop.wait)
        server.should_exit = True
        await serving
    await engine.dispose()


def _no_provider(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route", request=request)


def _prepared(url: str) -> Served:
    with httpx.Client(base_url=url, timeout=60) as client:
        token = client.post("/api/v1/auth/token", data={"username": "admin@localhost", "password": PASSWORD}).json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        made = client.post("/api/v1/api-keys", json={"name": "Contract", "role": "admin"}).json()
        document = client.get("/openapi.json").json()
        schema = schemathesis.openapi.from_dict(document)
        return Served(url, made["key"], _some_of_each(client), schema, requests.Session())


def _some_of_each(client: httpx.Client) -> Mapping[str, str]:
    lead = client.post("/api/v1/leads", json={"phone_number": NUMBER}).json()
    (pool,) = client.get("/api/v1/number-pools").json()["items"]
    (account,) = client.get("/api/v1/accounts").json()["items"]
    client.post("/api/v1/do-not-call", json={"phone_number": FORBIDDEN})
    return {
        "lead_id": lead["id"],
        "campaign_id": lead["campaign_id"],
        "pool_id": pool["id"],
        "account_id": account["id"],
        "phone_number": FORBIDDEN,
    }


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("at", OPERATIONS, ids=" ".join)
def test_each_operation_keeps_to_what_the_document_says(
    served: Served, at: tuple[str, str], mode: GenerationMode
) -> None:
    @hypothesis_settings(
        max_examples=EXAMPLES[mode],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=served.cases(*at, mode))
    def ask(case: Case) -> None:
        served.ask(case)
        there = {name: served.ids[name] for name in case.path_parameters or {} if name in served.ids}
        if mode is GenerationMode.POSITIVE and there:
            case.path_parameters.update(there)
            served.ask(case)

    ask()
