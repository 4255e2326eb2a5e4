"""What Alembic runs: migrations on a connection that ``storage.migrate`` (or the ``alembic`` command) brings."""

from alembic import context
from sqlalchemy import Connection

from storage.models import Base

# A migration that can't have its lock soon gives way: waiting in the queue would hold up every query behind it.
LOCK_TIMEOUT = "5s"


def run(connection: Connection) -> None:
    connection.exec_driver_sql(f"set lock_timeout = '{LOCK_TIMEOUT}'")
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
