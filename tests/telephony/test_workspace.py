"""What an account holds besides calls, as it is read from answers of any kind."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from telephony.errors import ProviderError, ProviderRejected, ProviderUnreachable
from telephony.http import provider_http_client
from telephony.retell_workspace import RetellWorkspace
from telephony.workspace import AgentVersions, ListedAgent, NumberToImport, variables_in
from tests.telephony.conftest import API_KEY

WorkspaceOver = Callable[[Callable[[httpx.Request], httpx.Response]], RetellWorkspace]


@pytest.fixture
async def workspace_over() -> AsyncIterator[WorkspaceOver]:
    clients: list[httpx.AsyncClient] = []

    def make(handler: Callable[[httpx.Request], httpx.Response]) -> RetellWorkspace:
        clients.append(httpx.AsyncClient(transport=httpx.MockTransport(handler)))
        return RetellWorkspace(API_KEY, "https://provider.example.com", clients[-1])

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def workspace(simulator: str, control: httpx.AsyncClient) -> AsyncIterator[RetellWorkspace]:
    async with provider_http_client() as http:
        yield RetellWorkspace(API_KEY, simulator, http)


def pages(*some: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    """One page after the other, by the key of the page before."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=some[int(request.url.params.get("pagination_key", "0"))])

    return answer


async def test_all_pages_of_a_list_are_read_and_what_is_no_agent_is_left_out(workspace_over: WorkspaceOver) -> None:
    one = {"agent_id": "agent_1", "agent_name": "Ida", "channel": "voice"}
    strange = [{"agent_id": None}, "agent", {"agent_id": "agent_9", "channel": "chat"}]
    first = {"items": [one, *strange], "has_more": True, "pagination_key": "1"}
    last = {"items": [one, {"agent_id": "agent_2"}], "has_more": False, "pagination_key": "0"}
    agents = await workspace_over(pages(first, last)).agents()
    assert agents == [ListedAgent("agent_1", "Ida"), ListedAgent("agent_2", None)]


async def test_a_list_that_never_ends_is_given_up(workspace_over: WorkspaceOver) -> None:
    endless = {"items": [{"phone_number": "+12125550111"}], "has_more": True, "pagination_key": "0"}
    assert len(await workspace_over(pages(endless)).numbers()) == 20


async def test_the_latest_published_version_is_told_apart_from_the_latest(workspace_over: WorkspaceOver) -> None:
    versions = [{"version": 3, "is_published": False}, {"version": 2, "is_published": True}, {"version": "x"}]
    answer = pages({"items": versions, "has_more": False})
    assert await workspace_over(answer).agent_versions("agent_1") == AgentVersions(latest=3, latest_published=2)


@pytest.mark.parametrize("status", [404, 422])
async def test_what_the_account_has_not_is_none(workspace_over: WorkspaceOver, status: int) -> None:
    workspace = workspace_over(lambda _: httpx.Response(status, json={"message": "not found"}))
    found = [
        await workspace.agent_versions("agent_1"),
        await workspace.agent("agent_1", 3),
        await workspace.words("llm_1", None),
        await workspace.number("+12125550111"),
    ]
    assert found == [None] * 4


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(httpx.Response(401, json={"message": "invalid key"}), ProviderRejected, id="refused"),
        pytest.param(httpx.Response(500), ProviderUnreachable, id="broken"),
        pytest.param(httpx.Response(200, text="<html>"), ProviderUnreachable, id="no-json"),
        pytest.param(httpx.Response(200, json={"items": None}), ProviderUnreachable, id="no-list"),
        pytest.param(httpx.Response(200, json={"agent_id": "another"}), ProviderUnreachable, id="another-agent"),
    ],
)
async def test_an_answer_that_is_none_is_an_error_of_the_tree(
    workspace_over: WorkspaceOver, answer: httpx.Response, error: type[ProviderError]
) -> None:
    workspace = workspace_over(lambda _: answer)
    with pytest.raises(error):
        await workspace.agent("agent_1")
    with pytest.raises(error):
        await workspace.numbers()


async def test_the_words_of_an_agent_are_its_prompts_and_its_first_message(workspace_over: WorkspaceOver) -> None:
    llm = {
        "general_prompt": "You sell {{ car }}.",
        "begin_message": "Hello {{lead_name}}",
        "states": [{"state_prompt": "At {{current_time_America/Chicago}}, {{greeting}}"}, None],
        "default_dynamic_variables": {"greeting": "Hi"},
    }
    words = await workspace_over(lambda _: httpx.Response(200, json=llm)).words("llm_1", 2)
    assert words is not None
    assert variables_in(words.texts) == {"car", "lead_name", "greeting"}
    assert set(words.defaults) == {"greeting"}


async def test_names_are_written_into_addresses_so_that_they_lead_nowhere_else(workspace_over: WorkspaceOver) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(404)

    await workspace_over(answer).agent("../v2/list-calls?x=1")
    assert asked == ["/get-agent/..%2Fv2%2Flist-calls%3Fx%3D1"]


async def test_the_simulator_tells_of_agents_prompts_and_numbers_as_retell_does(workspace: RetellWorkspace) -> None:
    (listed,) = await workspace.agents()
    agent = await workspace.agent(listed.agent_id, "latest_published")
    assert agent is not None
    assert (agent.version, agent.is_published, agent.voicemail_action) == (0, True, True)
    assert agent.llm_id is not None
    words = await workspace.words(agent.llm_id, agent.llm_version)
    assert words is not None
    assert variables_in(words.texts) == {"campaign_name", "conversation_memory"}
    order = NumberToImport(
        phone_number="+12122000100",
        termination_uri="agency.pstn.twilio.com",
        username="agency",
        password="a secret",
        outbound_agent=listed.agent_id,
    )
    imported = await workspace.import_number(order)
    assert (imported.termination_uri, list(imported.outbound_agents)) == (order.termination_uri, [listed.agent_id])
    assert [one.phone_number for one in await workspace.numbers()] == [order.phone_number]
    fiction = await workspace.number("+12125550111")
    assert fiction is not None
    assert fiction.outbound_agents, "numbers reserved for fiction call without ado"
    assert await workspace.number("+12122000199") is None
