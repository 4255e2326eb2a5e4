"""What a worker runs."""

from workflows.lead_calling import LeadCalling
from workflows.reconciliation import Reconciliation

WORKFLOWS = [LeadCalling, Reconciliation]
