"""How busy the slots were, and whose calls were in them, by the simulator's log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Call:
    """Live from when the provider took it until it ended; ``ended_at`` of none: it still is."""

    campaign_id: str
    accepted_at: datetime
    ended_at: datetime | None


def busy_seconds(calls: Sequence[Call], since: datetime, until: datetime) -> float:
    """All the seconds that calls took of slots within a time."""
    return sum(_overlap(call, since, until) for call in calls)


def most_live(calls: Sequence[Call]) -> int:
    """The most calls that were live at one instant; one that ends then makes room for one that begins."""
    changes = [(call.accepted_at, 1) for call in calls]
    changes += [(call.ended_at, -1) for call in calls if call.ended_at is not None]
    live = most = 0
    for _, change in sorted(changes):
        live += change
        most = max(most, live)
    return most


def fairness(calls: Sequence[Call], campaigns: Sequence[str], since: datetime, until: datetime) -> float:
    """Jain's index over the seconds that each campaign had of the slots: 1 where all had the same."""
    shares: Mapping[str, float] = {
        campaign: busy_seconds([call for call in calls if call.campaign_id == campaign], since, until)
        for campaign in campaigns
    }
    squares = sum(share * share for share in shares.values())
    return sum(shares.values()) ** 2 / (len(shares) * squares) if squares else 0.0


def _overlap(call: Call, since: datetime, until: datetime) -> float:
    begins, ends = max(call.accepted_at, since), min(call.ended_at or until, until)
    return max((ends - begins).total_seconds(), 0.0)
