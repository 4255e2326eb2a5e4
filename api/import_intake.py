"""Taking a file of leads: kept whole with its import in one commit, and taken in by a worker afterwards.

The request's body lies on the disk until it is kept (parts of a form come in any order, and a file may be as large as
``LEADLINE_IMPORT_MAX_MIB``); memory holds a piece of it.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import AfterValidator, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile

from activities.input_fields import storable_object
from api.auditing import note
from api.dependencies import Dependencies
from api.import_layout import SAMPLE_BYTES, FileLayout, FileSample, layout_of
from api.kept_answers import unless_answered
from api.principal import Principal
from api.problems import Conflict, Invalid, NotFound
from api.schemas.imports import ImportAnswer, import_answer
from domain.text_files import EncodingCheck, NotText
from domain.vocabulary import CampaignStatus
from storage.campaigns import get_campaign
from storage.idempotency import KeptAnswer, RequestKey, keep_answer
from storage.imports import add_piece
from storage.models import LeadImportRow

PIECE_BYTES = 256 * 1024
LONGEST_FILE_NAME = 200

_Mapping: TypeAdapter[dict[str, str | None]] = TypeAdapter(
    Annotated[dict[str, str | None], AfterValidator(storable_object)]
)


@dataclass(frozen=True, slots=True)
class Order:
    """What a form asks for."""

    file: UploadFile
    campaign_id: UUID
    mapping: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was learnt of a file by reading it once."""

    sample: FileSample
    size: int
    digest: str


def order_of(form: FormData) -> Order:
    """What the form asks for.

    Raises:
        Invalid: a part is missing, twice there, or not what it should be.
    """
    files = [part for part in form.getlist("file") if isinstance(part, UploadFile)]
    others = [name for name, part in form.multi_items() if isinstance(part, UploadFile) and name != "file"]
    if len(files) + len(others) > 1:
        raise Invalid("file", "Send one file a request, and the next when its import is under way.")
    if not files:
        raise Invalid("file", "Send the file as the part `file` of the form, with a file name.")
    return Order(files[0], _campaign_id(form), _mapping(form))


async def take_file(
    deps: Dependencies, session: AsyncSession, principal: Principal, order: Order, key: RequestKey | None
) -> ImportAnswer:
    """Keep the file and its import, and have the engine begin; if it is away, the reconciliation does later."""
    await _check_campaign(session, principal, order.campaign_id)
    # The connection goes back to the pool while the file is read.
    await session.commit()
    seen = await _look_through(order.file)
    layout = layout_of(seen.sample, order.mapping)
    request_hash = _request_hash(order, seen)
    if key is not None:
        await unless_answered(session, key, request_hash, deps.clock)
    row = await _keep(deps, session, principal, order, seen, layout)
    answer = import_answer(row)
    if key is not None:
        kept = KeptAnswer(202, answer.model_dump(mode="json"), f"/api/v1/imports/{answer.id}")
        keep_answer(session, key, request_hash, kept, now=deps.clock())
    await session.commit()
    deps.background.spawn(deps.lead_workflows.start_import(row.id))
    return answer


async def _check_campaign(session: AsyncSession, principal: Principal, campaign_id: UUID) -> None:
    campaign = await get_campaign(session, principal.organization_id, campaign_id)
    if campaign is None:
        raise NotFound("There is no campaign with this `campaign_id`.")
    if campaign.status == CampaignStatus.FINISHED:
        raise Conflict("This campaign is finished and takes no leads; make a new one, or give another `campaign_id`.")


async def _keep(
    deps: Dependencies,
    session: AsyncSession,
    principal: Principal,
    order: Order,
    seen: _Seen,
    layout: FileLayout,
) -> LeadImportRow:
    row = LeadImportRow(
        id=uuid4(),
        organization_id=principal.organization_id,
        campaign_id=order.campaign_id,
        user_id=principal.user_id,
        file_name=seen.sample.file_name,
        format=layout.format,
        encoding=seen.sample.encoding,
        delimiter=layout.delimiter,
        columns=list(layout.columns),
        targets=list(layout.targets),
        mapping=dict(order.mapping),
        bytes_total=seen.size,
        row_number=layout.first_row,
        touched_at=deps.clock(),
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    number = 0
    async for piece in _pieces(order.file):
        await add_piece(session, row.id, number, piece)
        number += 1
    note(session, principal, "leads.imported", order.campaign_id, {"import_id": str(row.id), "bytes": seen.size})
    return row


async def _look_through(file: UploadFile) -> _Seen:
    check, digest, head, size = EncodingCheck(), sha256(), b"", 0
    try:
        async for piece in _pieces(file):
            check.see(piece)
            digest.update(piece)
            head += piece[: SAMPLE_BYTES - len(head)]
            size += len(piece)
        encoding = check.encoding()
    except NotText as error:
        raise Invalid("file", str(error)) from error
    name = (file.filename or "").replace("\x00", "")[:LONGEST_FILE_NAME] or None
    sample = FileSample(head, size <= SAMPLE_BYTES, encoding, name, file.content_type)
    return _Seen(sample, size, digest.hexdigest())


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    await file.seek(0)
    while piece := await file.read(PIECE_BYTES):
        yield piece


def _campaign_id(form: FormData) -> UUID:
    written = form.get("campaign_id")
    try:
        return UUID(written) if isinstance(written, str) else _missing()
    except ValueError:
        raise Invalid("campaign_id", "Give the id of the campaign, as GET /api/v1/campaigns lists it.") from None


def _missing() -> UUID:
    raise ValueError


def _mapping(form: FormData) -> Mapping[str, str | None]:
    written = form.get("mapping")
    if written is None or written == "":
        return {}
    try:
        return _Mapping.validate_json(written if isinstance(written, str) else "", strict=True)
    except ValidationError:
        raise Invalid(
            "mapping",
            'Give a JSON object from the names of columns to fields, such as {"Tel.": "phone_number", "Notes": null};'
            " null leaves a column out.",
        ) from None


def _request_hash(order: Order, seen: _Seen) -> str:
    parts = [str(order.campaign_id), dict(order.mapping), seen.digest]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
