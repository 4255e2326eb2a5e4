"""The histories that are stored, each with the workflow that it is of."""

from collections.abc import Mapping
from pathlib import Path

from workflows.event_delivery import EventDelivery
from workflows.lead_calling import LeadCalling

OF_LEADS = Path(__file__).parent
OF_DELIVERIES = OF_LEADS / "event_delivery"

WORKFLOWS: Mapping[Path, type] = {OF_LEADS: LeadCalling, OF_DELIVERIES: EventDelivery}
"""By the folder of their histories."""

HISTORIES = [path for folder in WORKFLOWS for path in sorted(folder.glob("*.json"))]


def workflow_of(history: Path) -> type:
    return WORKFLOWS[history.parent]
