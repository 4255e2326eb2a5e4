"""Pages of a list: ``limit``, ``skip`` and an opaque key that says where to go on."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from simulator.wire import ApiError, JsonObject

Item = TypeVar("Item")

_MOST = 1000
_USUAL = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: list[Item]
    key: str | None

    def to_json(self, shown: Callable[[Item], JsonObject]) -> JsonObject:
        """``{items, has_more}`` and, where there is more, ``pagination_key``."""
        answer: JsonObject = {"items": [shown(item) for item in self.items], "has_more": self.key is not None}
        return answer | ({"pagination_key": self.key} if self.key else {})


def page_of(items: Sequence[Item], asked: JsonObject, name: Callable[[Item], str]) -> Page[Item]:
    """One page of the sorted items; the key names the last item shown, so new items don't shift the pages.

    Raises:
        ApiError: 400, a limit outside 1 to 1000, a negative skip or a key that this list didn't give out.
    """
    limit, skip = _whole(asked.get("limit", _USUAL)), _whole(asked.get("skip", 0))
    if not 1 <= limit <= _MOST or skip < 0:
        raise ApiError(400, "Invalid limit or skip.")
    start = _after(items, asked.get("pagination_key"), name) + skip
    shown = list(items[start : start + limit])
    more = len(items) > start + limit
    return Page(shown, urlsafe_b64encode(name(shown[-1]).encode()).decode() if more and shown else None)


def _whole(number: object) -> int:
    try:
        return int(str(number))
    except ValueError as error:
        raise ApiError(400, "Invalid limit or skip.") from error


def _after(items: Sequence[Item], key: object, name: Callable[[Item], str]) -> int:
    if not key:
        return 0
    try:
        last = urlsafe_b64decode(str(key)).decode()
    except ValueError as error:
        raise ApiError(400, "Invalid pagination_key.") from error
    for index, item in enumerate(items):
        if name(item) == last:
            return index + 1
    raise ApiError(400, "Invalid pagination_key.")
