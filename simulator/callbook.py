"""All calls that were ever accepted, and how to find one."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from simulator.call import Call
from simulator.journal import Journal
from simulator.scenarios import Scenario
from simulator.wire import ApiError, JsonObject, now_ms

IDEMPOTENCY_MS = 60 * 60 * 1000
"""Retell replays a key for up to one hour."""


class CallBook:
    """Every change of a call goes through here, because every change is written down first."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._calls: dict[str, Call] = {}
        self._by_key: dict[str, Call] = {}
        self._by_metadata: defaultdict[tuple[str, str], list[Call]] = defaultdict(list)
        self._dialled: Counter[str] = Counter()

    def accept(self, call: Call) -> None:
        self._journal.write("accepted", at=call.accepted_ms, call=call.to_json())
        self._remember(call)

    def get(self, call_id: str) -> Call:
        """Raises ApiError 422 (not 404) for a call that never was or was deleted."""
        call = self._calls.get(call_id)
        if call is None or call.deleted:
            raise ApiError(422)
        return call

    def everything(self) -> Collection[Call]:
        """All calls in the order of acceptance, deleted ones too."""
        return self._calls.values()

    def dialled_before(self, to_number: str) -> int:
        return self._dialled[to_number]

    def with_key(self, idempotency_key: str) -> Call | None:
        """The call made under this key within the last hour."""
        call = self._by_key.get(idempotency_key)
        return call if call and now_ms() - call.accepted_ms < IDEMPOTENCY_MS else None

    def with_metadata(self, key: str, value: str) -> Iterable[Call]:
        return self._by_metadata.get((key, value), ())

    def replayed(self, call: Call) -> None:
        call.replays += 1
        self._journal.write("replayed", at=now_ms(), call_id=call.call_id)

    def started(self, call: Call) -> None:
        self._change(call, "started", status="ongoing", start_ms=now_ms())

    def ended(self, call: Call, status: str, reason: str) -> None:
        self._change(call, "ended", status=status, reason=reason, end_ms=now_ms())

    def transfer_ended(self, call: Call) -> None:
        self._change(call, "transfer_ended", transfer_end_ms=now_ms())

    def analyzed(self, call: Call) -> None:
        self._change(call, "analyzed", analyzed_ms=now_ms())

    def updated(self, call: Call, changes: JsonObject) -> None:
        metadata = changes.get("metadata", call.metadata)
        attributes = {**call.custom_attributes, **changes.get("custom_attributes", {})}
        terms = {**call.terms, **{k: v for k, v in changes.items() if k == "data_storage_setting"}}
        self._change(call, "updated", metadata=metadata, custom_attributes=attributes, terms=terms)
        self._index_metadata(call)

    def deleted(self, call: Call) -> None:
        self._change(call, "deleted", deleted=True)

    def restore(self, line: JsonObject) -> None:
        """Take in one line of the journal."""
        if line["entry"] == "accepted":
            self._remember(Call.from_json(line["call"]))
            return
        call = self._calls.get(line.get("call_id", ""))
        if call is None:
            return
        if line["entry"] == "replayed":
            call.replays += 1
        for name, value in line.get("changes", {}).items():
            setattr(call, name, value)
        if line["entry"] == "updated":
            self._index_metadata(call)

    def clear(self) -> None:
        self._calls.clear()
        self._by_key.clear()
        self._by_metadata.clear()
        self._dialled.clear()
        self._journal.clear()

    def _change(self, call: Call, entry: str, **changes: object) -> None:
        self._journal.write(entry, at=now_ms(), call_id=call.call_id, changes=changes)
        for name, value in changes.items():
            setattr(call, name, value)

    def _remember(self, call: Call) -> None:
        self._calls[call.call_id] = call
        if call.idempotency_key:
            self._by_key[call.idempotency_key] = call
        if call.plan.scenario is not Scenario.REFUSED and call.direction == "outbound":
            self._dialled[call.to_number] += 1
        self._index_metadata(call)

    def _index_metadata(self, call: Call) -> None:
        # A stale entry after an update does no harm: whoever looks here checks the call itself again.
        for key, value in (call.metadata or {}).items():
            if isinstance(value, str):
                self._by_metadata[key, value].append(call)
