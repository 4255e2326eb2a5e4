"""Number pools as they come in and as they are answered."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.schemas.fields import CallsPerSecond, Input, MaxLiveCalls, PhoneNumber, Text, fields_of
from api.schemas.words import CarrierWord
from domain.vocabulary import Carrier
from storage.models import NumberPoolRow
from storage.number_pools import PoolTerms

MOST_NUMBERS = 1_000


def _without_repeats(numbers: list[str]) -> list[str]:
    return list(dict.fromkeys(numbers))


FromNumbers = Annotated[list[PhoneNumber], Field(max_length=MOST_NUMBERS), AfterValidator(_without_repeats)]


class PoolInput(Input):
    name: Text
    account_id: UUID | None = None
    from_numbers: FromNumbers = Field(default_factory=list)
    carrier: Carrier = Carrier.CUSTOM
    max_live_calls: MaxLiveCalls = 20
    max_calls_per_second: CallsPerSecond = 1.0
    max_calls_per_number_per_day: int | None = Field(None, ge=1, le=100_000)
    cost_per_minute: Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=6)] | None = None

    def terms(self, account_id: UUID) -> PoolTerms:
        own = self.model_dump(exclude={"account_id", "from_numbers"})
        return PoolTerms(account_id=account_id, **own)


class PoolChange(Input):
    """What is named is changed. The result is read as a whole pool again, so null is refused where it is there."""

    model_config = ConfigDict(json_schema_extra=fields_of(PoolInput))

    name: Any = None
    account_id: Any = None
    from_numbers: Any = None
    carrier: Any = None
    max_live_calls: Any = None
    max_calls_per_second: Any = None
    max_calls_per_number_per_day: Any = None
    cost_per_minute: Any = None

    def on(self, pool: NumberPoolRow, numbers: Sequence[str]) -> PoolInput:
        """The pool as it would be.

        Raises:
            pydantic.ValidationError: it would be none.
        """
        now = {name: getattr(pool, name) for name in PoolInput.model_fields if name != "from_numbers"}
        return PoolInput.model_validate(now | {"from_numbers": list(numbers)} | self.model_dump(exclude_unset=True))


class PoolAnswer(BaseModel):
    id: UUID
    name: str
    is_default: bool
    account_id: UUID
    from_numbers: list[str]
    carrier: CarrierWord
    max_live_calls: int
    max_calls_per_second: float
    max_calls_per_number_per_day: int | None
    cost_per_minute: float | None
    parked_reason: str | None
    created_at: datetime

    @classmethod
    def of(cls, pool: NumberPoolRow, numbers: Sequence[str]) -> Self:
        own = {name: getattr(pool, name) for name in cls.model_fields if name != "from_numbers"}
        return cls(from_numbers=list(numbers), **own)


class PoolPage(BaseModel):
    items: list[PoolAnswer]
    next_cursor: str | None
