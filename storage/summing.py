"""Statements that keep sums: what a fact added before is taken away, and what it adds now is added."""

from collections.abc import Mapping, Sequence

NOBODY = "00000000-0000-0000-0000-000000000000"
"""The campaign of a call that belongs to none, since a key can't be empty."""

_KEYS = "organization_id, dimension, grain, begins_at, campaign_id, key, number"


def keep_facts(table: str, columns: Sequence[str], fresh: str) -> str:
    """Common table expressions: ``old`` facts and ``fresh`` ones of ``:ids``, written, and both with a ``sign``.

    Args:
        table: Where the facts are kept, by their ``id``.
        columns: All of them.
        fresh: A query that gives them as they are now; it may read ``old``.
    """
    names = ", ".join(columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
    return f"""
old as materialized (select {names} from {table} where id = any(:ids)),
fresh as materialized ({fresh}),
written as (
    insert into {table} ({names}) select {names} from fresh order by id on conflict (id) do update set {changes}
),
changes as (select 1 as sign, {names} from fresh union all select -1, {names} from old)"""  # noqa: S608 - put together from constants


def add_up(table: str, *, instant: str, dimensions: str, only: str, sums: Mapping[str, str]) -> str:
    """The end of the statement that ``keep_facts`` begins: add the changes up and move the sums by that.

    Args:
        table: Where the sums are kept.
        instant: The fact's, which decides its day and its hour.
        dimensions: Rows of ``(dimension, key, number)`` that a fact has.
        only: Which of them.
        sums: For each column what one fact adds to it.
    """
    added = ", ".join(f"sum(sign * ({one})) as {name}" for name, one in sums.items())
    is_moved = " or ".join(f"{name} <> 0" for name in sums)
    moved = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    return f""",
cells as (
    select organization_id, dimensions.dimension, grain, date_trunc(grain, {instant}, 'UTC') as begins_at,
        coalesce(campaign_id, '{NOBODY}') as campaign_id,
        dimensions.key, dimensions.number, {added}
    from changes
    cross join (values ('day'), ('hour')) as grains (grain)
    cross join lateral (values {dimensions}) as dimensions (dimension, key, number)
    where {only}
    group by 1, 2, 3, 4, 5, 6, 7
)
insert into {table} ({_KEYS}, {", ".join(sums)})
select {_KEYS}, {", ".join(sums)} from cells where {is_moved} order by {_KEYS}
on conflict ({_KEYS}) do update set {moved}
"""  # noqa: S608 - put together from constants
