"""The activity that takes in the leads of a file, a batch a transaction, from where the last one ended.

Memory: a piece of the file and the batch that is being written, beside the next that is being read.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio import activity

from activities.beating import beating
from activities.lead_files import FileReader, Row
from domain.delimited_text import Record
from domain.vocabulary import CampaignStatus
from storage import imports
from storage.campaigns import get_campaign
from storage.contacts import lock_contact_ids
from storage.imports import ImportMoved, Progress, Rejection
from storage.lead_intake import Added, NewLead, NumberTaken, add_leads
from storage.models import CampaignRow, LeadImportRow
from storage.suppressions import suppressed_at

log = structlog.get_logger(__name__)

BATCH = 1_000
SHIFT = timedelta(minutes=5)
"""After so long it says how far it has come, and is asked to go on."""

AT_ONCE = 2
"""Reading rows takes the processor, and decisions about leads have to be made meanwhile."""

FINISHED = "The campaign was finished while its file was taken in; the leads up to here are in it."
NOT_STORABLE = "This row can't be stored; look for unusual characters in it."
ERASED = "The person with this number was erased and is never called again."
TAKEN = "The campaign takes a number once (duplicate_numbers is refuse), and another of its leads has this one."


@dataclass(frozen=True, slots=True)
class _Batch:
    """``numbers`` are those of the records that ``rows`` came from, in their order."""

    last: int
    bytes_read: int
    records: Sequence[Record]
    rows: Sequence[Row]


class _Stopped(Exception):  # noqa: N818 - says what happened
    """The import is over before the file is."""


class TakeImports:
    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        clock: Callable[[], datetime],
        *,
        batch: int = BATCH,
        shift: timedelta = SHIFT,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._batch = batch
        self._shift_seconds = shift.total_seconds()
        self._room = asyncio.Semaphore(AT_ONCE)

    @activity.defn
    async def take_in_import(self, import_id: UUID) -> bool:
        """Take in rows for a few minutes; True once the import is over.

        Safe to repeat and to run twice at once: each batch is committed with how far the import has come, and of two
        who have read the same batch the second finds that somebody went on.
        """
        async with beating():
            try:
                async with asyncio.timeout(self._shift_seconds):
                    await self._room.acquire()
            except TimeoutError:
                return False
            try:
                return await self._work(import_id)
            except ImportMoved:
                log.info("import_moved", import_id=str(import_id))
                return False
            except _Stopped:
                return True
            finally:
                self._room.release()

    async def _work(self, import_id: UUID) -> bool:
        async with self._sessions.begin() as session:
            row = await imports.begin(session, import_id, self._clock())
            campaign = None if row is None else await get_campaign(session, row.organization_id, row.campaign_id)
        if row is None or campaign is None:
            return True
        began, at = time.monotonic(), row.row_number
        reader = FileReader(row)
        batches = self._batches(row, reader, campaign)
        reading = asyncio.create_task(_next(batches))
        try:
            while (batch := await reading) is not None:
                # The next is read while this one is written.
                reading = asyncio.create_task(_next(batches))
                await self._take_in(row, reader, batch, at=at)
                at = batch.last
                if time.monotonic() - began > self._shift_seconds or activity.is_worker_shutdown():
                    return False
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await batches.aclose()
        await self._finish(import_id, at=at)
        return True

    async def _batches(
        self, row: LeadImportRow, reader: FileReader, campaign: CampaignRow
    ) -> AsyncGenerator[_Batch, None]:
        """What is left of the file; the threads that read it leave the event loop to others."""
        number = bytes_read = 0
        while True:
            async with self._sessions() as session:
                piece = await imports.get_piece(session, row.id, number)
            records = await asyncio.to_thread(reader.records, piece or b"", is_last=piece is None)
            bytes_read += len(piece or b"")
            new = [record for record in records if record.number > row.row_number]
            for start in range(0, len(new), self._batch):
                some = new[start : start + self._batch]
                rows = await asyncio.to_thread(reader.rows, some, campaign)
                kept = [record for record in some if not record.is_blank]
                yield _Batch(some[-1].number, bytes_read, kept, rows)
            if piece is None:
                return
            number += 1

    async def _take_in(self, row: LeadImportRow, reader: FileReader, batch: _Batch, *, at: int) -> None:
        try:
            await self._write(row, reader, batch, at=at)
        except DBAPIError as error:
            if not _is_of_a_value(error):
                raise
            log.warning("import_batch_by_rows", import_id=str(row.id), rows=len(batch.rows))
            await self._write(row, reader, await self._without_unstorable(row, reader, batch), at=at)

    async def _write(self, row: LeadImportRow, reader: FileReader, batch: _Batch, *, at: int) -> None:
        async with self._sessions.begin() as session:
            held = await imports.hold(session, row.id, at=at)
            campaign = await get_campaign(session, row.organization_id, row.campaign_id)
            stops = campaign is None or campaign.status == CampaignStatus.FINISHED
            if stops or campaign is None:
                await imports.finish(session, held, self._clock(), problem=FINISHED)
            else:
                progress = await _progress(session, row.organization_id, campaign, reader, batch)
                await imports.note(session, held, progress, self._clock())
        if stops:
            raise _Stopped

    async def _without_unstorable(self, row: LeadImportRow, reader: FileReader, batch: _Batch) -> _Batch:
        """The batch with those rows rejected that the database refuses by themselves; nothing is kept of the tries."""
        rows = list(batch.rows)
        for place, one in enumerate(batch.rows):
            if isinstance(one, NewLead) and not await self._is_storable(row, one):
                rows[place] = reader.rejection(batch.records[place], NOT_STORABLE)
        return replace(batch, rows=rows)

    async def _is_storable(self, row: LeadImportRow, lead: NewLead) -> bool:
        async with self._sessions() as session:
            try:
                await add_leads(session, row.organization_id, [lead])
            except DBAPIError as error:
                if not _is_of_a_value(error):
                    raise
                return False
        return True

    async def _finish(self, import_id: UUID, *, at: int) -> None:
        async with self._sessions.begin() as session:
            held = await imports.hold(session, import_id, at=at)
            await imports.finish(session, held, self._clock())
        log.info(
            "import_done",
            import_id=str(import_id),
            accepted=held.rows_accepted,
            duplicate=held.rows_duplicate,
            rejected=held.rows_rejected,
        )


async def _next(batches: AsyncGenerator[_Batch, None]) -> _Batch | None:
    return await anext(batches, None)


async def _progress(
    session: AsyncSession, organization_id: UUID, campaign: CampaignRow, reader: FileReader, batch: _Batch
) -> Progress:
    """Store the leads of a batch by what the campaign says today."""
    rows = await _hold_people(session, organization_id, batch)
    leads = [replace(row, campaign=campaign) for row in rows if isinstance(row, NewLead)]
    results = iter(await add_leads(session, organization_id, leads) if leads else ())
    outcomes = [row if isinstance(row, Rejection) else next(results) for row in rows]
    rejections = [
        reader.rejection(record, TAKEN) if isinstance(outcome, NumberTaken) else outcome
        for record, outcome in zip(batch.records, outcomes, strict=True)
        if isinstance(outcome, NumberTaken | Rejection)
    ]
    added = [outcome for outcome in outcomes if isinstance(outcome, Added)]
    accepted = sum(one.is_new for one in added)
    return Progress(batch.last, batch.bytes_read, accepted, len(added) - accepted, rejections)


async def _hold_people(session: AsyncSession, organization_id: UUID, batch: _Batch) -> Sequence[Row]:
    """Lock the contacts of all rows but those of people who were erased, which are rejected.

    Of a batch and an erasure at the same moment one comes second: it finds the other's suppression, or its leads. What
    was locked in vain is let go, and a contact that was made for somebody who was erased is not kept.
    """
    rows = batch.rows
    while True:
        rows = await _without_erased(session, organization_id, batch.records, rows)
        async with session.begin_nested() as people:
            await lock_contact_ids(session, organization_id, _numbers(rows))
            if not await suppressed_at(session, organization_id, _numbers(rows)):
                return rows
            await people.rollback()


async def _without_erased(
    session: AsyncSession, organization_id: UUID, records: Sequence[Record], rows: Sequence[Row]
) -> Sequence[Row]:
    """The rows, of which those of people who were erased are rejected, and nothing is kept of what stood in them.

    A file may have been sent before the erasure.
    """
    erased = await suppressed_at(session, organization_id, _numbers(rows))
    return [
        Rejection(record.number, ERASED, []) if isinstance(row, NewLead) and row.phone_number in erased else row
        for record, row in zip(records, rows, strict=True)
    ]


def _numbers(rows: Sequence[Row]) -> Collection[str]:
    return {row.phone_number for row in rows if isinstance(row, NewLead)}


def _is_of_a_value(error: DBAPIError) -> bool:
    """Whether PostgreSQL refused what was given (classes 22 and 23), and would do so again."""
    return str(getattr(error.orig, "sqlstate", None) or "")[:2] in ("22", "23")
