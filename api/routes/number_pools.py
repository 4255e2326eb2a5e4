"""Where calls go out: number pools."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.dependencies import Deps, Reader, Session, Writer
from api.once import WriterOnce
from api.paging import PagingQuery, written
from api.pool_actions import edit_pool, make_pool, resume_pool
from api.problem_answers import may_answer
from api.problems import NotFound
from api.schemas.number_pools import (
    PoolAnswer,
    PoolChange,
    PoolInput,
    PoolPage,
)
from storage.number_pools import caller_ids, get_pool, list_pools

router = APIRouter(prefix="/api/v1", tags=["number pools"])


@router.post("/number-pools", status_code=201, responses=may_answer(404))
async def post_pool(
    body: PoolInput, principal: WriterOnce, session: Session, deps: Deps, response: Response
) -> PoolAnswer:
    pool = await make_pool(deps, session, principal, body)
    response.headers["Location"] = f"/api/v1/number-pools/{pool.id}"
    return pool


@router.get("/number-pools")
async def get_pools(principal: Reader, session: Session, page: PagingQuery) -> PoolPage:
    pools = await list_pools(session, principal.organization_id, limit=page.limit, after=page.after)
    numbers = await caller_ids(session, [pool.id for pool in pools.items])
    items = [PoolAnswer.of(pool, numbers.get(pool.id, [])) for pool in pools.items]
    return PoolPage(items=items, next_cursor=written(pools.next_cursor))


@router.get("/number-pools/{pool_id}")
async def get_one_pool(pool_id: UUID, principal: Reader, session: Session) -> PoolAnswer:
    pool = await get_pool(session, principal.organization_id, pool_id)
    if pool is None:
        raise NotFound("There is no number pool with this id.")
    return PoolAnswer.of(pool, (await caller_ids(session, [pool_id])).get(pool_id, []))


@router.patch("/number-pools/{pool_id}")
async def patch_pool(pool_id: UUID, body: PoolChange, principal: Writer, session: Session, deps: Deps) -> PoolAnswer:
    return await edit_pool(deps, session, principal, pool_id, body)


@router.post("/number-pools/{pool_id}/resume")
async def resume_one_pool(pool_id: UUID, principal: Writer, session: Session, deps: Deps) -> PoolAnswer:
    return await resume_pool(deps, session, principal, pool_id)
