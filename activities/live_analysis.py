"""What is said in a call is heard while it goes on: phrases that its campaign listens for are flagged, each once.

A wish not to be called again is honoured in the transaction that hears it, before the call ends. The call itself isn't
hung up: the agent may say goodbye.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from activities.terms import live_phrases_of
from domain.calls import CallFacts
from domain.live_phrases import LivePhrase, PhraseThen, folded_words
from domain.phrase_matching import Mention, mentions
from storage import contacts
from storage.models import AttemptRow, CampaignRow, InboundCallRow

Flags = Sequence[dict[str, Any]] | None
"""What a call has been flagged with, as its row has it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a report lets hear that wasn't flagged yet. ``forbids``: just now it ended that the number may be called."""

    mentions: Sequence[Mention] = ()
    forbids: bool = False


NOTHING_HEARD = Heard()


async def hear(session: AsyncSession, known: AttemptRow, facts: CallFacts, *, now: datetime) -> Heard:
    """Listen to what was said, and honour a wish not to be called again. Locks the contact where there is one.

    Safe to repeat: what the attempt has been flagged with has no effect any more.

    Args:
        known: The attempt as it was read before, without a lock; its own lock comes after the contact's.
    """
    if not facts.utterances:
        return NOTHING_HEARD
    new = new_mentions(known, await session.get_one(CampaignRow, known.campaign_id), facts)
    reason = wish_among(new)
    if reason is None:
        return Heard(new)
    forbids = await contacts.set_do_not_call(session, known.contact_id, reason=reason, source="call", now=now)
    return Heard(new, forbids)


def new_mentions(attempt: AttemptRow, campaign: CampaignRow, facts: CallFacts) -> Sequence[Mention]:
    """What the campaign listens for and the attempt hasn't been flagged with."""
    return heard_anew(attempt.flags, facts, live_phrases_of(campaign)) if facts.utterances else ()


def heard_anew(flags: Flags, facts: CallFacts, phrases: Sequence[LivePhrase]) -> Sequence[Mention]:
    """Which of the phrases a report lets hear that the call hasn't been flagged with yet."""
    return _not_flagged(flags, mentions(facts.utterances or (), phrases))


def wish_among(heard: Sequence[Mention]) -> str | None:
    """Why the number may not be called again by what was heard, in words for people; None where it may."""
    wish = next((mention for mention in heard if mention.phrase.then is PhraseThen.DO_NOT_CALL), None)
    return None if wish is None else f"“{wish.phrase.phrase}” was said in a call"


def flag(call: AttemptRow | InboundCallRow, heard: Heard, *, now: datetime) -> None:
    """Write down what was heard. Callers hold the row's lock and settle it, if at all, afterwards."""
    new = _not_flagged(call.flags, heard.mentions)
    if new:
        call.flags = [*(call.flags or ()), *(_written(mention, now) for mention in new)]


def _not_flagged(flags: Flags, heard: Sequence[Mention]) -> Sequence[Mention]:
    """By its words alone: a transcript that is revised moves them to other places."""
    flagged = {tuple(folded_words(flag["phrase"])) for flag in flags or ()}
    return [mention for mention in heard if mention.phrase.words not in flagged]


def _written(mention: Mention, now: datetime) -> dict[str, Any]:
    return {
        "phrase": mention.phrase.phrase,
        "then": mention.phrase.then.value,
        "said_by": mention.said_by.value,
        "utterance": mention.utterance,
        "at": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
