"""What the figures of analytics count, apart from where they are kept."""

from domain.dispositions import DEFAULT_DISPOSITIONS
from domain.vocabulary import AttemptOutcome

PERSON_REACHED = (
    AttemptOutcome.ANSWERED,
    AttemptOutcome.TRANSFERRED,
    AttemptOutcome.TRANSFER_CANCELLED,
    AttemptOutcome.CALLBACK_REQUESTED,
    AttemptOutcome.OPTED_OUT,
)
"""A person was on the line; whoever asked not to be called again was reached, too."""

SUCCESSES_BY_DEFAULT = tuple(row.name for row in DEFAULT_DISPOSITIONS if row.success)


def share(part: float, whole: float) -> float | None:
    """``part`` of ``whole``, or nothing where there is no whole."""
    return part / whole if whole else None
