"""The fixtures that every database test stands on."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import pytest

import runtime.embedded.temporary_postgres as temporary
from runtime.embedded.errors import DatabaseUnusable
from runtime.embedded.temporary_postgres import TemporaryPostgres, temporary_postgres


def test_a_fresh_database_speaks_utf8_and_utc(postgres_server: TemporaryPostgres, database_url: str) -> None:
    asked = "SELECT current_setting('server_encoding'), current_setting('TimeZone'), current_database()"
    name = database_url.rpartition("/")[2]
    assert postgres_server.cluster.execute(postgres_server.port, asked, database=name) == f"UTF8|UTC|{name}"


def test_a_database_made_from_a_template_holds_its_tables(postgres_server: TemporaryPostgres) -> None:
    run, port = postgres_server.cluster.execute, postgres_server.port
    postgres_server.create_database("pattern")
    run(port, "CREATE TABLE kept (id int)", database="pattern")
    postgres_server.create_database("copied", template="pattern")
    assert run(port, "SELECT count(*) FROM kept", database="copied") == "0"
    postgres_server.drop_database("copied")
    postgres_server.drop_database("pattern")


def test_a_wrong_password_is_refused(postgres_server: TemporaryPostgres) -> None:
    stranger = replace(postgres_server.cluster, password="wrong")
    with pytest.raises(DatabaseUnusable, match="password authentication failed"):
        stranger.execute(postgres_server.port, "SELECT 1")


def test_a_refused_statement_says_what_postgresql_said(postgres_server: TemporaryPostgres) -> None:
    with pytest.raises(DatabaseUnusable, match="does not exist"):
        postgres_server.cluster.execute(postgres_server.port, "SELECT * FROM nothing_of_this_name")


def test_nothing_is_left_after_the_block() -> None:
    with temporary_postgres() as server:
        base, port = server.cluster.base, server.port
        assert server.cluster.execute(port, "SELECT 1") == "1"
    assert not Path(base).exists()


@pytest.mark.parametrize(
    ("folder", "least_bytes"),
    [pytest.param("memory", 2**60, id="no-room"), pytest.param("nowhere", 0, id="no-such-folder")],
)
def test_without_room_in_memory_it_lies_where_temporary_files_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, least_bytes: int
) -> None:
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(temporary, "MEMORY", tmp_path / folder)
    monkeypatch.setattr(temporary, "LEAST_MEMORY_BYTES", least_bytes)
    with temporary_postgres() as server:
        assert server.cluster.base.parent == Path(gettempdir())


def test_with_room_in_memory_it_lies_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory(prefix="memory") as folder:
        Path(folder).chmod(0o755)  # the server's user isn't whoever tests
        monkeypatch.setattr(temporary, "MEMORY", Path(folder))
        monkeypatch.setattr(temporary, "LEAST_MEMORY_BYTES", 0)
        with temporary_postgres() as server:
            assert server.cluster.base.parent == Path(folder)


def test_an_option_the_server_refuses_is_reported_with_its_log() -> None:
    with (
        pytest.raises(DatabaseUnusable, match="no_such_setting"),
        temporary_postgres({"no_such_setting": "1"}),
    ):
        pytest.fail("the server must not start")
