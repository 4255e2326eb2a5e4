"""What one stack consists of: chosen once, from the settings and the ports that are free."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.embedded.home import Home
from runtime.embedded.ports import PortClaims
from runtime.embedded.postgres import PostgresCluster
from runtime.embedded.temporal_server import TemporalServer
from runtime.settings import Settings
from runtime.temporal_client import target

USUAL_PORTS: Mapping[str, int] = {"api": 8000, "temporal": 7233, "temporal_ui": 8233, "postgres": 5433}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The choices for one start. ``cluster`` and ``temporal`` are None where the environment names servers."""

    home: Home
    settings: Settings
    cluster: PostgresCluster | None
    postgres_port: int
    temporal: TemporalServer | None
    api_port: int
    worker_port: int
    simulator_port: int | None
    admin_password: str
    password_is_new: bool

    @property
    def database_url(self) -> str:
        """Where the children find PostgreSQL."""
        return self.cluster.dsn(self.postgres_port) if self.cluster else self.settings.primary_url

    @property
    def api_url(self) -> str:
        """Where the API answers on this machine."""
        host = self.settings.host
        reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        return f"http://{reachable}:{self.api_port}"

    @property
    def simulator_url(self) -> str | None:
        """Where the pretend provider answers, None where a real account is used."""
        return f"http://127.0.0.1:{self.simulator_port}" if self.simulator_port else None

    def addresses(self) -> dict[str, str | None]:
        """What addresses.json says."""
        return {
            "api": self.api_url,
            "temporal": self.temporal.address if self.temporal else target(self.settings),
            "temporal_ui": f"http://127.0.0.1:{self.temporal.ui_port}" if self.temporal else None,
            "postgres": self.database_url,
            "simulator": self.simulator_url,
            "worker": f"http://127.0.0.1:{self.worker_port}",
        }

    def child_variables(self) -> dict[str, str]:
        """What API and worker are told about this stack."""
        jwt_secret = self.settings.jwt_secret
        told = {
            "DATABASE_URL": self.database_url,
            "LEADLINE_HOME": str(self.home.folder),
            "LEADLINE_HOST": self.settings.host,
            "LEADLINE_PORT": str(self.api_port),
            "LEADLINE_WORKER_PORT": str(self.worker_port),
            "LEADLINE_PUBLIC_URL": self.settings.public_url or self.api_url,
            "LEADLINE_ADMIN_EMAIL": self.settings.admin_email,
            "LEADLINE_ADMIN_PASSWORD": self.admin_password,
            "LEADLINE_SECRETS_KEY": self._secrets_key(),
            "LEADLINE_JWT_SECRET": jwt_secret.get_secret_value() if jwt_secret else self.home.secret("jwt_secret")[0],
        }
        if self.temporal is not None:
            told |= self.temporal.environment()
        if self.simulator_url is not None:
            told |= {"LEADLINE_SIMULATOR_URL": self.simulator_url, "LEADLINE_SIMULATOR_KEY": self.simulator_key()}
        return told

    def _secrets_key(self) -> str:
        """What secrets of accounts are sealed under; the one that was made here stays known beside given ones."""
        made = self.home.secret("secrets_key")[0]
        given = [key.get_secret_value() for key in self.settings.secrets_keys]
        return ",".join(dict.fromkeys([*given, made]))

    def simulator_key(self) -> str:
        """The key that the simulator accepts and signs with."""
        return self.home.secret("simulator_key")[0]


@dataclass(frozen=True, slots=True)
class PortChooser:
    """Claims the ports of one stack: the usual ones, or such as nobody is told about."""

    claims: PortClaims
    private: bool

    def choose(self, name: str, named: int | None, variable: str, host: str = "127.0.0.1") -> int:
        """The named port, else the usual or the next free one, else (for a private stack) any.

        Raises:
            PortTaken: The named port is taken.
        """
        if named is None and self.private:
            return self.claims.claim_private()
        return self.claims.claim(named=named, usual=USUAL_PORTS[name], variable=variable, host=host)

    def choose_any(self) -> int:
        """A port for something that people do not visit."""
        return self.claims.claim_private()


def make_plan(home: Home, settings: Settings, cluster: PostgresCluster | None, ports: PortChooser) -> Plan:
    """Choose everything that has to be known before the first part starts.

    Raises:
        PortTaken: A port that the environment names is taken.
    """
    given = settings.admin_password
    password, new = (given.get_secret_value(), False) if given else home.secret("admin_password", length_bytes=12)
    named_api = settings.port if "port" in settings.model_fields_set and settings.port else None
    return Plan(
        home=home,
        settings=settings,
        cluster=cluster,
        postgres_port=ports.choose("postgres", settings.postgres_port, "LEADLINE_POSTGRES_PORT") if cluster else 0,
        temporal=_temporal(home, settings, ports),
        api_port=ports.choose("api", named_api, "LEADLINE_PORT", settings.host),
        worker_port=settings.worker_port or ports.choose_any(),
        simulator_port=None if settings.retell_api_key else ports.choose_any(),
        admin_password=password,
        password_is_new=new,
    )


def _temporal(home: Home, settings: Settings, ports: PortChooser) -> TemporalServer | None:
    if "TEMPORAL_ADDRESS" in settings.temporal_environment:
        return None
    return TemporalServer(
        database=home.folder / "temporal.db",
        namespace=settings.temporal_environment.get("TEMPORAL_NAMESPACE", "default"),
        port=ports.choose("temporal", settings.temporal_port, "LEADLINE_TEMPORAL_PORT"),
        ui_port=ports.choose("temporal_ui", settings.temporal_ui_port, "LEADLINE_TEMPORAL_UI_PORT"),
        metrics_port=ports.choose_any(),
        http_port=ports.choose_any(),
    )
