"""The closed vocabularies of leads and attempts, as people and programs outside read them.

They grow by adding; a name that is out in the world is never changed.
"""

from enum import StrEnum


class LeadStatus(StrEnum):
    NEW = "new"
    IN_PROGRESS = "in_progress"
    DONE = "done"


class LeadOutcome(StrEnum):
    REACHED = "reached"
    MAX_ATTEMPTS_REACHED = "max_attempts_reached"
    OPTED_OUT = "opted_out"
    INVALID_NUMBER = "invalid_number"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    ERASED = "erased"


class AttemptStatus(StrEnum):
    """The order of the members is the order of life: a state moves forward only."""

    GRANTED = "granted"
    DIALLING = "dialling"
    UNCONFIRMED = "unconfirmed"
    IN_PROGRESS = "in_progress"
    DONE = "done"


class AttemptOutcome(StrEnum):
    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    FAILED = "failed"
    INVALID_NUMBER = "invalid_number"
    OPTED_OUT = "opted_out"
    CALLBACK_REQUESTED = "callback_requested"
    TRANSFERRED = "transferred"
    TRANSFER_CANCELLED = "transfer_cancelled"
    """Somebody was to be put through to a person, and nobody was there."""
    REFUSED = "refused"
    """Nothing rang; the attempt doesn't count."""
    UNKNOWN = "unknown"
    """Nobody could tell whether it rang; counts as dialled."""


class CallingRules(StrEnum):
    STRICT = "strict"
    FEDERAL = "federal"
    OFF = "off"


class CampaignStatus(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    ARCHIVED = "archived"


class VoicemailAction(StrEnum):
    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"


class DuplicateNumbers(StrEnum):
    REUSE = "reuse"
    REFUSE = "refuse"
    ALLOW = "allow"


class ImportStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ImportFormat(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"
