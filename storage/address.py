"""The address of a PostgreSQL, as people and platforms write it, in the form that asyncpg takes."""

from sqlalchemy.engine import URL, make_url

DRIVER = "postgresql+asyncpg"

# What libpq understands in an address and asyncpg does not take as an argument.
_LIBPQ_ONLY = ("pgbouncer", "application_name", "channel_binding", "connect_timeout", "sslmode", "gssencmode")


def async_url(dsn: str) -> URL:
    """The address in the form asyncpg wants.

    Takes ``postgresql://`` or ``postgres://``, also with ``?host=/cloudsql/…`` (a unix socket); ``sslmode`` becomes
    asyncpg's ``ssl``, and what only libpq understands is left out.
    """
    url = make_url(dsn.replace("postgres://", "postgresql://", 1) if dsn.startswith("postgres://") else dsn)
    ssl = url.query.get("sslmode")
    url = url.set(drivername=DRIVER).difference_update_query(_LIBPQ_ONLY)
    return url.update_query_dict({"ssl": str(ssl)}) if ssl else url
