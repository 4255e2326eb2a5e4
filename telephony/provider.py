"""What we want from a voice provider, whoever it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from domain.calls import CallFacts


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call the provider has taken. It may not have rung yet, and on a repeated key it may already be over."""

    call_id: str
    agent_id: str | None
    agent_version: int | None
    from_number: str | None


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Live calls of the whole account, every kind and direction, and how many it may have.

    Outbound calls may use ``limit - reserved_inbound``.
    """

    current: int
    limit: int
    reserved_inbound: int


class TellsConcurrency(Protocol):
    """Somebody who can be asked how full an account is."""

    async def concurrency(self) -> Concurrency:
        """See ``VoiceProvider.concurrency``."""
        ...


class VoiceProvider(Protocol):
    """Every method raises from the tree in ``telephony.errors`` and nothing else, save cancellation.

    A cancelled ``place`` is to be treated as ``DialUnconfirmed``: the request may have left. No method retries.
    """

    async def place(self, body: Mapping[str, Any]) -> PlacedCall:
        """Dial, by a body of ``build_call_body`` exactly as it was frozen.

        Repeating is safe with the same body within an hour: the provider answers with the same call. An error of
        a repetition speaks of that repetition only: after a ``DialUnconfirmed`` no later error proves that the
        first request didn't ring.

        Raises:
            ProviderRejected, ProviderBusy, ProviderUnreachable: this request rang nowhere.
            DialUnconfirmed: it may have rung.
        """
        ...

    async def get(self, call_id: str) -> CallFacts | None:
        """All facts of one call, as ``CallEvent.LOOKED_UP``; ``None`` when the provider doesn't know it.

        Raises:
            ProviderRejected, ProviderBusy, ProviderUnreachable: the question went unanswered.
        """
        ...

    async def find(self, attempt_id: UUID) -> CallFacts | None:
        """The newest call that carries this attempt id; ``None`` when the provider lists none.

        ``None`` is no proof that nothing rang while the dial may still be under way: lists can lag behind.

        Raises:
            ProviderRejected, ProviderBusy, ProviderUnreachable: the question went unanswered.
        """
        ...

    async def list_calls(self, attempt_ids: Sequence[UUID]) -> Sequence[CallFacts]:
        """The newest call of each of these attempts, as ``CallEvent.LOOKED_UP``, but without what was said.

        One question for as many as 500. An attempt without a call in the answer may have one all the same: lists can
        lag behind.

        Raises:
            ProviderRejected, ProviderBusy, ProviderUnreachable: the question went unanswered.
        """
        ...

    async def list_inbound(self, since: datetime) -> Sequence[CallFacts]:
        """Calls that came in and began then or later, as ``CallEvent.LOOKED_UP``, but without what was said.

        The newest 1,000. One that still rings may be missing.

        Raises:
            ProviderRejected, ProviderBusy, ProviderUnreachable: the question went unanswered.
        """
        ...

    async def stop(self, call_id: str) -> None:
        """Hang up. A call that has ended already, or that nobody knows, is fine.

        Raises:
            ProviderRejected, ProviderBusy, ProviderUnreachable: the call may still be live.
        """
        ...

    async def delete(self, call_id: str) -> None:
        """Have the provider forget a call: its numbers, its recording, what was said. One that nobody knows is fine.

        A call that isn't over is to be hung up before: of a deleted one nothing is reported any more.

        Raises:
            ProviderRejected, ProviderBusy, ProviderUnreachable: the call may still be kept.
        """
        ...

    async def concurrency(self) -> Concurrency:
        """How full the account is at this moment.

        Raises:
            ProviderRejected, ProviderBusy, ProviderUnreachable: the question went unanswered.
        """
        ...
