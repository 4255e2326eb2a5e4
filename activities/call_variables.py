"""What the agent knows when the call begins: the provider's dynamic variables, all of them strings.

``docs/guides/agents.md`` tells people what there is.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activities.terms import transfer_hours_of
from domain.transfer_hours import may_transfer
from storage.models import CampaignRow, LeadRow

OURS_ALONE = frozenset({"conversation_memory", "transfer_number", "transfer_available"})
"""Custom fields of these names are left out: a form on the web must not say where calls are put through."""


STANDARD_VARIABLES = frozenset(
    {
        "attempt_number",
        "campaign_name",
        "conversation_memory",
        "lead_external_id",
        "lead_name",
        "lead_postal_code",
        "lead_region",
        "lead_source",
        "lead_time_zone",
        "transfer_available",
        "transfer_number",
    }
)
"""Those that Leadline itself may fill."""


def call_variables(
    lead: LeadRow, campaign: CampaignRow, attempt_number: int, *, at: datetime, memory: str = ""
) -> Mapping[str, str]:
    """The lead's custom fields, and over them what Leadline itself knows.

    Args:
        at: When the call is made (UTC); who may be put through then, may be put through.
        memory: What is told of earlier calls; see ``activities.remembering``.
    """
    variables = {
        name: _as_text(value)
        for name, value in lead.custom_fields.items()
        if value is not None and name not in OURS_ALONE
    }
    variables |= {
        "attempt_number": str(attempt_number),
        "campaign_name": campaign.name,
        "conversation_memory": memory,
        "lead_time_zone": lead.time_zones[0],
    }
    optional = {
        "lead_name": lead.name,
        "lead_source": lead.source,
        "lead_region": lead.region,
        "lead_postal_code": lead.postal_code,
        "lead_external_id": lead.external_id,
    }
    known = {name: value for name, value in optional.items() if value is not None}
    return variables | known | _transfer(campaign, at)


def _transfer(campaign: CampaignRow, at: datetime) -> dict[str, str]:
    number = campaign.transfer_number
    if number is None or not may_transfer(transfer_hours_of(campaign), at):
        return {"transfer_available": "no"}
    return {"transfer_available": "yes", "transfer_number": number}


def _as_text(value: Any) -> str:  # noqa: ANN401  (whatever JSON can hold)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
