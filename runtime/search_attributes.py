"""The search attributes of our workflows: one typed registry, made known to the server at every start.

Workflows name them by the same strings; they hold ids only, never a phone number or a name.
"""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType, SearchAttributeKey

CAMPAIGN = SearchAttributeKey.for_keyword("LeadlineCampaign")
ORGANIZATION = SearchAttributeKey.for_keyword("LeadlineOrganization")

SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[str], ...] = (CAMPAIGN, ORGANIZATION)

_SERVER_TYPES = {
    SearchAttributeIndexedValueType.KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    SearchAttributeIndexedValueType.TEXT: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    SearchAttributeIndexedValueType.INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
}


async def ensure_search_attributes(client: Client) -> None:
    """Add those that the namespace lacks. Safe to repeat, and from several processes at once.

    Raises:
        temporalio.service.RPCError: The server refused; Temporal Cloud wants them made in its own console.
    """
    present = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {
        key.name: _SERVER_TYPES[key.indexed_value_type]
        for key in SEARCH_ATTRIBUTES
        if key.name not in present.custom_attributes
    }
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
