"""What the parts of the API are about, in the order in which /openapi.json tells of them."""

TAGS = {
    "auth": "Signing in and out, and who one is.",
    "status": "How the organisation stands now: what runs, who is due, and what holds them up.",
    "leads": "People to be called: taking them in, reading, changing and steering.",
    "imports and exports": "Leads, calls and do-not-call numbers as files.",
    "campaigns": (
        "Who is called when, by which agent and how often. A campaign is made as a draft, and dials nobody till launch."
    ),
    "calls": "Every attempt to reach a lead, calls that came in, recordings, and the live stream.",
    "do not call": "Numbers that the organisation never calls, by hand or by lists, and the kill switch.",
    "analytics": "What calls came to: rates, hours, agents, sources and what it cost.",
    "events": "Systems of yours that are told by HTTP what happens, and what they were told.",
    "rights of persons": "What is known of a number: given out, erased, and never called again.",
    "number pools": "The numbers that calls go out from, and how many at once.",
    "accounts": "Workspaces at the voice provider, with their keys, agents and numbers.",
    "organizations": "The organisation that one is signed in to, and the others one belongs to.",
    "users": "The people of the organisation, and who is invited.",
    "api-keys": "Keys for machines.",
    "audit-log": "Who did what.",
    "webhooks": "Where the voice provider reports. Signed by it, not called by anybody else.",
}
