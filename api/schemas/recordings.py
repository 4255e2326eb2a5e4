"""Where a recording is heard, as it is answered with its call."""

from storage.call_lists import ListedInboundCall
from storage.calls import ListedAttempt
from storage.models import AttemptRow, InboundCallRow


def recording_url(call: AttemptRow | InboundCallRow | ListedAttempt | ListedInboundCall) -> str | None:
    """Our own path, never the provider's link, which is good for whoever has it."""
    is_kept = call.recording_fetched_at is not None and call.recording_deletion is None
    return f"/api/v1/calls/{call.call_id}/recording" if is_kept and call.call_id is not None else None
