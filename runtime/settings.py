"""Everything the environment may say, read once at a process edge and passed on as a value."""

import difflib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from runtime.public_address import is_public
from runtime.setting_values import (
    CommaSeparatedUrls,
    Dsn,
    HttpUrl,
    Origins,
    Port,
    Rate,
    RecordingsUrl,
    SecretsList,
)

PREFIX = "LEADLINE_"
TEMPORAL_PREFIX = "TEMPORAL_"
PLATFORM_PORT = "PORT"
SHORTEST_PRODUCTION_SECRET = 32  # characters; HMAC-SHA256 wants a key as long as its digest


class SettingsError(Exception):
    """The environment says something unknown or impossible; the message is one line for the person who set it."""


def _check_length(name: str, secret: SecretStr) -> None:
    if len(secret.get_secret_value()) < SHORTEST_PRODUCTION_SECRET:
        raise ValueError(f"{name} must have at least {SHORTEST_PRODUCTION_SECRET} characters")


class Settings(BaseModel):
    """The environment of CONTRACT, typed. Secrets print as asterisks; URLs of databases are never logged."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid", hide_input_in_errors=True)

    database_url: Dsn | None = Field(None, validation_alias="DATABASE_URL", repr=False)
    database_direct_url: Dsn | None = Field(None, validation_alias="DATABASE_DIRECT_URL", repr=False)
    database_replica_url: Dsn | None = Field(None, validation_alias="DATABASE_REPLICA_URL", repr=False)
    database_pool_size: int = Field(20, ge=1, le=1_000, validation_alias="DATABASE_POOL_SIZE")
    database_behind_pooler: bool = Field(False, validation_alias="LEADLINE_PGBOUNCER")

    retell_api_key: SecretStr | None = Field(None, validation_alias="RETELL_API_KEY")
    retell_base_url: HttpUrl | None = Field(None, validation_alias="RETELL_BASE_URL")
    retell_webhook_keys: SecretsList = Field((), validation_alias="RETELL_WEBHOOK_KEYS")
    account_urls: CommaSeparatedUrls = Field((), validation_alias="LEADLINE_ACCOUNT_URLS")
    simulator_url: HttpUrl | None = Field(None, validation_alias="LEADLINE_SIMULATOR_URL")
    simulator_key: SecretStr | None = Field(None, validation_alias="LEADLINE_SIMULATOR_KEY")

    host: str = Field("127.0.0.1", validation_alias="LEADLINE_HOST")
    port: Port = Field(8000, validation_alias="LEADLINE_PORT")
    public_url: HttpUrl | None = Field(None, validation_alias="LEADLINE_PUBLIC_URL")
    cors_origins: Origins = Field((), validation_alias="LEADLINE_CORS_ORIGINS")
    rate_limit: Rate = Field("100/minute", validation_alias="LEADLINE_RATE_LIMIT")
    admin_email: str = Field("admin@localhost", pattern=r"^\S+@\S+$", validation_alias="LEADLINE_ADMIN_EMAIL")
    api_key: SecretStr | None = Field(None, validation_alias="LEADLINE_API_KEY")
    admin_password: SecretStr | None = Field(None, validation_alias="LEADLINE_ADMIN_PASSWORD")
    jwt_secret: SecretStr | None = Field(None, validation_alias="LEADLINE_JWT_SECRET")
    jwt_old_secrets: SecretsList = Field((), validation_alias="LEADLINE_JWT_OLD_SECRETS")
    secrets_keys: SecretsList = Field((), validation_alias="LEADLINE_SECRETS_KEY")
    jwt_days: int = Field(60, ge=1, le=3_650, validation_alias="LEADLINE_JWT_DAYS")

    max_call_seconds: int = Field(300, ge=60, le=7_200, validation_alias="LEADLINE_MAX_CALL_SECONDS")
    task_queue: str = Field("leadline", min_length=1, validation_alias="LEADLINE_TASK_QUEUE")
    temporal_retention_days: int = Field(30, ge=1, le=3_650, validation_alias="LEADLINE_TEMPORAL_RETENTION_DAYS")
    worker_port: Port | None = Field(None, validation_alias="LEADLINE_WORKER_PORT")
    temporal_environment: Mapping[str, str] = Field(default_factory=dict, repr=False)

    webhook_retention_days: int = Field(90, ge=0, le=3_650, validation_alias="LEADLINE_WEBHOOK_RETENTION_DAYS")
    import_max_mib: int = Field(200, ge=1, le=4_096, validation_alias="LEADLINE_IMPORT_MAX_MIB")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        "INFO", validation_alias="LEADLINE_LOG_LEVEL"
    )
    env: Literal["development", "test", "production"] = Field("development", validation_alias="LEADLINE_ENV")
    home: Path = Field(Path(".leadline"), validation_alias="LEADLINE_HOME")
    temporal_port: Port | None = Field(None, validation_alias="LEADLINE_TEMPORAL_PORT")
    temporal_ui_port: Port | None = Field(None, validation_alias="LEADLINE_TEMPORAL_UI_PORT")
    postgres_port: Port | None = Field(None, validation_alias="LEADLINE_POSTGRES_PORT")

    pagerduty_routing_key: SecretStr | None = Field(None, validation_alias="PAGERDUTY_ROUTING_KEY")
    pagerduty_events_url: HttpUrl = Field(
        "https://events.pagerduty.com/v2/enqueue", validation_alias="PAGERDUTY_EVENTS_URL"
    )
    slack_webhook_url: SecretStr | None = Field(None, validation_alias="SLACK_WEBHOOK_URL")
    recordings_url: RecordingsUrl | None = Field(None, validation_alias="LEADLINE_RECORDINGS_URL")

    @model_validator(mode="after")
    def _production_brings_its_own_secret(self) -> Self:
        if self.env == "production":
            if self.jwt_secret is None:
                raise ValueError("LEADLINE_JWT_SECRET is required when LEADLINE_ENV=production")
            _check_length("LEADLINE_JWT_SECRET", self.jwt_secret)
            for secret in self.jwt_old_secrets:
                _check_length("LEADLINE_JWT_OLD_SECRETS", secret)
        return self

    @field_validator("secrets_keys")
    @classmethod
    def _secrets_are_long(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < SHORTEST_PRODUCTION_SECRET for key in keys):
            raise ValueError(f"each key must have at least {SHORTEST_PRODUCTION_SECRET} characters")
        return keys

    @property
    def primary_url(self) -> str:
        """Where the truth is kept.

        Raises:
            SettingsError: No DATABASE_URL was given.
        """
        if self.database_url is None:
            raise SettingsError("DATABASE_URL is not set; name a PostgreSQL, or let ./leadline up bring one.")
        return self.database_url

    @property
    def direct_url(self) -> str:
        """Past a connection pooler: what needs a session of its own (LISTEN, session locks)."""
        return self.database_direct_url or self.primary_url

    @property
    def replica_url(self) -> str:
        """Where reads may be a little behind."""
        return self.database_replica_url or self.primary_url

    @property
    def reachable_url(self) -> str:
        """Where the provider reaches the webhook, without a slash at the end."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def provider_keys(self) -> Mapping[str, str]:
        """The environment's key for each kind of account that it has one for, in the clear."""
        keys: dict[str, str] = {}
        if self.retell_api_key is not None:
            keys["retell"] = self.retell_api_key.get_secret_value()
        if self.simulator_url is not None and self.simulator_key is not None:
            keys["simulator"] = self.simulator_key.get_secret_value()
        return keys

    @property
    def provider_urls(self) -> Mapping[str, str]:
        """Where each kind of account is, as far as the environment says so."""
        configured = {"retell": self.retell_base_url, "simulator": self.simulator_url}
        return {kind: url for kind, url in configured.items() if url is not None}

    @property
    def sends_events_to_loopback(self) -> bool:
        """Whether events may go to this machine, unencrypted too: where things are tried out."""
        return self.env != "production"

    @property
    def webhooks_get_lost(self) -> bool:
        """Whether real calls are made, and Retell can't reach us to tell what becomes of them."""
        return self.retell_api_key is not None and not is_public(self.reachable_url)

    @property
    def webhooks_kept(self) -> timedelta | None:
        """For how long it is kept what webhooks reported; None: for good."""
        return timedelta(days=self.webhook_retention_days) if self.webhook_retention_days else None

    @property
    def recordings_location(self) -> str:
        """Where recordings are kept for good."""
        return self.recordings_url or (self.home.absolute() / "recordings").as_uri()


def _variables() -> list[str]:
    """The names of all variables that a field is read from."""
    aliases = (field.validation_alias for field in Settings.model_fields.values())
    return [alias for alias in aliases if isinstance(alias, str)]


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from an environment. An empty value counts as absent.

    Raises:
        SettingsError: A ``LEADLINE_`` variable is unknown, or a value is impossible. Values are never repeated in the
            message, since some are secrets.
    """
    known = _variables()
    for name in environ:
        if name.startswith(PREFIX) and name not in known:
            raise SettingsError(_unknown(name, known))
    given: dict[str, object] = {name: environ[name].strip() for name in known if environ.get(name, "").strip()}
    if environ.get(PLATFORM_PORT, "").strip():  # what container platforms set
        given.setdefault("LEADLINE_PORT", environ[PLATFORM_PORT].strip())
    given["temporal_environment"] = {
        name: value for name, value in environ.items() if name.startswith(TEMPORAL_PREFIX) and value
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError(_impossible(error)) from None


def _unknown(name: str, known: list[str]) -> str:
    ours = [other.removeprefix(PREFIX) for other in known if other.startswith(PREFIX)]
    near = difflib.get_close_matches(name.removeprefix(PREFIX), ours, n=1)
    remedy = f"did you mean {PREFIX}{near[0]}?" if near else "remove it."
    return f"{name} is no setting of Leadline; {remedy}"


def _impossible(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        said = problem["msg"].removeprefix("Value error, ")
        name = ".".join(str(step) for step in problem["loc"][:1])
        lines.append(f"{name}: {said[0].lower() + said[1:]}" if name else said)
    return "; ".join(lines) + "."
