"""The only place where workflows meet the world."""
