"""Requests see their organisation, also where a query forgot to say so; who sees all of them is listed."""

import ast
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import text

import api
from api.crossing import CROSSING
from api.dependencies import AnalyticsSession, Deps, Looks, Reader, Session
from storage.looks import Look
from storage.models import LeadRow
from tests.builders import Sessions, add_lead, add_world

ROOM = Path(api.__file__).parent
NAMES = {"SystemSession", "async_sessionmaker"}
ATTRIBUTES = {"sessions", "analytics_sessions", "webhook_sessions"}
"""By one of these a module gets at sessions that see every organisation."""

FORGETFUL = text("select id from leads")
MINE = "+12125550123"


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in ROOM.rglob("*.py"):
        name = ".".join(path.relative_to(ROOM).with_suffix("").parts)
        if not name.startswith("__"):  # the process itself, which makes the sessions
            yield name, ast.parse(path.read_text())


def crosses(tree: ast.Module) -> bool:
    nodes = list(ast.walk(tree))
    named = any(isinstance(node, ast.Name) and node.id in NAMES for node in nodes)
    return named or any(isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES for node in nodes)


def test_who_looks_beyond_one_organisation_is_listed_with_the_reason() -> None:
    found = {name for name, tree in modules() if crosses(tree)}
    assert found - CROSSING.keys() == set(), (
        "take Session or Dependencies.sessions_of, or say in api/crossing.py why this sees all organisations"
    )
    assert CROSSING.keys() - found == set(), "listed in api/crossing.py, and crosses nothing any more"


async def seen_in_session(principal: Reader, session: Session) -> list[UUID]:
    return list(await session.scalars(FORGETFUL))


async def seen_in_figures(principal: Reader, session: AnalyticsSession) -> list[UUID]:
    return list(await session.scalars(FORGETFUL))


async def seen_in_looks(principal: Reader, looks: Looks) -> list[UUID]:
    return list(await Look(FORGETFUL).column(looks))


async def seen_in_another_session(principal: Reader, deps: Deps) -> list[UUID]:
    async with deps.sessions_of(principal.organization_id)() as session:
        return list(await session.scalars(FORGETFUL))


async def changed(principal: Reader, session: Session) -> list[UUID]:
    return list(await session.scalars(text("update leads set name = 'somebody else' returning id")))


@pytest.mark.parametrize("route", [seen_in_session, seen_in_figures, seen_in_looks, seen_in_another_session, changed])
async def test_a_route_that_forgot_whose_rows_it_is_about_gets_its_own_organisations(
    app: FastAPI, admin: httpx.AsyncClient, sessions: Sessions, route: Callable[..., Awaitable[list[UUID]]]
) -> None:
    @app.get("/api/v1/forgetful")
    async def forgetful(found: Annotated[list[UUID], Depends(route)]) -> list[UUID]:
        return found

    posted = await admin.post("/api/v1/leads", json={"phone_number": MINE})
    foreign = await add_lead(sessions, await add_world(sessions), MINE)
    assert (await admin.get("/api/v1/forgetful")).json() == [posted.json()["id"]]
    async with sessions() as session:
        assert (await session.get_one(LeadRow, foreign.id)).name is None
        assert len((await session.scalars(FORGETFUL)).all()) == 2
