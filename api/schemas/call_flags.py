"""Phrases that were heard in a call, as they are answered."""

from datetime import datetime

from pydantic import BaseModel


class Flag(BaseModel):
    """A phrase that the campaign listens for (``live_phrases``) and that was said, heard first ``at``.

    ``said_by``: ``callee``, ``agent`` or ``transfer_target``. ``utterance``: which one completed it, counted from 0, in
    the transcript as it stood then.
    """

    phrase: str
    then: str
    said_by: str
    utterance: int
    at: datetime
