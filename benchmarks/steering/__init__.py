"""How soon a campaign of tens of thousands of leads does what people tell it."""
