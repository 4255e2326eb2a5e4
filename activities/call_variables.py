"""What the agent knows when the call begins: the provider's dynamic variables, all of them strings."""

import json
from collections.abc import Mapping
from typing import Any

from storage.models import CampaignRow, LeadRow


def call_variables(lead: LeadRow, campaign: CampaignRow, attempt_number: int) -> Mapping[str, str]:
    """The lead's custom fields, and over them what Leadline itself knows."""
    variables = {name: _as_text(value) for name, value in lead.custom_fields.items() if value is not None}
    variables |= {"attempt_number": str(attempt_number), "campaign_name": campaign.name}
    optional = {"lead_name": lead.name, "lead_source": lead.source, "transfer_number": campaign.transfer_number}
    return variables | {name: value for name, value in optional.items() if value is not None}


def _as_text(value: Any) -> str:  # noqa: ANN401  (whatever JSON can hold)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
