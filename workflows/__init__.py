"""Orchestration without I/O. What a workflow does is stored in histories: see docs/operations before changing it."""

from workflows.lead_calling import LeadCalling
from workflows.reconciliation import Reconciliation

WORKFLOWS = [LeadCalling, Reconciliation]

__all__ = ["WORKFLOWS", "LeadCalling", "Reconciliation"]
