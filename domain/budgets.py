"""What is said where a campaign may spend no more."""

BUDGET_IS_USED_UP = "room in the campaign's budget, which is used up or left to calls that go on; raise it to go on"
"""What a lead waits for, in words for people."""
