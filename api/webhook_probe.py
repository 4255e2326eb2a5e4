"""Whether the provider's webhooks would get through to us: one that we send ourselves, signed as it signs.

It comes back by whatever leads from the public address to a process of ours, and is answered only where its signature
holds. Nothing is stored of it.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Any

import httpx

from api.dependencies import Dependencies
from api.problems import MEDIA_TYPE
from api.webhook_keys import keys_of_environment
from storage.models import AccountRow
from telephony.webhook_signature import sign

PROBE = "leadline_probe"
PATH = "/api/v1/calls/webhook"
PATIENCE_SECONDS = 10.0
"""As long as the provider waits for an answer."""

_LONGEST_NONCE = 64


class ProbeLost(Exception):  # noqa: N818 - says what happened
    """It didn't come through; the message says how that showed."""


def echo(account: AccountRow, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a probe is answered."""
    nonce = payload.get("nonce")
    return {
        "nonce": nonce if isinstance(nonce, str) and len(nonce) <= _LONGEST_NONCE else None,
        "account": str(account.id),
    }


async def probe(deps: Dependencies, account: AccountRow) -> str:
    """Send one webhook to ourselves by the address that the provider is given; that address.

    Raises:
        ProbeLost: no process of ours answered it.
    """
    path = PATH if account.is_default else f"{PATH}/{account.id}"
    url, nonce = f"{deps.settings.reachable_url}{path}", secrets.token_urlsafe(24)
    body = json.dumps({"event": PROBE, "nonce": nonce}).encode()
    signature = sign(body, await _key(deps, account), now=deps.clock())
    headers = {"x-retell-signature": signature, "content-type": "application/json"}
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await deps.provider_http.post(url, content=body, headers=headers)
    except (httpx.HTTPError, TimeoutError) as error:
        raise ProbeLost(f"nothing answers at {url} ({type(error).__name__})") from None
    _check(answer, nonce, url)
    return url


async def _key(deps: Dependencies, account: AccountRow) -> str:
    of_environment = keys_of_environment(deps.settings, account)
    keys = of_environment or (await deps.webhook_keys.of(account.id)).keys
    if not keys:
        raise ProbeLost("there is no key here to sign a webhook of this account with")
    return keys[0]


def _check(answer: httpx.Response, nonce: str, url: str) -> None:
    if answer.headers.get("content-type") == MEDIA_TYPE:
        raise ProbeLost(f"{url} leads to a Leadline that doesn't know this account's key (status {answer.status_code})")
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict) or said.get("nonce") != nonce:
        raise ProbeLost(f"{url} leads to something else than this Leadline (status {answer.status_code})")
