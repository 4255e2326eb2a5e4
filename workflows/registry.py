"""What a worker runs."""

from workflows.lead_calling import LeadCalling
from workflows.lead_import import LeadImport
from workflows.reconciliation import Reconciliation
from workflows.recordings import Recordings

WORKFLOWS = [LeadCalling, LeadImport, Reconciliation, Recordings]
