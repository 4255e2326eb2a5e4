"""The variables of the Compose file: documented, understood by our settings, and no secret among them."""

import re
from collections.abc import Callable, Mapping

import pytest

from runtime.settings import PREFIX, load_settings

Environment = Callable[[str, Mapping[str, str]], dict[str, str]]
SECRET = re.compile(r"PASSWORD|SECRET|_KEYS?$|_PWD$|TOKEN")
MUST_BE_GIVEN = {"POSTGRES_PASSWORD": "p" * 48, "LEADLINE_JWT_SECRET": "s" * 64}
OWN_TO_COMPOSE = {"COMPOSE_PROFILES"}
OURS = ["api", "worker"]


def test_only_what_nobody_else_can_choose_must_be_given(variables: list[re.Match[str]]) -> None:
    required = {found["name"]: found["text"] for found in variables if found["kind"] == "?"}
    assert required.keys() == MUST_BE_GIVEN.keys()
    assert all(".env" in message for message in required.values())


def test_no_secret_has_a_default(variables: list[re.Match[str]]) -> None:
    secret = [found for found in variables if SECRET.search(found["name"])]
    assert {found["name"] for found in secret} > MUST_BE_GIVEN.keys()
    assert [found[0] for found in secret if found["kind"] != "?" and found["text"]] == []


def test_no_secret_is_written_into_the_file(compose: dict[str, dict[str, dict[str, dict[str, str]]]]) -> None:
    written = [
        (name, variable)
        for name, service in compose["services"].items()
        for variable, value in service.get("environment", {}).items()
        if SECRET.search(variable) and not re.fullmatch(r"\$\{[^}]+\}", value)
    ]
    assert written == []


def test_every_variable_is_explained_in_the_example_and_every_example_is_used(
    variables: list[re.Match[str]], example: dict[str, str]
) -> None:
    assert example.keys() - OWN_TO_COMPOSE == {found["name"] for found in variables}


def test_the_example_holds_no_secret(example: dict[str, str]) -> None:
    assert {name: value for name, value in example.items() if SECRET.search(name) and value} == {}


def test_the_example_shows_the_defaults(variables: list[re.Match[str]], example: dict[str, str]) -> None:
    shown = {found["name"]: (found["text"], example[found["name"]]) for found in variables if found["kind"] == "-"}
    differing = {name: pair for name, pair in shown.items() if pair[1] and pair[0] != pair[1]}
    assert differing.keys() <= {"LEADLINE_SIMULATOR_URL"}


@pytest.mark.parametrize("service", OURS)
def test_our_settings_understand_what_a_container_is_given(service: str, environment_of: Environment) -> None:
    settings = load_settings(environment_of(service, MUST_BE_GIVEN))
    assert settings.env == "production"
    assert settings.jwt_secret is not None
    assert settings.temporal_environment["TEMPORAL_ADDRESS"] == "temporal:7233"


def test_every_container_is_given_settings_that_we_know(
    compose: dict[str, dict[str, object]], environment_of: Environment
) -> None:
    for service in compose["services"]:
        given = environment_of(service, MUST_BE_GIVEN)
        ours = {name: value for name, value in given.items() if name.startswith(PREFIX)}
        load_settings(ours)


@pytest.mark.parametrize("service", OURS)
def test_a_missing_secret_stops_the_start(service: str, environment_of: Environment) -> None:
    with pytest.raises(KeyError, match="POSTGRES_PASSWORD"):
        environment_of(service, {"LEADLINE_JWT_SECRET": "s" * 64})


@pytest.mark.parametrize("service", OURS)
def test_with_the_simulator_both_sides_hold_the_same_key(service: str, environment_of: Environment) -> None:
    given = MUST_BE_GIVEN | {"LEADLINE_SIMULATOR_URL": "http://simulator:8100", "LEADLINE_SIMULATOR_KEY": "any text"}
    settings = load_settings(environment_of(service, given))
    assert settings.simulator_key is not None
    assert environment_of("simulator", given)["SIMULATOR_API_KEY"] == settings.simulator_key.get_secret_value()
    assert settings.reachable_url == "http://api:8000"


@pytest.mark.parametrize("password", ["a/b@c:%#?d", "päss"], ids=["delimiters", "umlaut"])
def test_no_password_breaks_the_address_of_the_database(password: str, environment_of: Environment) -> None:
    given = environment_of("api", MUST_BE_GIVEN | {"POSTGRES_PASSWORD": password})
    assert given["PGPASSWORD"] == password
    assert load_settings(given).primary_url == "postgresql://leadline@postgres:5432/leadline"
