"""An import as it stands, and the rows of it that are no leads."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from api.csv_streams import csv_stream
from api.principal import Principal
from api.problems import NotFound
from domain.vocabulary import ImportFormat
from storage.imports import get_import, rejections
from storage.models import LeadImportRejectionRow, LeadImportRow
from storage.organization_sessions import OrganizationSessions

PAGE = 1_000
NO_IMPORT = "There is no import with this id."


async def the_import(session: AsyncSession, principal: Principal, import_id: UUID) -> LeadImportRow:
    """Raises ``NotFound``."""
    row = await get_import(session, principal.organization_id, import_id)
    if row is None:
        raise NotFound(NO_IMPORT)
    return row


async def rejected_csv(sessions: OrganizationSessions, row: LeadImportRow) -> StreamingResponse:
    """The rejected rows with the columns of their file, and before them their number and what is wrong with them.

    Mended, it can be sent as a file again: both columns bear names that are left out.
    """
    columns = row.columns if row.format == ImportFormat.CSV else ["line"]

    def cells_of(rejection: LeadImportRejectionRow) -> Sequence[object]:
        return [rejection.row_number, rejection.reason, *rejection.cells]

    header = ["leadline_row", "leadline_reason", *columns]
    return csv_stream("rejected", header, _pages(sessions, row.id), cells_of)


async def _pages(sessions: OrganizationSessions, import_id: UUID) -> AsyncIterator[Sequence[LeadImportRejectionRow]]:
    after = 0
    while True:
        async with sessions() as session:
            page = await rejections(session, import_id, after=after, limit=PAGE)
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].row_number
