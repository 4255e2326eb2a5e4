"""Payloads are what the library's converter for pydantic makes of the same values; only its work is kept."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, PayloadConverter

from activities.messages import AttemptInput, CallFate, CallHeard, LeadInput, Wake
from domain.steps import Dial, Parked, Queued, Step, Stop, WaitUntil
from runtime.payloads import data_converter

AN_ID = UUID("3f2a8f1e-6f0e-4a4f-9d59-0c8a3f0f7a11")
NOON = datetime(2026, 3, 2, 18, 0, 0, 123_456, tzinfo=UTC)

VALUES: list[tuple[Any, Any]] = [
    (LeadInput(AN_ID, 2), LeadInput),
    (CallHeard(AN_ID), CallHeard),
    (Wake("cancelled"), Wake),
    (AttemptInput(AN_ID), AttemptInput),
    (CallFate(NOON, "the call"), CallFate),
    (CallFate(None, "settled"), CallFate),
    (Stop("reached"), Step),
    (WaitUntil(NOON, "opening", details="**Next:** opening"), Step),
    (Queued(NOON, "a free slot"), Step),
    (Parked("the campaign is paused"), Step),
    (Dial(AN_ID, 1, NOON, NOON + timedelta(seconds=30), utc_offset=timedelta(hours=-6)), Step),
    ("reached", str),
    (None, None),
    (b"\x00\xff", bytes),
    ({"count": 1}, dict[str, int]),
    ({"anything": [1, "two"]}, None),
]
"""Each with the type that its reader names."""


@pytest.mark.parametrize(("value", "hint"), VALUES, ids=lambda one: type(one).__name__)
async def test_what_is_written_and_read_is_what_the_library_writes_and_reads(value: object, hint: type | None) -> None:
    hints = None if hint is None else [hint]
    written = await data_converter.encode([value])
    assert written == await pydantic_data_converter.encode([value])
    assert await data_converter.decode(written, hints) == await pydantic_data_converter.decode(written, hints)


async def test_what_does_not_fit_its_type_is_refused_as_the_library_refuses_it() -> None:
    written = await data_converter.encode([{"lead_id": "nobody"}])
    errors = [await _refusal(one, written) for one in (data_converter, pydantic_data_converter)]
    assert errors[0] == errors[1]


async def _refusal(converter: DataConverter, written: list[Any]) -> str:
    with pytest.raises(ValueError, match="lead_id") as refused:
        await converter.decode(written, [LeadInput])
    return str(refused.value)


def test_a_type_is_looked_into_once_for_all_workflows_of_a_process() -> None:
    """The engine's worker makes a converter for each workflow that it loads."""
    first, second = (data_converter.payload_converter_class() for _ in range(2))
    _read_as(first, Looked)
    before = Looked.looks
    _read_as(second, Looked)
    assert Looked.looks == before > 0


class Looked:
    """Counts how often pydantic looks into it."""

    looks = 0

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Mapping[str, str]:
        cls.looks += 1
        return {"type": "any"}


def _read_as(converter: PayloadConverter, hint: type) -> None:
    converter.from_payloads(converter.to_payloads(["anything"]), [hint])
