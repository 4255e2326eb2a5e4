"""The variables of the Compose file: documented, understood by our settings, and no secret among them."""

import re
from collections.abc import Callable, Mapping

import pytest

from runtime.settings import PREFIX, Settings, load_settings

Environment = Callable[[str, Mapping[str, str]], dict[str, str]]
SECRET = re.compile(r"PASSWORD|SECRET|_KEYS?$|_PWD$|TOKEN")
MUST_BE_GIVEN = {"POSTGRES_PASSWORD": "p" * 48, "LEADLINE_JWT_SECRET": "s" * 64}
OWN_TO_COMPOSE = {"COMPOSE_PROFILES"}
OURS = ["api", "worker"]
SETTINGS = {str(field.validation_alias) for field in Settings.model_fields.values() if field.validation_alias}
OF_OTHERS = {"COMPOSE_PROFILES", "FORWARDED_ALLOW_IPS", "POSTGRES_PASSWORD", "SIMULATOR_PORT", "TEMPORAL_NAMESPACE"}
"""Read by Compose, uvicorn, PostgreSQL, the simulator and Temporal's own client."""

NOT_IN_CONTAINERS = {
    "DATABASE_DIRECT_URL": "there is no pooler between",
    "LEADLINE_PGBOUNCER": "there is no pooler between",
    "LEADLINE_API_KEY": "with it the terminal signs in",
    "LEADLINE_HOME": "the image says where",
    "LEADLINE_POSTGRES_PORT": "of the embedded stack",
    "LEADLINE_TEMPORAL_PORT": "of the embedded stack",
    "LEADLINE_TASK_QUEUE": "API and worker agree on it as it is",
    "RETELL_BASE_URL": "Retell is where it is",
    "PAGERDUTY_EVENTS_URL": "nothing is sent there yet",
    "PAGERDUTY_ROUTING_KEY": "nothing is sent there yet",
    "SLACK_WEBHOOK_URL": "nothing is sent there yet",
}


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


def test_every_setting_can_be_given_in_the_example_or_it_is_known_why_not(
    compose: dict[str, dict[str, dict[str, dict[str, str]]]], example: dict[str, str]
) -> None:
    given = {name for service in OURS for name in compose["services"][service]["environment"]}
    assert SETTINGS - example.keys() - given == NOT_IN_CONTAINERS.keys()


def test_the_example_names_nothing_that_nobody_reads(example: dict[str, str]) -> None:
    assert example.keys() - SETTINGS == OF_OTHERS


def test_the_api_alone_reads_figures_from_a_replica(environment_of: Environment) -> None:
    replica = "postgresql://leadline@replica.example.com:5432/leadline"
    given = MUST_BE_GIVEN | {"DATABASE_REPLICA_URL": replica}
    settings = load_settings(environment_of("api", given))
    assert (settings.replica_url, settings.primary_url) == (replica, "postgresql://leadline@postgres:5432/leadline")
    assert load_settings(environment_of("api", MUST_BE_GIVEN)).database_replica_url is None
    assert load_settings(environment_of("worker", given)).database_replica_url is None


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
