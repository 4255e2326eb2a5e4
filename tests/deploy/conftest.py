"""What is deployed, read as Compose reads it."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<text>[^}]*))?\}")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def compose_text(root: Path) -> str:
    return (root / "docker-compose.yml").read_text()


@pytest.fixture(scope="session")
def compose(compose_text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(compose_text)
    return loaded


@pytest.fixture(scope="session")
def variables(compose_text: str) -> list[re.Match[str]]:
    """Every ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?message}`` of the file."""
    return list(VARIABLE.finditer(compose_text))


@pytest.fixture(scope="session")
def example(root: Path) -> dict[str, str]:
    """What .env.example sets, and what it shows commented out."""
    found = re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", (root / ".env.example").read_text(), re.MULTILINE)
    return dict(found)


@pytest.fixture(scope="session")
def environment_of(compose: dict[str, Any]) -> Callable[[str, Mapping[str, str]], dict[str, str]]:
    """The environment of a service's container, given the variables of .env."""

    def filled_in(service: str, given: Mapping[str, str]) -> dict[str, str]:
        def value(found: re.Match[str]) -> str:
            said = given.get(found["name"], "")
            if not said and found["kind"] == "?":
                raise KeyError(found["name"])
            return said or (found["text"] or "")

        written: Mapping[str, str] = compose["services"][service].get("environment", {})
        return {name: VARIABLE.sub(value, text) for name, text in written.items()}

    return filled_in
