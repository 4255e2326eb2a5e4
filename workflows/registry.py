"""What a worker runs."""

from workflows.event_delivery import EventDelivery
from workflows.lead_calling import LeadCalling
from workflows.lead_import import LeadImport
from workflows.reconciliation import Reconciliation
from workflows.recordings import Recordings

WORKFLOWS = [LeadCalling, EventDelivery, LeadImport, Reconciliation, Recordings]
