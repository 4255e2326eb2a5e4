"""Words of closed vocabularies that stand in a statement itself.

Plans are made once and for all parameters (``runtime.database``), so the planner sees that a partial index, such as
that of open attempts, holds what is asked for only where the word isn't one of them.
"""

from enum import StrEnum

from sqlalchemy import ColumnElement, literal_column


def written_out(word: StrEnum) -> ColumnElement[str]:
    return literal_column(f"'{word}'")
