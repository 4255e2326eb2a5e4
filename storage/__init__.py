"""What people read: PostgreSQL through SQLAlchemy.

Query functions take a session and leave the commit to their caller. Rows are always locked in this order, shared where
a row is only read: organisation, campaign, number pool, contact, lead, attempt.
"""
