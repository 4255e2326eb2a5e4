"""A file of leads of which no more is to be taken in."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.auditing import note
from api.dependencies import Dependencies
from api.import_reading import NO_IMPORT
from api.principal import Principal
from api.problems import Conflict, NotFound
from domain.vocabulary import ImportStatus
from storage import imports
from storage.models import LeadImportRow

OVER = "This import is over already; its leads are cancelled one by one, or with their campaign."


async def cancel_import(
    deps: Dependencies, session: AsyncSession, principal: Principal, import_id: UUID
) -> LeadImportRow:
    """Take in no more of a file, from the commit on and whatever becomes of its worker; leads that it brought stay.

    Safe to repeat. The worker isn't told: whoever goes on with an import looks first whether it is over.

    Raises:
        NotFound: there is no such import.
        Conflict: all of it was taken in, or it failed.
    """
    held = await imports.lock_import(session, principal.organization_id, import_id)
    if held is None:
        raise NotFound(NO_IMPORT)
    if held.status == ImportStatus.CANCELLED:
        return held
    if held.status not in imports.OPEN:
        raise Conflict(OVER)
    await imports.cancel(session, held, deps.clock())
    details = {"import_id": str(held.id), "rows_accepted": held.rows_accepted}
    note(session, principal, "leads.import_cancelled", held.campaign_id, details)
    await session.commit()
    return held
