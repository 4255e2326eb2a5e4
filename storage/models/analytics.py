"""What analytics are read from: facts of calls and leads, and their sums. Derived: all of it can be made anew."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Owned


class AnalyticsMarkRow(Base):
    """That a call, a lead or a campaign isn't yet in the figures as it stands; triggers write it with the change.

    Without foreign keys, and read in the order of its ids: it is written where calls end.
    """

    __tablename__ = "analytics_marks"
    __table_args__ = (
        CheckConstraint("kind in ('call', 'lead', 'campaign')", name="kind"),
        Index("ix_analytics_marks_calls", "id", postgresql_where=text("kind = 'call'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    target_id: Mapped[UUID]
    noted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class AnalyticsProgressRow(Base):
    """One row: everything that was committed before ``as_of`` is in the figures."""

    __tablename__ = "analytics_progress"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    as_of: Mapped[datetime]


class CallFactRow(Base, Owned):
    """One row a settled attempt or inbound call, under its id.

    ``local_weekday`` (0 is Monday) and ``local_hour`` are of ``started_at`` on the clock of the lead's first zone.
    ``price_per_minute`` is the pool's when the call was first counted, and ``cost_cents`` the provider's cost and that.
    """

    __tablename__ = "call_facts"
    __table_args__ = (
        Index(None, "lead_id"),
        Index(None, "organization_id", "started_at"),
        Index("ix_call_facts_judged", "campaign_id", postgresql_where=text("disposition is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID | None]
    lead_id: Mapped[UUID | None]
    is_inbound: Mapped[bool]
    number: Mapped[int | None]
    account_id: Mapped[UUID]
    number_pool_id: Mapped[UUID | None]
    caller_id: Mapped[str | None]
    agent_id: Mapped[str | None]
    agent_version: Mapped[int | None]
    source: Mapped[str | None]
    outcome: Mapped[str]
    disposition: Mapped[str | None]
    is_success: Mapped[bool]
    is_reached: Mapped[bool]
    counts: Mapped[bool]
    started_at: Mapped[datetime]
    local_weekday: Mapped[int | None]
    local_hour: Mapped[int | None]
    duration_ms: Mapped[int]
    price_per_minute: Mapped[Decimal | None]
    cost_cents: Mapped[Decimal]


class LeadFactRow(Base, Owned):
    """One row a lead, under its id. ``attempts_to_reach``: calls that count, up to the first that reached somebody."""

    __tablename__ = "lead_facts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID]
    source: Mapped[str | None]
    outcome: Mapped[str | None]
    created_at: Mapped[datetime]
    is_called: Mapped[bool]
    is_reached: Mapped[bool]
    is_success: Mapped[bool]
    attempts: Mapped[int]
    attempts_to_reach: Mapped[int | None]


class _Summed:
    """Sums over a day or an hour of UTC. ``dimension`` says what ``key`` and ``number`` are."""

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)  # no foreign key: it is looked at for each sum
    dimension: Mapped[str] = mapped_column(primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class CallSumRow(Base, _Summed):
    """Of calls, by when they began.

    ``agent``: its id and version (-1: none); ``source``: the lead's; ``clock``: the hour of the week on the lead's
    clock, 0 is Monday's first. Each call is in each dimension once; ``clock`` has only those of ours that count.
    A ``campaign_id`` of zeros is none.
    """

    __tablename__ = "call_sums"
    __table_args__ = (
        Index("ix_call_sums_spent", "campaign_id", postgresql_where=text("dimension = 'source' and grain = 'day'")),
    )

    calls: Mapped[int] = mapped_column(BigInteger)
    reached: Mapped[int] = mapped_column(BigInteger)
    succeeded: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[int] = mapped_column(BigInteger)
    inbound: Mapped[int] = mapped_column(BigInteger)
    inbound_reached: Mapped[int] = mapped_column(BigInteger)
    inbound_succeeded: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    talk_ms: Mapped[int] = mapped_column(BigInteger)
    cost_cents: Mapped[Decimal]


class LeadSumRow(Base, _Summed):
    """Of leads, by when they came in.

    ``source``: theirs; ``outcome``: theirs, empty while they aren't done; ``reach``: the attempts to reach them.
    """

    __tablename__ = "lead_sums"

    leads: Mapped[int] = mapped_column(BigInteger)
    called: Mapped[int] = mapped_column(BigInteger)
    reached: Mapped[int] = mapped_column(BigInteger)
    succeeded: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(BigInteger)
