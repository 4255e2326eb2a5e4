"""What the main bodies look like, for people who read the document and clients made from it."""

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "LeadInput": {
        "phone_number": "+12125550123",
        "name": "Ann Example",
        "region": "US-NY",
        "source": "website",
        "external_id": "crm-4711",
        "priority": 2,
        "consent": {"basis": "web form", "text": "You may call me."},
        "custom_fields": {"product": "solar"},
    },
    "BatchInput": {"leads": [{"phone_number": "+12125550123"}, {"phone_number": "+13125550188", "name": "Bo"}]},
    "LeadChange": {"priority": 1, "not_before": "2027-03-02T15:00:00Z"},
    "CampaignInput": {
        "name": "Spring",
        "agent_id": "agent_1",
        "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "17:00"}],
        "max_attempts": 4,
        "retry_delays": {"no_answer": [1800, 14400, 86400], "busy": [600]},
    },
    "PoolInput": {
        "name": "New York",
        "from_numbers": ["+12125550101", "+12125550102"],
        "carrier": "twilio",
        "max_live_calls": 20,
        "max_calls_per_second": 1,
    },
    "AccountInput": {"name": "Main workspace", "provider": "retell", "api_key": "key_0123456789abcdef0123"},
    "DoNotCallInput": {"phone_number": "+12125550123", "reason": "Asked by letter"},
    "EventSubscriptionInput": {
        "url": "https://crm.example.com/leadline",
        "event_types": ["call.analyzed", "lead.done"],
        "description": "CRM",
    },
    "ApiKeyInput": {"name": "CRM", "role": "operator"},
    "InvitationInput": {"email": "ann@example.com", "role": "viewer"},
    "TrialCallInput": {"phone_number": "+12125550123"},
}
