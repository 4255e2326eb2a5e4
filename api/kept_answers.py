"""What was answered under an ``Idempotency-Key`` before, or the problem with asking for it again."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.dependencies import Dependencies
from api.principal import Principal
from api.problems import Conflict, Invalid
from storage.idempotency import KeptAnswer, KeyInUse, KeyOfAnotherRequest, kept_answer


async def kept_or_none(
    deps: Dependencies, session: AsyncSession, principal: Principal, key: str, request_hash: str
) -> KeptAnswer | None:
    """The answer of the first request with this key; None: this is the first, and has the key till it commits."""
    try:
        return await kept_answer(session, principal.organization_id, key, request_hash, now=deps.clock())
    except KeyInUse:
        raise Conflict("A request with this Idempotency-Key is still under way; ask again in a moment.") from None
    except KeyOfAnotherRequest:
        raise Invalid("Idempotency-Key", "It was used for another body; take a new key.") from None
