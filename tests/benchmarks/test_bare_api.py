"""The floor of the benchmark of webhooks has what the real one has."""

from api.webhook_line import CONNECTIONS
from benchmarks.webhook import bare_api


def test_the_bare_route_has_as_many_connections_as_the_real_one() -> None:
    assert bare_api.CONNECTIONS == CONNECTIONS
