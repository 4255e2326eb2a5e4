"""The floor does what it is there for: it stores what comes in, and answers."""

import json
from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import httpx
import pytest
from fastapi import FastAPI

from api.webhook_line import CONNECTIONS
from benchmarks.webhook import bare_api
from benchmarks.webhook.bare_api import PATH, create_bare_app


@pytest.fixture
async def bare(database_url: str) -> AsyncIterator[FastAPI]:
    app = create_bare_app(database_url)
    async with app.router.lifespan_context(app):
        yield app


async def test_a_body_is_stored_before_it_is_answered(bare: FastAPI, database_url: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(bare), base_url="http://bare.test") as http:
        answers = [await http.post(PATH, json={"event": "call_ended", "number": number}) for number in range(3)]
        assert (await http.get("/readyz")).status_code == 200
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("select payload from bench_bare_webhooks order by id")
    await connection.close()
    assert [answer.status_code for answer in answers] == [204] * 3
    assert [json.loads(row["payload"])["number"] for row in rows] == [0, 1, 2]


def test_it_has_as_many_connections_as_the_real_one() -> None:
    assert bare_api.CONNECTIONS == CONNECTIONS
