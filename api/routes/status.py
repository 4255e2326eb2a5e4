"""How the organisation stands now."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import Deps, Reader, Session
from api.schemas.fields import Instant
from api.schemas.standing import StatusAnswer
from api.standing import standing_of

router = APIRouter(prefix="/api/v1/status", tags=["status"])


@router.get("", summary="What runs, who is due, and what holds them up")
async def get_status(
    principal: Reader,
    session: Session,
    deps: Deps,
    today_since: Annotated[
        Instant | None,
        Query(description="When today began where you are, within 48 hours of now; midnight of UTC unless given"),
    ] = None,
) -> StatusAnswer:
    """Cheap enough to be asked every few seconds, whatever number of leads there is."""
    return await standing_of(deps, session, principal, today_since=today_since)
