"""How fast a file of leads comes in, and how much memory that takes."""
