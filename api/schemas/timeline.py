"""What happened to a lead, as it is answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from storage.timeline import Moment


class MomentAnswer(BaseModel):
    """``kind``: of the lead ``created``, ``handed_over``, ``planned``, ``called_ahead``, ``cancelled``,
    ``hang_up_asked`` and ``done``; of a call ``granted``, ``dialled``, ``call_begun``, ``hang_up_asked``,
    ``call_over``, ``settled`` and, when a webhook told of it, ``reported``; of a call of the person's ``rang_in``,
    ``inbound_call_over`` and ``inbound_settled``; else what somebody (``by``) did, such as ``lead.changed``.

    Calls stay for good. ``handed_over``, ``planned``, ``called_ahead`` and ``done`` are of the last time.
    """

    id: UUID
    at: datetime
    kind: str
    call_id: str | None
    by: str | None
    details: dict[str, Any]


class TimelinePage(BaseModel):
    items: list[MomentAnswer]
    next_cursor: str | None


def moment_answer(moment: Moment) -> MomentAnswer:
    return MomentAnswer(
        id=moment.id,
        at=moment.at,
        kind=moment.kind,
        call_id=moment.call_id,
        by=moment.by,
        details=dict(moment.details or {}),
    )
