"""The closed vocabularies that people and programs outside read: of leads, attempts, campaigns and all around them.

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


OVER = frozenset({CampaignStatus.FINISHED, CampaignStatus.ARCHIVED})
"""Campaigns that never call again."""


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
    CANCELLED = "cancelled"


class ImportFormat(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"


class BlockedReason(StrEnum):
    """Why a lead whose outcome is ``blocked`` is never called."""

    DO_NOT_CALL = "do_not_call"
    CONSENT_MISSING = "consent_missing"
    REACHED_RECENTLY = "reached_recently"
    REFUSED_BY_PROVIDER = "refused_by_provider"
    """The provider took the requests of others and none for this lead: its number or its fields have to be mended."""


class Role(StrEnum):
    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


class Purpose(StrEnum):
    TELEMARKETING = "telemarketing"
    INFORMATIONAL = "informational"


class Carrier(StrEnum):
    TWILIO = "twilio"
    PLIVO = "plivo"
    TELNYX = "telnyx"
    VONAGE = "vonage"
    RETELL = "retell"
    CUSTOM = "custom"
