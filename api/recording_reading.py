"""Whether somebody may hear a recording, what to say where there is none, and that it is noted who heard it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import Forbidden, NotFound, Unavailable
from domain.recordings import RecordingDeletion, RecordingProblem, file_suffix
from storage.call_lists import get_any_call
from storage.models import AttemptRow, CampaignRow, InboundCallRow
from storage.organizations import has_audit_entry
from storage.recording_store import RecordingMissing, StoreError

log = structlog.get_logger(__name__)

Call = AttemptRow | InboundCallRow

HEARD = "recording.heard"
ONE_HEARING = timedelta(minutes=10)
"""A player asks for many parts of what one person hears once."""

FOR_STRANGERS = frozenset({"admin", "operator"})
"""Who hears people whom no campaign knows, and of whom therefore none says who may."""

SOON = {"Retry-After": "5"}

_WHY: Mapping[str, str] = {
    RecordingProblem.LINK_DEAD: "the provider's link to it was dead, and so were those that it gave later",
    RecordingProblem.LINK_FORBIDDEN: "the provider's link leads to where no recordings are kept",
    RecordingProblem.UNREACHABLE: "the place where the provider keeps it couldn't be reached",
    RecordingProblem.NO_RECORDING: "what the provider's link leads to is no recording",
    RecordingProblem.TOO_LARGE: "it is larger than any call could be",
}


@dataclass(frozen=True, slots=True)
class Playable:
    """A recording that is in the store, for somebody who may hear it."""

    row_id: UUID
    call_id: str
    path: str
    size_bytes: int
    media_type: str
    etag: str

    @property
    def file_name(self) -> str:
        return f"{self.call_id.replace(':', '_')}.{file_suffix(self.media_type)}"


async def find_recording(deps: Dependencies, session: AsyncSession, principal: Principal, call_id: str) -> Playable:
    """The recording of a call.

    Raises:
        NotFound: there is no such call in this organisation, or no recording of it; the sentence says why.
        Forbidden: the campaign keeps its recordings from this role, or nobody knows whose campaign the caller is.
        Unavailable: the store can't be read right now.
    """
    call = await _find_call(session, principal, call_id)
    campaign = None if call.campaign_id is None else await session.get_one(CampaignRow, call.campaign_id)
    _check_role(principal, campaign)
    if call.recording_fetched_at is None or call.recording_deletion is not None or call.recording_path is None:
        raise _absent(call, campaign)
    playable = Playable(
        row_id=call.id,
        call_id=call_id,
        path=call.recording_path,
        size_bytes=call.recording_bytes or 0,
        media_type=call.recording_type or "application/octet-stream",
        etag=f'"{call.recording_digest}"',
    )
    await _check_store(deps, playable)
    return playable


async def note_hearing(session: AsyncSession, principal: Principal, playable: Playable, now: datetime) -> None:
    """Write down who hears which call, once for one hearing; the caller commits before anything is heard."""
    is_noted = await has_audit_entry(
        session,
        organization_id=principal.organization_id,
        user_id=principal.user_id,
        api_key_id=principal.api_key_id,
        action=HEARD,
        target_id=playable.row_id,
        since=now - ONE_HEARING,
    )
    if not is_noted:
        note(session, principal, HEARD, playable.row_id, {"call_id": playable.call_id})


async def _find_call(session: AsyncSession, principal: Principal, call_id: str) -> Call:
    call = await get_any_call(session, principal.organization_id, call_id)
    if call is None:
        raise NotFound("There is no call with this id.")
    return call if isinstance(call, InboundCallRow) else call.attempt


def _check_role(principal: Principal, campaign: CampaignRow | None) -> None:
    """Admins always may: they could change the setting."""
    if campaign is None:
        if principal.role not in FOR_STRANGERS:
            raise Forbidden("Nobody knows who rang; recordings of such calls are for admins and operators only.")
        return
    if campaign.recordings_for is None:
        return
    allowed = {"admin", *campaign.recordings_for}
    if principal.role not in allowed:
        roles = " and ".join(f"{role}s" for role in sorted(allowed))
        raise Forbidden(f"Recordings of this campaign are for {roles} only.")


def _absent(call: Call, campaign: CampaignRow | None) -> NotFound:
    if call.recording_deletion is not None:
        return NotFound(_deleted(call, campaign))
    if call.recording_given_up_at is not None:
        why = _WHY.get(call.recording_problem or "", "nobody knows why")
        tried = f"{call.recording_tries} tries, the last one on {_date(call.recording_given_up_at)}"
        return NotFound(f"The recording could not be fetched: {why} ({tried}).")
    if call.recording_url is not None:
        return NotFound("The recording has not been fetched yet; try again in a moment.", headers=SOON)
    if call.ended_at is None and call.outcome is None:
        return NotFound("The call is not over yet; its recording comes after its end.")
    return NotFound("This call has no recording: nobody talked, or the provider keeps none.")


def _deleted(call: Call, campaign: CampaignRow | None) -> str:
    when = "is being deleted" if call.recording_path else f"was deleted on {_date(call.recording_deleted_at)}"
    if call.recording_deletion == RecordingDeletion.ERASURE:
        return "The recording was deleted because the person was erased."
    if campaign is None:
        return f"The recording {when}: those of people whom nobody knows go when the last campaign's would."
    days = f", {campaign.recording_days} days after the call" if campaign.recording_days is not None else ""
    return f"The recording {when}: the campaign keeps recordings for a while only{days}."


def _date(instant: datetime | None) -> str:
    return "an unknown day" if instant is None else f"{instant:%Y-%m-%d}"


async def _check_store(deps: Dependencies, playable: Playable) -> None:
    """Said before anything is sent: once the answer has begun, it can only break off."""
    try:
        size_bytes = await deps.recordings.size_bytes(playable.path)
    except RecordingMissing:
        size_bytes = -1
    except StoreError as error:
        log.error("recording_store_away", error=str(error))
        raise Unavailable("The store of recordings can't be read right now; try again.") from None
    if size_bytes != playable.size_bytes:
        log.error("recording_lost", row_id=str(playable.row_id), size_bytes=size_bytes)
        raise NotFound("The recording was kept and is no longer in the store as it was; whoever runs it can tell why.")
