"""How soon webhooks are answered and how many a second, beside a bare route that does one insert."""
