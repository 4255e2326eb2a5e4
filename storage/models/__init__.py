"""Every table. Importing this package fills ``Base.metadata``."""

from storage.models.access import ApiKeyRow, InvitationRow, RequestCountRow, RevokedTokenRow
from storage.models.accounts import AccountRow, AppointmentRow, CallerIdRow, FollowedAccountRow, NumberPoolRow, PaceRow
from storage.models.analytics import (
    AnalyticsMarkRow,
    AnalyticsProgressRow,
    CallFactRow,
    CallSumRow,
    LeadFactRow,
    LeadSumRow,
)
from storage.models.attempts import AttemptRow
from storage.models.base import Base
from storage.models.campaigns import CampaignRow
from storage.models.do_not_call import DoNotCallEntryRow, DoNotCallListRow
from storage.models.erasure import CallDeletionRow, SuppressionKeyRow, SuppressionRow
from storage.models.events import EventDeliveryRow, EventDeliveryTryRow, EventSubscriptionRow
from storage.models.idempotency import IdempotencyKeyRow
from storage.models.imports import LeadImportPieceRow, LeadImportRejectionRow, LeadImportRow
from storage.models.inbound_calls import InboundCallRow
from storage.models.leads import ContactRow, LeadRow
from storage.models.live import LiveEventRow
from storage.models.organizations import AuditEntryRow, MembershipRow, OrganizationRow, UserRow
from storage.models.trial_calls import TrialCallRow
from storage.models.webhook_keys import WebhookKeyRow
from storage.models.webhooks import WebhookEventRow

__all__ = [
    "AccountRow",
    "AnalyticsMarkRow",
    "AnalyticsProgressRow",
    "ApiKeyRow",
    "AppointmentRow",
    "AttemptRow",
    "AuditEntryRow",
    "Base",
    "CallDeletionRow",
    "CallFactRow",
    "CallSumRow",
    "CallerIdRow",
    "CampaignRow",
    "ContactRow",
    "DoNotCallEntryRow",
    "DoNotCallListRow",
    "EventDeliveryRow",
    "EventDeliveryTryRow",
    "EventSubscriptionRow",
    "FollowedAccountRow",
    "IdempotencyKeyRow",
    "InboundCallRow",
    "InvitationRow",
    "LeadFactRow",
    "LeadImportPieceRow",
    "LeadImportRejectionRow",
    "LeadImportRow",
    "LeadRow",
    "LeadSumRow",
    "LiveEventRow",
    "MembershipRow",
    "NumberPoolRow",
    "OrganizationRow",
    "PaceRow",
    "RequestCountRow",
    "RevokedTokenRow",
    "SuppressionKeyRow",
    "SuppressionRow",
    "TrialCallRow",
    "UserRow",
    "WebhookEventRow",
    "WebhookKeyRow",
]
