"""No telemarketing by a copy of a do-not-call registry that is too old."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.problems import Conflict
from domain.registry_age import REGISTRY_LIFE, is_too_old
from storage.do_not_call_lists import registries
from storage.models import CampaignRow, DoNotCallListRow


async def check_registries(session: AsyncSession, campaign: CampaignRow, now: datetime) -> None:
    """Whether the organisation's registry lists let this campaign begin.

    Raises:
        Conflict: it is telemarketing, and one of them is too old or was never imported to its end.
    """
    problem = await too_old_registry(session, campaign, now)
    if problem is not None:
        raise Conflict(f"{problem} {REMEDY}")


async def too_old_registry(session: AsyncSession, campaign: CampaignRow, now: datetime) -> str | None:
    """What is wrong with the first registry list that keeps this campaign from beginning; None where none does."""
    if campaign.purpose != "telemarketing":
        return None
    return next(iter(await too_old_registries(session, campaign.organization_id, now)), None)


async def too_old_registries(session: AsyncSession, organization_id: UUID, now: datetime) -> Sequence[str]:
    """What is wrong with each registry list that keeps telemarketing from beginning, the oldest first."""
    rows = await registries(session, organization_id)
    return [_age(row, now) for row in rows if row.refreshed_at is None or is_too_old(row.refreshed_at, now)]


def _age(row: DoNotCallListRow, now: datetime) -> str:
    if row.refreshed_at is None:
        return f"The registry list {row.name} was never imported to its end."
    days = (now - row.refreshed_at).days
    return (
        f"The registry list {row.name} was last brought up to date more than {days} days ago,"
        f" on {row.refreshed_at:%Y-%m-%d}; telemarketing needs one that is at most {REGISTRY_LIFE.days} days old."
    )


REMEDY = "Import it anew under the same name (POST /api/v1/do-not-call/import), or delete the list."
