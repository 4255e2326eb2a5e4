"""The official SDK drives every endpoint. Answers are validated strictly: the SDK itself lets wrong ones pass."""

import wave
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import TypeVar

import httpx
import pytest
import retell as sdk
from pydantic import BaseModel
from retell import AsyncRetell
from retell.types import PhoneCallResponse

from simulator.rehearsal import Stage, rehearsal
from simulator.settings import Settings

Dial = Callable[..., Awaitable[PhoneCallResponse]]
Model = TypeVar("Model", bound=BaseModel)


def strictly(answer: Model) -> Model:
    """The same answer, held against its own model without any leniency."""
    return type(answer).model_validate_json(answer.model_dump_json(exclude_unset=True), strict=True)


async def test_a_call_is_made_read_listed_changed_and_deleted(retell: AsyncRetell, stage: Stage, dial: Dial) -> None:
    made = strictly(await dial("+13125550142", {"metadata": {"attempt_id": "a1"}, "override_agent_version": 0}))
    assert (made.call_status, made.direction, made.agent_version) == ("registered", "outbound", 0)
    await stage.inbox.until(lambda received: any(r.event == "call_analyzed" for r in received))

    read = await retell.call.retrieve(made.call_id)
    assert strictly(read).call_status in {"ended", "not_connected"}
    listed = await retell.call.list(
        filter_criteria={"metadata": [{"type": "string", "op": "eq", "key": "attempt_id", "value": "a1"}]},
        include_total=True,
    )
    assert [item.call_id for item in strictly(listed).items] == [made.call_id]
    assert listed.total == 1
    changed = await retell.call.update(
        made.call_id, metadata={"attempt_id": "a2"}, custom_attributes={"grade": 1}, data_storage_setting="everything"
    )
    assert strictly(changed).metadata == {"attempt_id": "a2"}
    await retell.call.delete(made.call_id)
    with pytest.raises(sdk.UnprocessableEntityError):
        await retell.call.retrieve(made.call_id)


async def test_a_live_call_is_stopped(retell: AsyncRetell, stage: Stage, dial: Dial) -> None:
    stage.settings.apply({"talk_seconds": 60, "mix": {"answer": 1}})
    made = await dial()
    await stage.inbox.until(bool)
    assert strictly(await retell.concurrency.retrieve()).current_concurrency == 1
    await retell.call.stop(made.call_id)
    await stage.inbox.events(2)
    stopped = await retell.call.retrieve(made.call_id)
    assert (stopped.call_status, stopped.disconnection_reason) == ("ended", "manual_stopped")
    assert (await retell.concurrency.retrieve()).current_concurrency == 0
    with pytest.raises(sdk.BadRequestError):
        await retell.call.stop(made.call_id)


async def test_agents_are_made_read_changed_listed_and_published(retell: AsyncRetell) -> None:
    made = strictly(
        await retell.agent.create(voice_id="11labs-Adrian", response_engine={"type": "retell-llm", "llm_id": "llm_1"})
    )
    assert strictly(await retell.agent.retrieve(made.agent_id)).is_published is False
    await retell.agent.publish(made.agent_id, version=0, version_title="first")
    draft = strictly(await retell.agent.update(made.agent_id, webhook_url="http://127.0.0.1:9/agent"))
    assert (draft.version, draft.is_published) == (1, False)
    assert (await retell.agent.retrieve(made.agent_id, version="latest_published")).version == 0
    versions = strictly(await retell.agent.list_versions(made.agent_id))
    assert [(v.version, v.is_published) for v in versions.items] == [(1, False), (0, True)]
    agents = strictly(await retell.agent.list(limit=1))
    assert (len(agents.items), agents.has_more) == (1, True)
    rest = await retell.agent.list(pagination_key=agents.pagination_key or "")
    assert [agent.agent_id for agent in rest.items] == [made.agent_id]


async def test_numbers_are_imported_bound_and_listed(retell: AsyncRetell, dial: Dial) -> None:
    imported = strictly(
        await retell.phone_number.import_(
            phone_number="+14155550100",
            termination_uri="trunk.example.com",
            sip_trunk_auth_username="user",
            sip_trunk_auth_password="secret",
        )
    )
    assert imported.sip_outbound_trunk_config is not None
    assert imported.sip_outbound_trunk_config.auth_username == "user"
    with pytest.raises(sdk.UnprocessableEntityError, match="No outbound agent"):
        await retell.call.create_phone_call(from_number="+14155550100", to_number="+13125550142")
    bound = await retell.phone_number.update(
        "+14155550100", outbound_agents=[{"agent_id": "agent_bound", "weight": 1, "agent_version": "latest"}]
    )
    assert strictly(bound).outbound_agents is not None
    assert strictly(await retell.phone_number.retrieve("+14155550100")) == bound
    assert [n.phone_number for n in strictly(await retell.phone_number.list()).items] == ["+14155550100"]
    call = await retell.call.create_phone_call(from_number="+14155550100", to_number="+13125550142")
    assert call.agent_id == "agent_bound"


async def test_contacts_are_made_found_and_marked(retell: AsyncRetell, dial: Dial) -> None:
    with pytest.raises(sdk.NotFoundError):
        await retell.contact.get_by_phone("+13125550142")
    made = strictly(await retell.contact.create(phone_number="+13125550142", first_name="Ida"))
    assert strictly(await retell.contact.get(made.contact_id)) == made
    marked = strictly(await retell.contact.update(made.contact_id, do_not_call=True))
    assert marked.do_not_call is True
    assert (await retell.contact.get_by_phone("+13125550142")).do_not_call is True
    with pytest.raises(sdk.BadRequestError):
        await dial("+13125550142", {"honor_internal_dnc": True})
    assert (await dial("+13125550142")).call_status == "registered"


async def test_the_recording_it_names_can_be_played(stage: Stage, retell: AsyncRetell, dial: Dial) -> None:
    stage.settings.apply({"mix": {"answer": 1}})
    made = await dial()
    await stage.inbox.events(3)
    call = await retell.call.retrieve(made.call_id)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(call.recording_url or "")
    with wave.open(BytesIO(answer.content)) as recording:
        assert recording.getnframes() / recording.getframerate() == 1.0


async def test_the_old_list_gives_a_bare_array_with_transcripts(stage: Stage, dial: Dial, retell: AsyncRetell) -> None:
    stage.settings.apply({"mix": {"answer": 1}})
    made = [await dial("+13125550142", {"metadata": {"n": str(n)}}) for n in range(3)]
    await stage.inbox.until(lambda received: sum(r.event == "call_analyzed" for r in received) == 3)
    criteria = {"metadata.n": ["0", "2"], "call_status": ["ended"], "start_timestamp": {"lower_threshold": 0}}
    asked = {"filter_criteria": criteria, "sort_order": "ascending", "limit": 1}
    first = await retell.post("/v2/list-calls", body=asked, cast_to=httpx.Response)
    rest = await retell.post("/v2/list-calls", body=asked | {"pagination_key": made[0].call_id}, cast_to=httpx.Response)
    assert [call["call_id"] for call in first.json()] == [made[0].call_id]
    assert [call["call_id"] for call in rest.json()] == [made[2].call_id]
    assert first.json()[0]["transcript"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param({"to_number": "555-0142"}, sdk.BadRequestError, id="to-number-is-not-e164"),
        pytest.param({"from_number": "12125550100"}, sdk.BadRequestError, id="from-number-is-not-e164"),
        pytest.param({"from_number": ""}, sdk.BadRequestError, id="from-number-is-empty"),
        pytest.param({"from_number": "+12122000100"}, sdk.UnprocessableEntityError, id="caller-id-was-not-imported"),
        pytest.param({"retell_llm_dynamic_variables": {"n": 1}}, sdk.BadRequestError, id="a-variable-is-a-number"),
        pytest.param({"metadata": {"a": "x" * 50_001}}, sdk.BadRequestError, id="metadata-is-too-large"),
        pytest.param(
            {"agent_override": {"agent": {"ring_duration_ms": 4_999}}}, sdk.BadRequestError, id="ring-time-is-too-short"
        ),
        pytest.param(
            {"override_agent_id": "agent_1", "override_agent_version": 7},
            sdk.UnprocessableEntityError,
            id="agent-has-no-such-version",
        ),
    ],
)
async def test_a_bad_order_is_refused_and_no_call_is_made(
    stage: Stage, retell: AsyncRetell, body: dict[str, object], error: type[sdk.APIStatusError]
) -> None:
    order = {"from_number": "+12125550100", "to_number": "+13125550142"} | body
    with pytest.raises(error) as refused:
        await retell.post("/v2/create-phone-call", body=order, cast_to=httpx.Response)
    assert isinstance(refused.value.body, dict)
    assert refused.value.body["status"] == "error"
    assert not stage.simulator.book.everything()


async def test_a_wrong_key_is_refused_everywhere(stage: Stage) -> None:
    async with AsyncRetell(api_key="another key", base_url=stage.url, max_retries=0) as stranger:
        with pytest.raises(sdk.AuthenticationError):
            await stranger.concurrency.retrieve()
        with pytest.raises(sdk.AuthenticationError):
            await stranger.call.create_phone_call(from_number="+12125550100", to_number="+13125550142")


async def test_an_unknown_call_is_422_and_an_unknown_path_404(retell: AsyncRetell) -> None:
    with pytest.raises(sdk.UnprocessableEntityError):
        await retell.call.retrieve("call_nobody_made")
    with pytest.raises(sdk.NotFoundError, match="not found"):
        await retell.batch_call.create_batch_call(from_number="+12125550100", tasks=[{"to_number": "+13125550142"}])


async def test_strict_wants_known_agents_and_caller_ids() -> None:
    async with (
        rehearsal(Settings(strict=True), "key_of_tests") as stage,
        AsyncRetell(api_key="key_of_tests", base_url=stage.url, max_retries=0) as retell,
    ):
        with pytest.raises(sdk.UnprocessableEntityError):
            await retell.call.create_phone_call(from_number="+12125550100", to_number="+13125550142")
        with pytest.raises(sdk.UnprocessableEntityError):
            await retell.agent.retrieve("agent_unknown")
        await retell.phone_number.import_(phone_number="+12125550100", termination_uri="trunk.example.com")
        call = await retell.call.create_phone_call(
            from_number="+12125550100", to_number="+13125550142", override_agent_id="agent_simulator_default"
        )
        assert call.call_status == "registered"


async def test_prompts_are_made_read_and_changed(retell: AsyncRetell) -> None:
    made = await retell.llm.create(general_prompt="Hello {{name}}", default_dynamic_variables={"name": "you"})
    changed = await retell.llm.update(made.llm_id, general_prompt="Good evening")
    read = await retell.llm.retrieve(made.llm_id)
    assert (changed.general_prompt, read.general_prompt) == ("Good evening", "Good evening")
    assert read.default_dynamic_variables == {"name": "you"}
