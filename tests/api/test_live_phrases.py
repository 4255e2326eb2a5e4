"""What a campaign listens for, as people set it."""

import httpx
import pytest

CAMPAIGNS = "/api/v1/campaigns"
PHRASES = [
    {"phrase": "Don\u2019t ring me", "then": "do_not_call"},
    {"phrase": "Acme", "then": "flag", "said_by": "anyone"},
]


async def test_phrases_are_kept_as_they_were_written_and_null_means_the_usual_ones(admin: httpx.AsyncClient) -> None:
    made = (await admin.post(CAMPAIGNS, json={"name": "Own", "live_phrases": PHRASES})).json()
    usual = (await admin.post(CAMPAIGNS, json={"name": "Usual"})).json()
    assert (made["live_phrases"], usual["live_phrases"]) == (PHRASES, None)
    path = f"{CAMPAIGNS}/{made['id']}"
    for phrases in ([], PHRASES[:1], None):
        changed = (await admin.patch(path, json={"live_phrases": phrases})).json()
        assert changed["live_phrases"] == phrases == (await admin.get(path)).json()["live_phrases"]


@pytest.mark.parametrize(
    ("phrases", "says"),
    [
        pytest.param([{"phrase": "stop"}], "needs `phrase` and `then`", id="nothing-follows"),
        pytest.param([{"phrase": "a\x00b", "then": "flag"}], "NUL", id="a-character-that-cannot-be-stored"),
        pytest.param([{"phrase": f"{n}", "then": "flag"} for n in range(51)], "50 at most", id="too-many"),
        pytest.param("stop", "list", id="no-list"),
    ],
)
async def test_phrases_that_cannot_be_heard_are_refused_with_a_remedy(
    admin: httpx.AsyncClient, phrases: object, says: str
) -> None:
    refused = await admin.post(CAMPAIGNS, json={"name": "Own", "live_phrases": phrases})
    assert refused.status_code == 422
    assert says in refused.json()["detail"]
