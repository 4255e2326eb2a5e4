"""What a worker runs."""

from workflows.lead_calling import LeadCalling
from workflows.reconciliation import Reconciliation
from workflows.recordings import Recordings

WORKFLOWS = [LeadCalling, Reconciliation, Recordings]
