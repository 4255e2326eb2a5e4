"""No container engine runs the file here, so that it is read closely instead."""

import importlib.util
import json
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

SERVICES: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())["services"]
ONE_SHOT = {"temporal-schema", "temporal-namespace", "migrate"}
LASTING = sorted(set(SERVICES) - ONE_SHOT)
EXACT_VERSION = re.compile(r"^[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?$")
CONDITIONS = {"service_healthy": set(LASTING), "service_completed_successfully": ONE_SHOT}


def _dependencies() -> Iterator[tuple[str, str, str]]:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            yield name, other, how["condition"]


def _peers(name: str) -> set[str]:
    """The lasting services that this one names, as in postgres:5432."""
    addresses = " ".join(SERVICES[name].get("environment", {}).values())
    named = {other for other in SERVICES if re.search(rf"\b{other}:\d", addresses)}
    return (named | {*SERVICES[name].get("depends_on", {})}) - ONE_SHOT


def test_the_file_is_what_the_compose_specification_allows(compose: dict[str, Any]) -> None:
    schema = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(compose)] == []


def test_every_dollar_belongs_to_a_variable(compose_text: str, variables: list[re.Match[str]]) -> None:
    assert compose_text.count("$") == len(variables)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_by_its_version(name: str) -> None:
    assert EXACT_VERSION.match(SERVICES[name]["image"])


def test_our_image_carries_the_version_of_the_project(root: Path) -> None:
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    ours = {service["image"] for service in SERVICES.values() if "build" in service}
    assert ours == {f"leadline:{version}"}


@pytest.mark.parametrize("name", LASTING)
def test_what_runs_on_is_watched_and_started_again(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", sorted(ONE_SHOT))
def test_what_runs_once_is_tried_again_and_waited_for(name: str) -> None:
    assert SERVICES[name]["restart"].startswith("on-failure:")
    assert name in {other for _, other, _ in _dependencies()}


@pytest.mark.parametrize(("name", "other", "condition"), list(_dependencies()))
def test_every_dependency_waits_for_what_the_other_can_reach(name: str, other: str, condition: str) -> None:
    assert other in CONDITIONS[condition], f"{name} would wait for ever"


@pytest.mark.parametrize("name", [name for name in SERVICES if "ports" in SERVICES[name]])
def test_ports_are_open_on_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


@pytest.mark.parametrize("name", [name for name in SERVICES if "ports" in SERVICES[name]])
def test_ports_are_published_from_a_network_that_allows_it(name: str, compose: dict[str, Any]) -> None:
    networks = [compose["networks"][network] for network in SERVICES[name]["networks"]]
    assert any(not network.get("internal") for network in networks)


@pytest.mark.parametrize("name", ["postgres", "temporal"])
def test_what_has_no_guard_of_its_own_is_reached_from_inside_only(name: str, compose: dict[str, Any]) -> None:
    assert "ports" not in SERVICES[name]
    assert [compose["networks"][network] for network in SERVICES[name]["networks"]] == [{"internal": True}]


@pytest.mark.parametrize("name", SERVICES)
def test_those_who_talk_to_each_other_share_a_network(name: str) -> None:
    mine = set(SERVICES[name]["networks"])
    assert [other for other in _peers(name) if not mine & set(SERVICES[other]["networks"])] == []


@pytest.mark.parametrize("name", [name for name in SERVICES if "build" in SERVICES[name]])
def test_our_containers_start_programs_that_exist(name: str, root: Path) -> None:
    match SERVICES[name]["command"]:
        case ["python", "-m", module, *_]:
            spec = importlib.util.find_spec(module)
            assert spec is not None
            if spec.submodule_search_locations is not None:
                assert importlib.util.find_spec(f"{module}.__main__") is not None
        case ["python", script]:
            assert (root / script).is_file()
        case other:
            pytest.fail(f"unknown command {other}")


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_exists(name: str, root: Path, compose: dict[str, Any]) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source, target = mount.split(":")[:2]
        if not source.startswith("./"):
            assert source in compose["volumes"]
            continue
        assert (root / source).is_dir()
        used = [*SERVICES[name].get("entrypoint", []), *SERVICES[name]["environment"].values()]
        wanted = [word.removeprefix(target + "/") for word in used if word.startswith(target + "/")]
        assert wanted, "mounted for nothing"
        assert [file for file in wanted if not (root / source / file).is_file()] == []


@pytest.mark.parametrize("name", [name for name in SERVICES if "build" in SERVICES[name]])
def test_our_containers_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service
