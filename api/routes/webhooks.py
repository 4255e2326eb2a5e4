"""The addresses of webhooks as they stand in /openapi.json, and what is asked of them that is none.

Webhooks themselves don't come this far: ``api.webhook_door`` takes them.
"""

from typing import Any, NoReturn
from uuid import UUID

from fastapi import APIRouter

from api.body_limit import WEBHOOK_PATH

router = APIRouter(prefix=WEBHOOK_PATH, tags=["webhooks"])


ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Somebody rings (`call_inbound`): what the agent is told of the caller."}
}


@router.post("", status_code=204, responses=ANSWERED)
async def default_account() -> None:
    """Where the voice provider reports; signed with the default account's key."""
    _not_this_far()


@router.post("/{account_id}", status_code=204, responses=ANSWERED)
async def one_account(account_id: UUID) -> None:
    """The same for one account, signed with its key."""
    del account_id
    _not_this_far()


def _not_this_far() -> NoReturn:
    msg = "a webhook came past api.webhook_door"
    raise RuntimeError(msg)
