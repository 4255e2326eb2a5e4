"""How soon the API answers what people look at, with a million leads and three million calls behind it."""
