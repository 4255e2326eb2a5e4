"""Keeps what nobody can read yet within bounds, so that a kind of webhook that is new doesn't fill the database."""

import json
from collections.abc import Mapping
from typing import Any

LONGEST_KEPT = 65_536
"""Characters of JSON; what is longer is kept by its beginning."""


def bounded(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload, or the beginning of its JSON where it is too long to be kept whole; both can be stored."""
    written = json.dumps(payload, ensure_ascii=False)
    if len(written) <= LONGEST_KEPT:
        return dict(payload)
    return {"cut_off_after": LONGEST_KEPT, "characters": len(written), "beginning": written[:LONGEST_KEPT]}
