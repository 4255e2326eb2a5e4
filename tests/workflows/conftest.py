"""Servers for workflows: one that skips time, for scripted activities, and a real one, for whole lives."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from tests.builders import ALWAYS, Sessions, World, add_world
from tests.migrated_database import database_template, sessions
from tests.workflows.real_life import Life, add_personal_lead, real_server

__all__ = ["database_template", "sessions"]

TEST_SERVER = Path(sys.executable).parent / "temporal-test-server"


@pytest.fixture
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A server of its own for each test: its clock is shared by all who use it."""
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), data_converter=pydantic_data_converter
    )
    async with environment:
        yield environment


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[Client]:
    async with real_server() as client:
        yield client


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await add_world(sessions, windows=ALWAYS, calling_rules="off", retry_delays={"no_answer": [1]})


@pytest.fixture
async def life(client: Client, sessions: Sessions, world: World) -> Life:
    return Life(client, sessions, world, await add_personal_lead(sessions, world))
