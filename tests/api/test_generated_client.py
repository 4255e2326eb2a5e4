"""A client that is made from /openapi.json, as anybody would make one, and used against the API over a socket."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from domain.vocabulary import CampaignStatus, LeadStatus
from tests.api.conftest import PASSWORD
from tests.api.live.conftest import Process, process, start

__all__ = ["process", "start"]

PACKAGE = "leadline_client_of_a_test"
AS_BYTES = dict.fromkeys(("audio/*", "text/csv", "text/plain"), "application/octet-stream")
"""As docs/guides/clients.md has it."""

Part = Callable[[str], Any]
"""A module of the client by its name within it."""


@pytest.fixture
def part(process: Process, tmp_path: Path) -> Iterator[Part]:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(process.app.openapi()))
    how = Config.from_sources(
        config_file=ConfigFile(
            post_hooks=[], content_type_overrides=dict.fromkeys(AS_BYTES, "application/octet-stream")
        ),
        meta_type=MetaType.NONE,
        document_source=document,
        file_encoding="utf-8",
        overwrite=False,
        output_path=tmp_path / PACKAGE,
    )
    assert [(problem.header, problem.detail) for problem in generate(config=how)] == []
    sys.path.insert(0, str(tmp_path))
    yield lambda name: importlib.import_module(f"{PACKAGE}.{name}" if name else PACKAGE)
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


async def test_a_generated_client_signs_in_makes_and_lists_and_is_told_what_is_wrong(
    process: Process, part: Part
) -> None:
    models, package = part("models"), part("")
    form = models.BodySignIn(username="admin@localhost", password=PASSWORD)
    async with package.Client(process.url) as anyone:
        token = await part("api.auth.sign_in").asyncio(client=anyone, body=form)
    async with package.AuthenticatedClient(process.url, token=token.access_token) as client:
        await _makes_and_lists(client, part)
    for ours in (LeadStatus, CampaignStatus):
        assert {word.value for word in getattr(models, ours.__name__)} == {word.value for word in ours}


async def _makes_and_lists(client: Any, part: Part) -> None:  # noqa: ANN401  (of a class that was just made)
    models = part("models")
    campaign = await part("api.campaigns.create_campaign").asyncio(client=client, body=models.CampaignInput("Spring"))
    assert (campaign.name, campaign.status) == ("Spring", models.CampaignStatus.DRAFT)
    body = models.LeadInput(phone_number="+12125550123", campaign_id=campaign.id, external_id="crm-1")
    create_lead = part("api.leads.create_lead")
    lead = await create_lead.asyncio(client=client, body=body, idempotency_key=str(uuid4()))
    assert (lead.phone_number, lead.campaign_id) == ("+12125550123", campaign.id)
    again = await create_lead.asyncio_detailed(client=client, body=body)
    assert (again.status_code, again.parsed.id) == (HTTPStatus.OK, lead.id)

    list_leads = part("api.leads.list_leads")
    page = await list_leads.asyncio(client=client, status=models.LeadStatus.NEW, campaign_id=campaign.id)
    assert ([one.id for one in page.items], page.next_cursor) == ([lead.id], None)
    nobody = await part("api.leads.get_lead").asyncio_detailed(UUID(int=0), client=client)
    assert (nobody.status_code, nobody.parsed.type_) == (404, "urn:leadline:problem:not-found")
    assert isinstance(nobody.parsed, models.Problem)
