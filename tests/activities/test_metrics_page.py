"""Every metric of the worker stands on the page that says what it means."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from activities.figures import _families
from activities.following_mishaps import FollowingMishaps
from activities.reconciling import Findings
from activities.recording_metrics import RecordingMetrics
from activities.round_metrics import RoundMetrics
from storage.figures import Figures

PAGE = (Path(__file__).parents[2] / "docs" / "operations" / "metrics.md").read_text()


@pytest.mark.parametrize("finding", [field.name for field in fields(Findings)])
def test_every_finding_is_explained(finding: str) -> None:
    assert f"\n| `{finding}` |" in PAGE


def test_every_metric_is_explained() -> None:
    registry = CollectorRegistry()
    RoundMetrics(registry)
    RecordingMetrics(registry)
    FollowingMishaps(registry)
    standing = _families(Figures(0, 0, 0, 0, 0, 0, 0, limits_read_at=datetime.now(UTC)))
    names = [family.name for family in (*registry.collect(), *standing)]
    assert len(names) == 13
    assert [name for name in names if f"`{name}" not in PAGE] == []
