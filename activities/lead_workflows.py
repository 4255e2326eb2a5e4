"""Starting and signalling the workflows of leads, and of the files that bring many."""

from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.messages import (
    IMPORT_WORKFLOW,
    LEAD_WORKFLOW,
    SLOT_GRANTED_SIGNAL,
    WAKE_SIGNAL,
    CallHeard,
    LeadInput,
    Wake,
    workflow_id,
)
from domain.diary import LONGEST_DETAILS, LONGEST_SUMMARY, cut, plain
from domain.steps import Dial

Answer = TypeVar("Answer")

# The server has to know these names before they are used: runtime.search_attributes makes them known at every start.
CAMPAIGN = SearchAttributeKey.for_keyword("LeadlineCampaign")
ORGANIZATION = SearchAttributeKey.for_keyword("LeadlineOrganization")
SEARCH_ATTRIBUTES: Sequence[SearchAttributeKey[str]] = (CAMPAIGN, ORGANIZATION)


@dataclass(frozen=True, slots=True)
class LeadToStart:
    lead_id: UUID
    run: int
    campaign_id: UUID
    campaign_name: str
    organization_id: UUID


class EngineAway(RuntimeError):  # noqa: N818  (says what happened, as in the house's other error trees)
    """The engine could not be told; what is committed stands, and the reconciliation tells it later."""


@contextmanager
def unless_away() -> Iterator[None]:
    """Raise ``EngineAway`` for what the client raises where the engine refuses or isn't there."""
    try:
        yield
    except (RPCError, RuntimeError) as error:  # the latter where a lazy client finds no server
        raise EngineAway(str(error)) from error


class LeadWorkflows:
    """The engine's side of leads and files of them.

    Every method may be repeated without effect, and raises ``EngineAway`` only.
    """

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def start(self, lead: LeadToStart) -> bool:
        """Start this run of the lead's workflow unless it was ever started; False when it has ended already."""
        try:
            with unless_away():
                await self._client.start_workflow(
                    LEAD_WORKFLOW,
                    LeadInput(lead.lead_id, lead.run),
                    id=workflow_id(lead.lead_id, lead.run),
                    task_queue=self._task_queue,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    static_summary=cut(f"Lead of {plain(lead.campaign_name)}", LONGEST_SUMMARY),
                    static_details=_details(lead),
                    search_attributes=TypedSearchAttributes(
                        [
                            SearchAttributePair(CAMPAIGN, str(lead.campaign_id)),
                            SearchAttributePair(ORGANIZATION, str(lead.organization_id)),
                        ]
                    ),
                )
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def start_import(self, import_id: UUID) -> None:
        """Have a file of leads taken in, unless it just is."""
        with unless_away():
            await self._client.start_workflow(
                IMPORT_WORKFLOW,
                import_id,
                id=f"import-{import_id}",
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary="Leads of a file",
            )

    async def wake(self, lead_id: UUID, run: int, reason: str) -> bool:
        """Have the lead look again at what it may do next; False when it has no open workflow."""
        return await self._signal(lead_id, run, WAKE_SIGNAL, Wake(reason))

    async def slot_granted(self, lead_id: UUID, run: int, dial: Dial | None) -> bool:
        """Have a waiting lead take up the slot that was handed on to it; False when it has no open workflow.

        Args:
            dial: What was granted; None where it is for the lead to ask what came of it.
        """
        return await self._signal(lead_id, run, SLOT_GRANTED_SIGNAL, dial)

    async def is_open(self, lead_id: UUID, run: int) -> bool:
        """Whether this run of the lead's workflow goes on, as far as the engine knows."""
        described = await _unless_missing(self._handle(lead_id, run).describe())
        return described is not None and described.status is WorkflowExecutionStatus.RUNNING

    async def forward(self, lead_id: UUID, run: int, event: str, attempt_id: UUID) -> None:
        """Tell the lead that the provider reported ``event`` on the call of this attempt."""
        await self._signal(lead_id, run, event, CallHeard(attempt_id))

    async def _signal(self, lead_id: UUID, run: int, name: str, message: CallHeard | Wake | Dial | None) -> bool:
        async def sent() -> bool:
            await self._handle(lead_id, run).signal(name, args=[] if message is None else [message])
            return True

        return await _unless_missing(sent()) is not None

    def _handle(self, lead_id: UUID, run: int) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(workflow_id(lead_id, run))


async def _unless_missing(request: Awaitable[Answer]) -> Answer | None:
    """The engine's answer; None when it knows no such workflow, or for a signal no open one."""
    with unless_away():
        try:
            return await request
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None


def _details(lead: LeadToStart) -> str:
    again = "" if lead.run == 1 else f"\n\nRun {lead.run}: the lead was done before, and is called again."
    who = "Whom it is for, and what was said, is kept in Leadline only, under the id in this workflow's name."
    return cut(f"One lead of the campaign **{plain(lead.campaign_name)}**.{again}\n\n{who}", LONGEST_DETAILS)
