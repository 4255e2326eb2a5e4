"""A file of leads as a request has kept it."""

from typing import Any
from uuid import UUID, uuid4

from storage.imports import add_piece
from storage.models import LeadImportRow
from tests.builders import NOON, Sessions, World

PIECE_BYTES = 333


async def add_import(sessions: Sessions, world: World, content: str, **columns: Any) -> UUID:  # noqa: ANN401
    """A file with the columns phone and note, in pieces of a few rows."""
    fields: dict[str, Any] = {"status": "queued", "touched_at": NOON, **columns}
    body = content.encode()
    async with sessions.begin() as session:
        row = LeadImportRow(
            id=uuid4(),
            organization_id=world.organization.id,
            campaign_id=world.campaign.id,
            format="csv",
            encoding="utf-8",
            delimiter=",",
            columns=["phone", "note"],
            targets=["phone_number", "custom_fields.note"],
            mapping={},
            bytes_total=len(body),
            row_number=1,
            **fields,
        )
        session.add(row)
        await session.flush()
        for number, start in enumerate(range(0, len(body), PIECE_BYTES)):
            await add_piece(session, row.id, number, body[start : start + PIECE_BYTES])
    return row.id
