"""What is known of any call, whoever rang whom, and what becomes of its recording."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Integer, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.recordings import RecordingDeletion
from storage.models.base import one_of

TO_FETCH = text(
    "recording_url is not null and recording_fetched_at is null"
    " and recording_given_up_at is null and recording_deletion is null"
)
TO_DELETE = text("recording_deletion is not null and recording_path is not null")
KEPT = text("recording_fetched_at is not null and recording_deletion is null")
RECORDED_AT = text("coalesce(ended_at, recording_fetched_at)")
"""From when on the days of a campaign's retention are counted."""


class Reported:
    """What the provider reports of a call, and what it came to.

    ``transcript`` and ``utterances`` are of one report, and ``transcript_reach`` says how far it goes
    (``domain/transcripts.py``). ``flags``: which phrases were said that the campaign listens for.
    ``callback_problem``: why a call-back that was promised can't be kept. From ``erased_at`` on nothing that is
    reported brings back a word, a number or a link.
    """

    provider_status: Mapped[str | None]
    disconnection_reason: Mapped[str | None]
    agent_id: Mapped[str | None]
    agent_version: Mapped[int | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    analyzed_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None]
    transcript: Mapped[str | None]
    utterances: Mapped[list[dict[str, Any]] | None]
    transcript_reach: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    analysis: Mapped[dict[str, Any] | None]
    latency: Mapped[dict[str, Any] | None]
    cost_cents: Mapped[Decimal | None]
    transfer_destination: Mapped[str | None]
    flags: Mapped[list[dict[str, Any]] | None]

    outcome: Mapped[str | None]
    disposition: Mapped[str | None]
    callback_at: Mapped[str | None]
    callback_problem: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class Recorded:
    """A call's recording, on its way to us, in our store, or gone.

    ``recording_url`` is the provider's link, which may die within minutes and is for nobody's eyes. From the first try
    to fetch the recording on, ``recording_path`` says where in our store it is or is going to be; it is there since
    ``recording_fetched_at``, and ``recording_digest`` is its SHA-256. ``recording_try_at``: until then somebody is at
    work on it, or it is left alone. ``recording_deletion`` orders that it be deleted and never fetched (again), and
    from then on no link is kept; ``recording_path`` is empty again from ``recording_deleted_at`` on, when it is gone.
    """

    recording_url: Mapped[str | None]
    recording_path: Mapped[str | None]
    recording_bytes: Mapped[int | None] = mapped_column(BigInteger)
    recording_type: Mapped[str | None]
    recording_digest: Mapped[str | None]
    recording_fetched_at: Mapped[datetime | None]
    recording_tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    recording_try_at: Mapped[datetime | None]
    recording_problem: Mapped[str | None]
    recording_given_up_at: Mapped[datetime | None]
    recording_deletion: Mapped[str | None]
    recording_deleted_at: Mapped[datetime | None]


def check_of_recordings() -> CheckConstraint:
    """For each table of recorded calls."""
    return CheckConstraint(one_of("recording_deletion", RecordingDeletion), name="recording_deletion")
