"""How long recordings stay: those are to be deleted that their campaign, or the organisation, keeps no longer."""

from datetime import datetime

from sqlalchemy import ColumnElement, Subquery, func, literal_column, null, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from domain.recordings import RecordingDeletion
from storage.models import AttemptRow, CampaignRow, InboundCallRow
from storage.models.calls import KEPT, RECORDED_AT
from storage.recordings import RecordedTable, order_deletion


async def order_retention(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Order those to be deleted whose time is over, so many of each kind; from the commit on nobody hears them.

    Campaigns say how long. What no campaign has is kept as long as the organisation keeps anything that it deletes at
    all: as its campaign with the most days says.
    """
    known = select(CampaignRow.organization_id, CampaignRow.id, CampaignRow.recording_days.label("days"))
    of_campaigns = known.where(CampaignRow.recording_days.is_not(None)).subquery("kept_for")
    most = func.max(CampaignRow.recording_days)
    whole = select(CampaignRow.organization_id, null().label("id"), most.label("days"))
    of_nobody = whole.group_by(CampaignRow.organization_id).having(most.is_not(None)).subquery("kept_for")
    rang = InboundCallRow
    nobodys = (rang.organization_id == of_nobody.c.organization_id) & rang.campaign_id.is_(None)
    campaigns_own = (rang.organization_id == of_campaigns.c.organization_id) & (rang.campaign_id == of_campaigns.c.id)
    attempts_own = AttemptRow.campaign_id == of_campaigns.c.id
    kinds = ((AttemptRow, of_campaigns, attempts_own), (rang, of_campaigns, campaigns_own), (rang, of_nobody, nobodys))
    return sum([await _order_oldest(session, *kind, now=now, limit=limit) for kind in kinds])


async def _order_oldest(
    session: AsyncSession,
    table: RecordedTable,
    kept_for: Subquery,
    own: ColumnElement[bool],
    *,
    now: datetime,
    limit: int,
) -> int:
    """Of each owner the oldest first, as they stand in the index: of all that is kept, only what goes is read."""
    is_over = _recorded_at() < now - func.make_interval(0, 0, 0, kept_for.c.days)
    oldest = select(table.id).where(own, KEPT, is_over).order_by(_recorded_at()).limit(limit).lateral("oldest")
    due = select(oldest.c.id).select_from(kept_for).join(oldest, true())
    due_ids = due.limit(limit).cte("due").prefix_with("MATERIALIZED")
    locked = (
        select(table.id)
        .join(due_ids, due_ids.c.id == table.id)
        .where(KEPT)
        .with_for_update(key_share=True, skip_locked=True, of=table)
        .cte("locked")
        .prefix_with("MATERIALIZED")
    )
    return await order_deletion(session, table, table.id == locked.c.id, RecordingDeletion.RETENTION)


def _recorded_at() -> ColumnElement[datetime]:
    """In the very words of the index."""
    return literal_column(RECORDED_AT.text)
