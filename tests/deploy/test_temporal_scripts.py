"""What prepares Temporal: the namespace on a real server, the schema with a stand-in for the vendor's tool."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from runtime.search_attributes import SEARCH_ATTRIBUTES

PROGRAMS = Path(sys.executable).parent
SCRIPTS = Path(__file__).parents[2] / "deploy/temporal"
SQL_TOOL = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in *"$FAIL_AT"*) exit 1 ;; esac
"""


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[Client]:
    command = str(PROGRAMS / "temporal")
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=command) as environment:
        yield environment.client


async def _run(script: str, programs: Path, **environment: str) -> tuple[int, str]:
    """The status of a script and all that it said."""
    path = f"{programs}{os.pathsep}{os.defpath}"
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", str(SCRIPTS / script)),
        env={"PATH": path, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def _namespace(client: Client, namespace: str, days: int) -> tuple[int, str]:
    return await _run(
        "namespace.sh",
        PROGRAMS,
        TEMPORAL_ADDRESS=client.service_client.config.target_host,
        TEMPORAL_NAMESPACE=namespace,
        LEADLINE_TEMPORAL_RETENTION_DAYS=str(days),
        PAUSE_SECONDS="0.1",
        TRIES="100",
    )


@pytest.mark.parametrize("namespace", ["default", "another"], ids=["one-that-exists", "a-new-one"])
async def test_the_namespace_job_can_be_repeated_with_another_retention(temporal: Client, namespace: str) -> None:
    for days in (30, 7):
        status, said = await _namespace(temporal, namespace, days)
        assert status == 0, said
        described = await temporal.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
        assert described.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=days)
    present = await temporal.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    assert {key.name for key in SEARCH_ATTRIBUTES} <= present.custom_attributes.keys()


async def test_a_server_that_never_answers_ends_the_namespace_job_with_its_reason() -> None:
    status, said = await _run(
        "namespace.sh",
        PROGRAMS,
        TEMPORAL_ADDRESS="127.0.0.1:1",
        TEMPORAL_NAMESPACE="default",
        LEADLINE_TEMPORAL_RETENTION_DAYS="30",
        PAUSE_SECONDS="0",
        TRIES="2",
    )
    assert status == 1
    assert "given up: temporal operator cluster health" in said


async def _schema(folder: Path, *, fail_at: str = "nowhere", **environment: str) -> tuple[int, list[str]]:
    tool = folder / "temporal-sql-tool"
    tool.write_text(SQL_TOOL)
    tool.chmod(0o755)
    calls = folder / "calls"
    access = {"SQL_HOST": "postgres", "SQL_USER": "leadline", "SQL_PASSWORD": "not on the command line"} | environment
    status, _ = await _run("schema.sh", folder, CALLS=str(calls), FAIL_AT=fail_at, **access)
    return status, calls.read_text().splitlines() if calls.exists() else []


async def test_both_databases_are_created_and_brought_up_to_date(tmp_path: Path) -> None:
    status, calls = await _schema(tmp_path)
    access = "--plugin postgres12 --ep postgres -p 5432 -u leadline --db"
    folder = "/etc/temporal/schema/postgresql/v12"
    assert status == 0
    assert calls == [
        f"{access} temporal create",
        f"{access} temporal setup-schema -v 0.0",
        f"{access} temporal update-schema -d {folder}/temporal/versioned",
        f"{access} temporal_visibility create",
        f"{access} temporal_visibility setup-schema -v 0.0",
        f"{access} temporal_visibility update-schema -d {folder}/visibility/versioned",
    ]


async def test_a_step_that_fails_ends_the_schema_job(tmp_path: Path) -> None:
    status, calls = await _schema(tmp_path, fail_at="temporal update-schema")
    assert status == 1
    assert calls[-1].startswith("--plugin postgres12 --ep postgres -p 5432 -u leadline --db temporal update-schema")


async def test_without_a_password_the_schema_job_does_not_begin(tmp_path: Path) -> None:
    status, calls = await _schema(tmp_path, SQL_PASSWORD="")
    assert status != 0
    assert calls == []
