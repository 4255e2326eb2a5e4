"""Phrases that were heard in a call, as they are answered."""

from datetime import datetime

from pydantic import BaseModel

from api.schemas.words import PhraseThenWord, SpeakerWord


class Flag(BaseModel):
    """A phrase that the campaign listens for (``live_phrases``) and that was said, heard first ``at``.

    ``then``: what follows from it. ``said_by``: in a call that came in, ``callee`` is who rang. ``utterance``: which
    one completed it, counted from 0, in the transcript as it stood then.
    """

    phrase: str
    then: PhraseThenWord
    said_by: SpeakerWord
    utterance: int
    at: datetime
