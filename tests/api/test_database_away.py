"""Which errors mean that any other request would fail just now, too."""

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.types import Integer

from api.database_away import is_database_away, is_unreachable
from storage.looks import Look, Lookout
from tests.builders import Sessions

NUMBER = Look(select(bindparam("number", type_=Integer())))


async def test_what_the_driver_refuses_to_send_says_nothing_of_the_database(sessions: Sessions) -> None:
    async with Lookout(sessions).looking() as looking:
        assert await NUMBER.value(looking, number=1) == 1
        with pytest.raises(asyncpg.DataError) as refused:
            await NUMBER.value(looking, number="many")
    assert not is_unreachable(refused.value)
    assert not is_database_away(refused.value)


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        pytest.param(asyncpg.InterfaceError("connection is closed"), True, id="the-driver-s-connection-is-closed"),
        pytest.param(asyncpg.ConnectionDoesNotExistError("gone"), True, id="cut-in-the-middle"),
        pytest.param(ConnectionResetError(), True, id="no-connection"),
        pytest.param(asyncpg.UniqueViolationError("twice"), False, id="a-row-that-is-there"),
        pytest.param(ValueError("no number"), False, id="ours"),
    ],
)
def test_others_would_fail_as_well_where_there_is_no_connection(error: Exception, is_away: bool) -> None:
    assert is_unreachable(error) is is_away
