"""How events show leads and calls to other systems: as the API answers them, so that there is one shape to know."""

from collections.abc import Mapping
from typing import Any

from api.schemas.calls import call_answer
from api.schemas.leads import lead_answer
from storage.calls import CallRecord
from storage.leads import LeadRecord
from storage.models import InboundCallRow


class AsAnswered:
    def lead(self, record: LeadRecord) -> Mapping[str, Any]:
        """As ``GET /leads/{id}``, but for its place in the queue, which is worked out for who asks."""
        return lead_answer(record).model_dump(mode="json")

    def call(self, record: CallRecord | InboundCallRow) -> Mapping[str, Any]:
        """As ``GET /calls/{call_id}``."""
        return call_answer(record).model_dump(mode="json")
