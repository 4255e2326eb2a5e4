"""What an API process that died has left behind: leads that it had committed, and not handed to the engine."""

from collections.abc import Sequence
from datetime import datetime

from activities.lead_workflows import LeadToStart
from api.dependencies import Dependencies
from storage.lead_progress import leads_to_hand_over

BATCH = 64

AT_MOST = 1_024
"""About what a process may have had in hand, such as a batch; a whole import is the reconciliation's, at its pace."""


async def hand_over_left_behind(deps: Dependencies) -> None:
    """Start the workflows of the leads that were committed before now and that nobody noted as handed over.

    For the start of a process. Harmless where another process is just doing the same; what the engine doesn't take now
    the reconciliation hands over later.
    """
    began_at = deps.clock()
    tried: Sequence[LeadToStart] = ()
    for _ in range(AT_MOST // BATCH):
        leads = await _left_behind(deps, began_at)
        if not leads or leads == tried:
            return
        await deps.engine.start(leads)
        tried = leads


async def _left_behind(deps: Dependencies, before: datetime) -> Sequence[LeadToStart]:
    async with deps.sessions() as session:
        leads = await leads_to_hand_over(session, created_before=before, limit=BATCH)
    return [LeadToStart(*lead) for lead in leads]
