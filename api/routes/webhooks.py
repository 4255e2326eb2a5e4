"""The addresses of webhooks as they stand in /openapi.json, and what is asked of them that is none.

Webhooks themselves don't come this far: ``api.webhook_door`` takes them.
"""

from typing import Any, NoReturn
from uuid import UUID

from fastapi import APIRouter

from api.body_limit import WEBHOOK_PATH
from api.problem_answers import may_answer

router = APIRouter(prefix=WEBHOOK_PATH, tags=["webhooks"])


SIGNATURE = {
    "name": "X-Retell-Signature",
    "in": "header",
    "required": True,
    "description": "`v=<milliseconds>,d=<HMAC-SHA256 of body and milliseconds>` under a webhook key",
    "schema": {"type": "string"},
}
REPORT: dict[str, Any] = {
    "parameters": [SIGNATURE],
    "requestBody": {
        "required": True,
        "description": "What the provider's documentation says of its webhooks. Signed are the bytes as they are sent.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["event"],
                    "properties": {
                        "event": {"type": "string", "examples": ["call_started", "call_ended", "call_analyzed"]},
                        "call": {"type": "object", "properties": {"call_id": {"type": "string"}}},
                    },
                }
            }
        },
    },
}
ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Somebody rings (`call_inbound`): what the agent is told of the caller."},
    **may_answer(400, 401),
}


@router.post("", status_code=204, responses=ANSWERED, openapi_extra=REPORT)
async def default_account() -> None:
    """Where the voice provider reports; signed with the default account's key."""
    _not_this_far()


@router.post("/{account_id}", status_code=204, responses=ANSWERED, openapi_extra=REPORT)
async def one_account(account_id: UUID) -> None:
    """The same for one account, signed with its key."""
    del account_id
    _not_this_far()


def _not_this_far() -> NoReturn:
    msg = "a webhook came past api.webhook_door"
    raise RuntimeError(msg)
