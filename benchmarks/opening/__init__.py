"""The opening bell: thousands of leads that may all be called from the same second on."""
