"""Every 30 seconds: heal what got lost."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.reconciling import Findings, Reconcile
    from workflows import policies


@workflow.defn
class Reconciliation:
    @workflow.run
    async def run(self) -> Findings:
        return await workflow.execute_activity_method(
            Reconcile.reconcile,
            start_to_close_timeout=policies.RECONCILE_TIME,
            heartbeat_timeout=policies.HEARTBEAT,
            retry_policy=policies.RECONCILE_ONCE,
            summary="heal what got lost",
        )
