"""The wall between organisations: what a query that forgot whose rows it is about sees and changes, table by table."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID, uuid4

import pytest
from sqlalchemy import CursorResult, Executable, Table, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from runtime.database import create_engine, session_factory
from runtime.settings import Settings
from storage.looks import Look
from storage.models import (
    Base,
    ContactRow,
    LeadImportRow,
    LeadRow,
    MembershipRow,
    NumberPoolRow,
    OrganizationRow,
    UserRow,
)
from storage.organization_sessions import ROLE, SETTING, OrganizationSessions
from storage.reading import reading
from storage.row_security import SHARED
from tests.builders import Sessions, add_lead, add_world
from tests.storage.any_row import any_row

TABLES = sorted(set(Base.metadata.tables) - SHARED.keys())
REFUSED = "42501"

WALLS = text(
    "select relname, relrowsecurity and relforcerowsecurity as is_forced,"
    "   array(select polname::text from pg_policy where polrelid = pg_class.oid) as policies,"
    "   has_any_column_privilege(cast(:role as text), pg_class.oid, 'select, insert, update') as is_open"
    " from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
)


@pytest.fixture
async def lax(sessions: Sessions) -> Sessions:
    """A database that takes any value and any id: only the wall stands."""
    async with sessions.begin() as session:
        checks = await session.execute(
            text(
                "select conrelid::regclass::text, conname from pg_constraint"
                " where contype in ('c', 'f') and connamespace = 'public'::regnamespace"
            )
        )
        for table, name in checks.all():
            await session.execute(text(f'alter table if exists {table} drop constraint if exists "{name}"'))
    return sessions


@pytest.fixture
def mine() -> UUID:
    return uuid4()


@pytest.fixture
def theirs() -> UUID:
    return uuid4()


async def put(sessions: Sessions, table: Table, organization_id: UUID) -> Mapping[str, object]:
    """A row of the organisation, written by the system."""
    row = any_row(table, **await owner(sessions, table, organization_id))
    async with sessions.begin() as session:
        await session.execute(insert(table), dict(row))
        if table.name == "users":
            belongs = any_row(Base.metadata.tables["memberships"], organization_id=organization_id, user_id=row["id"])
            await session.execute(insert(MembershipRow), [dict(belongs)])
    return row


async def owner(sessions: Sessions, table: Table, organization_id: UUID) -> dict[str, object]:
    """The columns by which a row of the table is the organisation's."""
    if table.name == "organizations":
        return {"id": organization_id}
    if "organization_id" in table.columns:
        return {"organization_id": organization_id}
    if "import_id" in table.columns:
        return {"import_id": (await put(sessions, Base.metadata.tables["lead_imports"], organization_id))["id"]}
    return {}


async def outcome(session: AsyncSession, statement: Executable) -> object:
    """A count, how many rows were changed, or that it is refused."""
    async with session:
        try:
            result = await session.execute(statement)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != REFUSED:
                raise
            return "refused"
        if isinstance(result, CursorResult) and not result.returns_rows:
            return result.rowcount
        return result.scalar()


def questions(table: Table) -> Mapping[str, Executable]:
    key = next(iter(table.primary_key.columns))
    return {
        "read": select(func.count()).select_from(table),
        "updated": update(table).values({key.name: key}),
        "deleted": delete(table),
    }


@pytest.mark.parametrize("name", TABLES)
async def test_nothing_of_another_organisation_is_read_changed_or_written(
    lax: Sessions, mine: UUID, theirs: UUID, name: str
) -> None:
    table = Base.metadata.tables[name]
    await put(lax, table, theirs)
    inside = OrganizationSessions(lax, mine)
    found = {what: await outcome(inside(), statement) for what, statement in questions(table).items()}
    assert set(found.values()) <= {0, "refused"}, found
    forged = any_row(table, **await owner(lax, table, theirs))
    assert await outcome(inside(), insert(table).values(forged)) == "refused"
    assert await outcome(lax(), questions(table)["read"]) >= 1  # type: ignore[operator]  # a count


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"appointments", "followed_accounts", "paces"}))
async def test_an_organisation_reads_what_is_its_own(lax: Sessions, mine: UUID, theirs: UUID, name: str) -> None:
    table = Base.metadata.tables[name]
    for organization_id in (mine, theirs):
        await put(lax, table, organization_id)
    assert await outcome(OrganizationSessions(lax, mine)(), _count(table)) == 1


def _count(table: Table) -> Executable:
    return select(func.count(next(iter(table.primary_key.columns))))


@pytest.mark.parametrize("name", TABLES)
async def test_whoever_names_no_organisation_sees_nothing(lax: Sessions, theirs: UUID, name: str) -> None:
    table = Base.metadata.tables[name]
    await put(lax, table, theirs)
    for named in (None, ""):
        async with lax() as session:
            await session.execute(select(func.set_config("role", ROLE, True)))
            if named is not None:
                await session.execute(select(func.set_config(SETTING, named, True)))
            assert await outcome(session, _count(table)) in {0, "refused"}


async def test_every_table_has_its_wall_or_says_why_not(sessions: Sessions) -> None:
    async with sessions() as session:
        walls = {row.relname: row for row in await session.execute(WALLS, {"role": ROLE})}
    for name in sorted(walls.keys() - SHARED.keys()):
        wall = walls[name]
        assert wall.is_forced, (
            f"{name} has no wall between organisations: its migration calls storage.row_security.wall('{name}'),"
            " wall_by_parent or close; a table that holds nobody's rows is named in SHARED there"
        )
        assert "all_rows" in wall.policies, f"the system, which owns {name}, sees nothing of it"
        assert ("own_rows" in wall.policies) == wall.is_open, f"{name} is open without a policy, or has one for nobody"


async def test_of_what_is_shared_requests_get_no_more_than_they_need(sessions: Sessions) -> None:
    granted = text("select table_name, privilege_type from information_schema.role_table_grants where grantee = :role")
    async with sessions() as session:
        rows = await session.execute(granted, {"role": ROLE})
        given = {tuple(row) for row in rows if row.table_name in SHARED}
    assert given == {("analytics_marks", "INSERT"), ("analytics_progress", "SELECT")}


async def test_of_people_no_hash_of_a_password_is_read(sessions: Sessions) -> None:
    inside = OrganizationSessions(sessions, uuid4())
    assert await outcome(inside(), select(UserRow.email)) is None
    assert await outcome(inside(), select(UserRow.password_hash)) == "refused"


async def test_whoever_did_something_is_known_by_name_after_they_left(lax: Sessions, mine: UUID, theirs: UUID) -> None:
    entries = Base.metadata.tables["audit_log"]
    person = await put(lax, Base.metadata.tables["users"], theirs)
    async with lax.begin() as session:
        await session.execute(delete(MembershipRow))
        await session.execute(insert(entries), dict(any_row(entries, organization_id=theirs, user_id=person["id"])))
    assert await outcome(OrganizationSessions(lax, theirs)(), select(UserRow.email)) == person["email"]
    assert await outcome(OrganizationSessions(lax, mine)(), select(UserRow.email)) is None


async def test_a_row_is_not_moved_to_another_organisation(sessions: Sessions) -> None:
    world, other = await add_world(sessions), await add_world(sessions)
    moved = update(NumberPoolRow).values(organization_id=other.organization.id)
    assert await outcome(OrganizationSessions(sessions, world.organization.id)(), moved) == "refused"


@pytest.fixture(params=["", "?pgbouncer=true"], ids=["straight", "as-behind-a-pooler"])
async def one_connection(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Sessions]:
    """Whoever asks gets the very connection that somebody else had just before."""
    engine = create_engine(Settings.model_validate({"DATABASE_URL": database_url + request.param}), pool_size=1)
    yield session_factory(engine)
    await engine.dispose()


async def test_organisations_in_turn_on_one_connection_never_see_each_other(one_connection: Sessions) -> None:
    organizations = [(await add_world(one_connection)).organization.id for _ in range(2)]
    whose = text("select distinct organization_id from campaigns")
    for turn in range(6):  # more often than a statement is planned anew
        organization_id = organizations[turn % 2]
        async with OrganizationSessions(one_connection, organization_id)() as session:
            assert (await session.scalars(whose)).all() == [organization_id]
        async with OrganizationSessions(one_connection, organization_id).looking() as looking:
            assert await Look(whose).column(looking) == [organization_id]
        async with one_connection() as session:
            assert set(await session.scalars(whose)) == set(organizations)


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
async def test_nothing_is_left_on_a_connection_for_who_has_it_next(one_connection: Sessions, end: str) -> None:
    stands = text(f"select current_user = session_user, current_setting('{SETTING}', true)")
    async with OrganizationSessions(one_connection, uuid4())() as session:
        assert not (await session.execute(stands)).one()[0]
        await getattr(session, end)()
    async with one_connection() as session:
        is_nobody_else, organization = (await session.execute(stands)).one()
    assert is_nobody_else
    assert not organization


async def test_a_session_stays_behind_the_wall_over_commits_savepoints_and_rollbacks(sessions: Sessions) -> None:
    world = await add_world(sessions)
    await add_world(sessions)
    count = select(func.count()).select_from(OrganizationRow)
    async with OrganizationSessions(sessions, world.organization.id)() as session:
        async with session.begin_nested() as savepoint:
            assert await session.scalar(count) == 1
            await savepoint.rollback()
        assert await session.scalar(count) == 1
        await session.commit()
        assert await session.scalar(count) == 1
        await session.rollback()
        assert await session.scalar(count) == 1


async def test_a_session_without_transactions_has_no_wall_and_is_refused(sessions: Sessions) -> None:
    async with OrganizationSessions(reading(sessions), uuid4())() as session:
        with pytest.raises(RuntimeError, match="transaction"):
            await session.execute(select(ContactRow.id))


@pytest.mark.parametrize("q", ["Lovelace", "5550123", "crm-7"])
async def test_parts_of_names_and_numbers_are_found_behind_the_wall_only(sessions: Sessions, q: str) -> None:
    world, other = await add_world(sessions), await add_world(sessions)
    await add_lead(sessions, world, "+13125550123", name="Ada Lovelace", external_id="crm-7")
    found = select(func.count(LeadRow.id)).where(
        LeadRow.id.in_(select(func.leads_mentioning(world.organization.id, f"%{q}%", q)))
    )
    asked = func.leads_mentioning(world.organization.id, f"%{q}%", q)
    assert await outcome(OrganizationSessions(sessions, world.organization.id)(), found) == 1
    assert await outcome(OrganizationSessions(sessions, other.organization.id)(), select(asked)) is None
    async with sessions() as session:
        await session.execute(select(func.set_config("role", ROLE, True)))
        assert await outcome(session, select(asked)) is None


async def test_a_file_of_leads_has_the_wall_of_its_import(lax: Sessions, mine: UUID, theirs: UUID) -> None:
    piece = Base.metadata.tables["lead_import_pieces"]
    await put(lax, piece, mine)
    foreign = any_row(Base.metadata.tables["lead_imports"], organization_id=theirs)
    async with lax.begin() as session:
        await session.execute(insert(LeadImportRow), [dict(foreign)])
    moved = update(piece).values(import_id=foreign["id"])
    assert await outcome(OrganizationSessions(lax, mine)(), moved) == "refused"
