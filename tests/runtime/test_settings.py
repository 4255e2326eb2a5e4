"""What the environment may say, and what happens when it says something else."""

from datetime import timedelta
from pathlib import Path

import pytest

from runtime.settings import Settings, SettingsError, load_settings


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port, settings.database_pool_size) == ("127.0.0.1", 8000, 20)
    assert (settings.rate_limit, settings.jwt_days, settings.max_call_seconds) == ("100/minute", 60, 300)
    assert (settings.admin_email, settings.task_queue, settings.env) == ("admin@localhost", "leadline", "development")
    assert settings.webhooks_kept == timedelta(days=90)
    assert settings.home == Path(".leadline")
    assert settings.retell_api_key is None
    assert settings.reachable_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("environ", "field", "value"),
    [
        pytest.param({"PORT": "9000"}, "port", 9000, id="port-of-a-platform"),
        pytest.param({"PORT": "9000", "LEADLINE_PORT": "9001"}, "port", 9001, id="own-port-wins"),
        pytest.param({"LEADLINE_PORT": ""}, "port", 8000, id="empty-is-absent"),
        pytest.param({"LEADLINE_RATE_LIMIT": "OFF"}, "rate_limit", "off", id="no-limit"),
        pytest.param({"LEADLINE_CORS_ORIGINS": "https://a.test, https://b.test,"}, "cors_origins",
                     ("https://a.test", "https://b.test"), id="list-by-commas"),
        pytest.param({"LEADLINE_PUBLIC_URL": "https://calls.test/"}, "public_url", "https://calls.test", id="no-slash"),
        pytest.param({"LEADLINE_WORKER_PORT": "0"}, "worker_port", 0, id="any-worker-port"),
        pytest.param({"LEADLINE_WEBHOOK_RETENTION_DAYS": "7"}, "webhooks_kept", timedelta(days=7), id="a-week"),
        pytest.param({"LEADLINE_WEBHOOK_RETENTION_DAYS": "0"}, "webhooks_kept", None, id="for-good"),
        pytest.param({"LEADLINE_WEBHOOK_RETENTION_DAYS": " "}, "webhooks_kept", timedelta(days=90), id="empty-days"),
    ],
)  # fmt: skip
def test_a_value_is_read_as_its_kind(environ: dict[str, str], field: str, value: object) -> None:
    assert getattr(load_settings(environ), field) == value


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param({"LEADLINE_PROT": "1"}, "LEADLINE_PROT is no setting .* mean LEADLINE_PORT", id="typo"),
        pytest.param({"LEADLINE_QQQQ": "1"}, "LEADLINE_QQQQ is no setting of Leadline; remove it", id="nonsense"),
        pytest.param({"LEADLINE_PORT": "70000"}, "LEADLINE_PORT: ", id="port-too-high"),
        pytest.param({"PORT": "eighty"}, "LEADLINE_PORT: ", id="port-no-number"),
        pytest.param({"LEADLINE_RATE_LIMIT": "often"}, "LEADLINE_RATE_LIMIT: must be a rate", id="rate"),
        pytest.param({"LEADLINE_RATE_LIMIT": "0/minute"}, "LEADLINE_RATE_LIMIT: must be a rate", id="rate-of-nothing"),
        pytest.param({"LEADLINE_CORS_ORIGINS": "https://a.test,*"}, "LEADLINE_CORS_ORIGINS: must be", id="star"),
        pytest.param({"LEADLINE_CORS_ORIGINS": "https://a.test/x"}, "LEADLINE_CORS_ORIGINS: must be", id="origin-path"),
        pytest.param(
            {"LEADLINE_ENV": "production", "LEADLINE_JWT_SECRET": "s" * 32, "LEADLINE_JWT_OLD_SECRETS": "x"},
            "LEADLINE_JWT_OLD_SECRETS must have at least 32",
            id="short-old-secret",
        ),
        pytest.param({"LEADLINE_MAX_CALL_SECONDS": "5"}, "LEADLINE_MAX_CALL_SECONDS: ", id="call-shorter-than-retell"),
        pytest.param({"LEADLINE_ENV": "staging"}, "LEADLINE_ENV: .*production", id="unknown-env"),
        pytest.param({"LEADLINE_ENV": "production"}, "LEADLINE_JWT_SECRET is required", id="production-needs-a-secret"),
        pytest.param({"DATABASE_URL": "mysql://x"}, "DATABASE_URL: must be an address such as postgresql", id="mysql"),
        pytest.param({"LEADLINE_PUBLIC_URL": "calls.test"}, "LEADLINE_PUBLIC_URL: must be an address", id="url"),
        pytest.param({"LEADLINE_RECORDINGS_URL": "/elsewhere"}, "LEADLINE_RECORDINGS_URL: must begin", id="recordings"),
        pytest.param({"DATABASE_POOL_SIZE": "0"}, "DATABASE_POOL_SIZE: ", id="no-connections"),
    ],
)
def test_an_unknown_or_impossible_value_stops_with_one_line(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings(environ)
    assert "\n" not in str(caught.value)


SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"DATABASE_URL": f"mysql://me:{SECRET}@host/x"}, id="database-password"),
        pytest.param({"DATABASE_URL": f"postgresql://me:{SECRET}/@host:x/y"}, id="odd-port"),
        pytest.param({"LEADLINE_ENV": "production", "LEADLINE_JWT_SECRET": SECRET}, id="short-secret"),
        pytest.param({"RETELL_API_KEY": SECRET, "LEADLINE_PORT": "x"}, id="key-beside-an-error"),
    ],
)
def test_a_secret_is_never_repeated_in_the_error(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_settings_print_without_their_secrets() -> None:
    secretive = load_settings(
        {
            "DATABASE_URL": f"postgresql://me:{SECRET}@host/x",
            "RETELL_API_KEY": SECRET,
            "RETELL_WEBHOOK_KEYS": f"{SECRET},other",
            "LEADLINE_JWT_OLD_SECRETS": SECRET,
            "TEMPORAL_API_KEY": SECRET,
            "SLACK_WEBHOOK_URL": f"https://hooks.test/{SECRET}",
        }
    )
    assert SECRET not in repr(secretive)
    assert [key.get_secret_value() for key in secretive.retell_webhook_keys] == [SECRET, "other"]
    assert secretive.temporal_environment == {"TEMPORAL_API_KEY": SECRET}


def test_without_a_database_the_error_says_what_to_set() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        _ = Settings().primary_url


def test_the_direct_and_the_replica_address_fall_back_on_the_primary() -> None:
    settings = load_settings({"DATABASE_URL": "postgresql://h/x", "DATABASE_REPLICA_URL": "postgresql://r/x"})
    assert (settings.direct_url, settings.replica_url) == ("postgresql://h/x", "postgresql://r/x")


def test_addresses_of_accounts_are_a_list_of_web_addresses() -> None:
    settings = load_settings({"LEADLINE_ACCOUNT_URLS": "https://eu.example.com/, http://127.0.0.1:9999"})
    assert settings.account_urls == ("https://eu.example.com", "http://127.0.0.1:9999")
    with pytest.raises(SettingsError, match="LEADLINE_ACCOUNT_URLS"):
        load_settings({"LEADLINE_ACCOUNT_URLS": "ftp://example.com"})


def test_each_kind_of_account_has_the_key_and_the_address_that_the_environment_names() -> None:
    given = {"RETELL_API_KEY": "key_1", "LEADLINE_SIMULATOR_KEY": "key_2"}
    assert load_settings(given).provider_keys == {"retell": "key_1"}, "a simulator is one by its address"
    settings = load_settings(given | {"LEADLINE_SIMULATOR_URL": "http://127.0.0.1:8100/"})
    assert settings.provider_keys == {"retell": "key_1", "simulator": "key_2"}
    assert settings.provider_urls == {"simulator": "http://127.0.0.1:8100"}
