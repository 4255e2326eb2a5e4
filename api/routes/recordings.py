"""What was said in a call, for those who may hear it."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from starlette.responses import Response, StreamingResponse

from api.byte_ranges import OutOfRange, Span, asked_span
from api.dependencies import Deps, Reader, Session
from api.head import HeadOnly
from api.problem_answers import may_answer
from api.problems import NotSatisfiable
from api.recording_reading import Playable, find_recording, note_hearing

router = APIRouter(prefix="/api/v1/calls", tags=["calls"])

CallId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
OptionalHeader = Annotated[str | None, Header()]

_AUDIO = {"content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: _AUDIO | {"description": "The whole recording"},
    206: _AUDIO | {"description": "The part that `Range` asks for"},
    304: {"description": "It is still the one that `If-None-Match` names"},
    **may_answer(416),
}


@router.get("/{call_id}/recording", response_class=Response, responses=_RESPONSES)
async def get_recording(
    call_id: CallId,
    head_only: HeadOnly,
    principal: Reader,
    session: Session,
    deps: Deps,
    range: OptionalHeader = None,  # noqa: A002  (the header's name)
    if_range: OptionalHeader = None,
    if_none_match: OptionalHeader = None,
) -> Response:
    """Each hearing is noted in the audit log. What is kept of a recording never changes."""
    playable = await find_recording(deps, session, principal, call_id)
    if _is_known(if_none_match, playable.etag):
        return Response(status_code=304, headers=_headers(playable))
    span = _span(range if if_range in (None, playable.etag) else None, playable)
    whole = Span(0, playable.size_bytes)
    headers = _headers(playable) | {"Content-Length": str((span or whole).length)}
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{playable.size_bytes}"
    status = 200 if span is None else 206
    if head_only:
        return Response(status_code=status, headers=headers, media_type=playable.media_type)
    await note_hearing(session, principal, playable, deps.clock())
    # This also gives the database's connection back: somebody who listens for minutes must not hold one.
    await session.commit()
    content = deps.recordings.read(playable.path, (span or whole).start, (span or whole).end)
    return StreamingResponse(content, status, headers, playable.media_type)


def _span(header: str | None, playable: Playable) -> Span | None:
    try:
        return asked_span(header, playable.size_bytes)
    except OutOfRange:
        sizes = {"Content-Range": f"bytes */{playable.size_bytes}"}
        raise NotSatisfiable(f"The recording has {playable.size_bytes} bytes.", headers=sizes) from None


def _is_known(if_none_match: str | None, etag: str) -> bool:
    given = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return etag in given or given == ["*"]


def _headers(playable: Playable) -> dict[str, str]:
    return {
        "Accept-Ranges": "bytes",
        "ETag": playable.etag,
        "Content-Disposition": f'inline; filename="{playable.file_name}"',
        # Kept by nobody on the way, and asked for again each time: it may have been deleted meanwhile.
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
