"""Reading of which each statement stands alone: it saves the round trips that begin and end a transaction."""

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker


def reading(sessions: async_sessionmaker[AsyncSession]) -> async_sessionmaker[AsyncSession]:
    """Sessions of the same connections, for looks that lock nothing and needn't be of one moment."""
    engine = sessions.kw["bind"]
    if not isinstance(engine, AsyncEngine):
        msg = "sessions that read need an engine to read from"
        raise TypeError(msg)
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    return async_sessionmaker(alone, expire_on_commit=False, autoflush=False)
