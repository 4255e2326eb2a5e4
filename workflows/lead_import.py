"""Takes in a file of leads: asks for it again and again until it is over.

How far it has come stands in the database, with the leads; the history holds the import's id and nothing of the file.
"""

from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.messages import IMPORT_WORKFLOW
    from activities.taking_imports import TakeImports
    from workflows import policies


@workflow.defn(name=IMPORT_WORKFLOW)
class LeadImport:
    @workflow.run
    async def run(self, import_id: UUID) -> None:
        while not await self._take_in(import_id):
            await workflow.sleep(policies.IMPORT_PAUSE)

    async def _take_in(self, import_id: UUID) -> bool:
        return await workflow.execute_activity_method(
            TakeImports.take_in_import,
            import_id,
            start_to_close_timeout=policies.IMPORT_TIME,
            heartbeat_timeout=policies.HEARTBEAT,
            retry_policy=policies.IMPORT_AGAIN,
            summary="take in leads of a file",
        )
