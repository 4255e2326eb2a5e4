"""Every minute: fetch recordings as their links arrive, and delete those whose time is over.

One workflow for all of them: in a lead's own history, or with a workflow each, they would cost the engine as much as a
call does.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.keeping_recordings import KeepRecordings, Shift
    from workflows import policies


@workflow.defn
class Recordings:
    @workflow.run
    async def run(self) -> Shift:
        return await workflow.execute_activity_method(
            KeepRecordings.keep_recordings,
            start_to_close_timeout=policies.RECORDINGS_TIME,
            heartbeat_timeout=policies.RECORDINGS_HEARTBEAT,
            retry_policy=policies.RECORDINGS_ONCE,
            summary="fetch and delete recordings",
        )
