"""Numbers that stand in the Compose file and in our programs as well have to agree."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.__main__ import STOP_SECONDS
from api.routes.health import router
from runtime.embedded.postgres_programs import server_version
from worker import GRACE

MARGIN_SECONDS = 10


def _seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


def _probe(service: dict[str, Any]) -> tuple[str, str]:
    """Port and path that the health check of a service asks."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/[a-z]+)", service["healthcheck"]["test"][-1])
    assert found is not None
    return found[1], found[2]


def test_the_worker_is_given_time_to_finish_its_dials(compose: dict[str, Any]) -> None:
    allowed = _seconds(compose["services"]["worker"]["stop_grace_period"])
    assert allowed >= GRACE.total_seconds() + MARGIN_SECONDS


def test_the_api_is_given_time_to_finish_its_requests(compose: dict[str, Any]) -> None:
    assert _seconds(compose["services"]["api"]["stop_grace_period"]) >= STOP_SECONDS + MARGIN_SECONDS


def test_health_is_asked_where_the_programs_answer(compose: dict[str, Any]) -> None:
    services = compose["services"]
    simulator = services["simulator"]["command"]
    assert _probe(services["api"]) == (services["api"]["environment"]["LEADLINE_PORT"], "/readyz")
    assert "/readyz" in {getattr(route, "path", None) for route in router.routes}
    assert _probe(services["worker"]) == (services["worker"]["environment"]["LEADLINE_WORKER_PORT"], "/readyz")
    assert _probe(services["simulator"]) == (simulator[simulator.index("--port") + 1], "/healthz")


@pytest.mark.parametrize("name", ["api", "worker", "simulator"])
def test_a_health_check_fails_when_nobody_answers(name: str, compose: dict[str, Any]) -> None:
    """The check's own words, at a port where nothing can listen: it has to work, and to say no."""
    _, *words = compose["services"][name]["healthcheck"]["test"]
    words[-1] = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", words[-1])
    asked = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=False)
    assert asked.returncode == 1
    assert "URLError" in asked.stderr


def test_production_runs_the_postgresql_that_the_tests_run_on(compose: dict[str, Any]) -> None:
    image = compose["services"]["postgres"]["image"]
    assert image.removeprefix("postgres:").split("-")[0] == server_version()


def test_production_runs_the_temporal_that_the_tests_run_on(compose: dict[str, Any]) -> None:
    command = [str(Path(sys.executable).parent / "temporal"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    versions = re.search(r"Server ([\d.]+), UI ([\d.]+)", said)
    assert versions is not None
    services = compose["services"]
    assert services["temporal"]["image"] == f"temporalio/server:{versions[1]}"
    assert services["temporal-schema"]["image"] == f"temporalio/admin-tools:{versions[1]}"
    assert services["temporal-namespace"]["image"] == f"temporalio/admin-tools:{versions[1]}"
    assert services["temporal-ui"]["image"] == f"temporalio/ui:{versions[2]}"
