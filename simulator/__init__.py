"""A pretend Retell: its own process, sharing no code with the rest."""
