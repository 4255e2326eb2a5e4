"""Words of closed vocabularies as they stand in answers: named with all their members in /openapi.json.

At work each is the plain string of its row. While versions change, a process may read a word that was added by a newer
one; it passes the word on, where holding it to its own list would fail the whole answer.
"""

from typing import Annotated, Any, Literal

from pydantic import GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from domain import vocabulary
from domain.bookings import AppointmentProblem
from domain.callbacks import CallbackProblem
from domain.calls import TransferStep, UtteranceRole
from domain.events import DeliveryStatus, DisabledReason, EventSubject, EventType
from domain.live_phrases import PhraseThen
from domain.phrase_matching import Speaker
from storage.defaults import Provider
from storage.do_not_call_lists import ListKind


class Word:
    """For a string: the document says that it is one of these."""

    def __init__(self, words: Any) -> None:  # noqa: ANN401  (an enum or a literal; neither has a type of its own)
        self._named = _named(words)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        del schema
        return handler(self._named)


def _named(words: Any) -> CoreSchema:  # noqa: ANN401  (as above)
    """What pydantic knows of them, within something that isn't told: only what is inside is referred to by its name."""
    return core_schema.no_info_after_validator_function(str, TypeAdapter(words).core_schema)


AppointmentProblemWord = Annotated[str, Word(AppointmentProblem)]
AttemptOutcomeWord = Annotated[str, Word(vocabulary.AttemptOutcome)]
AttemptStatusWord = Annotated[str, Word(vocabulary.AttemptStatus)]
BlockedReasonWord = Annotated[str, Word(vocabulary.BlockedReason)]
CallbackProblemWord = Annotated[str, Word(CallbackProblem)]
CallingRulesWord = Annotated[str, Word(vocabulary.CallingRules)]
CampaignStatusWord = Annotated[str, Word(vocabulary.CampaignStatus)]
CarrierWord = Annotated[str, Word(vocabulary.Carrier)]
DeliveryStatusWord = Annotated[str, Word(DeliveryStatus)]
DisabledReasonWord = Annotated[str, Word(DisabledReason)]
DuplicateNumbersWord = Annotated[str, Word(vocabulary.DuplicateNumbers)]
EventSubjectWord = Annotated[str, Word(EventSubject)]
EventTypeWord = Annotated[str, Word(EventType)]
ImportFormatWord = Annotated[str, Word(vocabulary.ImportFormat)]
ImportStatusWord = Annotated[str, Word(vocabulary.ImportStatus)]
LeadOutcomeWord = Annotated[str, Word(vocabulary.LeadOutcome)]
LeadStatusWord = Annotated[str, Word(vocabulary.LeadStatus)]
ListKindWord = Annotated[str, Word(ListKind)]
PhraseThenWord = Annotated[str, Word(PhraseThen)]
ProviderWord = Annotated[str, Word(Provider)]
PurposeWord = Annotated[str, Word(vocabulary.Purpose)]
RoleWord = Annotated[str, Word(vocabulary.Role)]
SentEventTypeWord = Annotated[str, Word(EventType | Literal["ping"])]
SpeakerWord = Annotated[str, Word(Speaker)]
TransferStepWord = Annotated[str, Word(TransferStep)]
UtteranceRoleWord = Annotated[str, Word(UtteranceRole)]
VoicemailActionWord = Annotated[str, Word(vocabulary.VoicemailAction)]
