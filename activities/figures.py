"""How things stand, as Prometheus reads it: asked of the database at each scrape."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from typing_extensions import override

from storage import figures
from storage.figures import Figures

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 2.0


class StandingFigures(Collector):
    """Every worker reads the same: they are to be compared, never added up.

    While the database is away there are none, rather than old ones.
    """

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        registry: CollectorRegistry,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._latest: Figures | None = None
        registry.register(self)

    async def refresh(self) -> None:
        """Read them anew, for the scrape that follows. Never raises for a database that is away or slow."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._sessions() as session:
                self._latest = await figures.read_figures(session, self._clock())
        except (SQLAlchemyError, OSError) as error:  # a timeout is one of the system's
            self._latest = None
            log.warning("figures_unread", error=type(error).__name__)

    @override
    def collect(self) -> Iterable[Metric]:
        latest = self._latest
        return [] if latest is None else _families(latest)


def _families(latest: Figures) -> Iterable[Metric]:
    yield _gauge("leadline_live_calls", "Slots that calls hold", latest.live_calls)
    yield _gauge("leadline_leads_due", "Leads of running campaigns that are due and wait", latest.leads_due)
    yield _gauge(
        "leadline_leads_to_hand_over", "Leads that the engine has no workflow of yet", latest.leads_to_hand_over
    )
    yield _gauge("leadline_attempts_overdue", "Open calls that should have been looked after", latest.attempts_overdue)
    parked = GaugeMetricFamily("leadline_parked", "What was parked at a refusal", labels=["what"])
    parked.add_metric(["account"], latest.accounts_parked)
    parked.add_metric(["number_pool"], latest.number_pools_parked)
    parked.add_metric(["campaign"], latest.campaigns_parked)
    yield parked
    if latest.limits_read_at is not None:
        yield _gauge(
            "leadline_provider_limits_read_timestamp_seconds",
            "When the oldest of the providers' own figures that are in force was read",
            latest.limits_read_at.timestamp(),
        )


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)
