"""``./leadline demo`` from its start to its end, in a process of its own."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.end_to_end.conftest import Launch
from tests.end_to_end.launched import attempts_of

LEADS = 12

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(400)]


@pytest.fixture
def real_account() -> Iterator[socket.socket]:
    """Stands where a real Retell would answer."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)
        yield server


def test_the_demo_calls_every_lead_also_after_an_interrupted_one_and_never_a_real_account(
    launch: Launch, real_account: socket.socket
) -> None:
    address = f"http://127.0.0.1:{real_account.getsockname()[1]}"
    real = {"RETELL_API_KEY": "key_real", "RETELL_BASE_URL": address}
    first = launch("demo", "--leads", str(LEADS), **real)
    first.wait_for("leads handed over")
    assert (first.stop(), "Summary" in first.output) == (0, False), first.output
    assert not (first.state / "addresses.json").exists()

    demo = launch("demo", "--leads", str(LEADS), "--exit", **real)
    assert demo.ended() == 0, demo.output
    with pytest.raises(BlockingIOError):  # nobody has come
        real_account.accept()
    assert f"{LEADS} of {LEADS} called" in demo.output
    assert _counted(demo.output, "Outcomes") == LEADS
    assert re.search(r"Patience Waiting waits for \w{3} 09:\d\d (Pacific|America)/", demo.output)
    assert "Agent:" in demo.output

    calls = demo.accepted_calls()
    assert len(set(attempts_of(calls))) == len(calls)
    of_this_run = [call for call in calls if call["metadata"]["campaign_id"] == calls[-1]["metadata"]["campaign_id"]]
    assert len({call["to_number"] for call in of_this_run}) == LEADS
    assert len(of_this_run) == _counted(demo.output, "Calls") - _counted_of(demo.output, "refused")


def _counted(output: str, title: str) -> int:
    """The sum of the counts behind a title of the summary: ``Outcomes  5 reached, 1 blocked``."""
    (line,) = re.findall(rf"^ *{title} +(?:\d+: )?(\d.*)$", output, re.MULTILINE)
    return sum(int(count) for count in re.findall(r"(\d+) [a-z_]+", line))


def _counted_of(output: str, outcome: str) -> int:
    found = re.search(rf"^ *Calls .*?(\d+) {outcome}\b", output, re.MULTILINE)
    return int(found.group(1)) if found else 0
