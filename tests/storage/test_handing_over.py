from storage.lead_progress import mark_handed_over
from tests.builders import NOON, Sessions, add_lead, add_world, reread


async def test_a_late_note_of_an_earlier_run_says_nothing_of_the_next_one(sessions: Sessions) -> None:
    world = await add_world(sessions)
    lead = await add_lead(sessions, world, run=2, handed_over_at=None)
    async with sessions.begin() as session:
        await mark_handed_over(session, [(lead.id, 1)], NOON)
    assert (await reread(sessions, lead)).handed_over_at is None
    async with sessions.begin() as session:
        await mark_handed_over(session, [(lead.id, 2)], NOON)
    assert (await reread(sessions, lead)).handed_over_at == NOON
