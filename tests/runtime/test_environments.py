"""What a stack's children see of the environment."""

from runtime.embedded.environments import for_children, isolated

REAL = {
    "RETELL_API_KEY": "key",
    "RETELL_BASE_URL": "https://retell.test",
    "DATABASE_URL": "postgresql://real/x",
    "TEMPORAL_ADDRESS": "real:7233",
    "TEMPORAL_API_KEY": "key",
    "LEADLINE_PUBLIC_URL": "https://calls.test",
    "LEADLINE_RECORDINGS_URL": "gs://real",
    "LEADLINE_ENV": "production",
    "PAGERDUTY_ROUTING_KEY": "key",
    "SLACK_WEBHOOK_URL": "https://hooks.test",
    "AWS_SECRET_ACCESS_KEY": "key",
    "GOOGLE_APPLICATION_CREDENTIALS": "/key.json",
}
PLAIN = {"PATH": "/bin", "LEADLINE_PORT": "9000"}


def test_an_isolated_stack_sees_nothing_real() -> None:
    assert isolated(REAL | PLAIN) == PLAIN


def test_children_see_their_configuration_but_not_the_rest() -> None:
    seen = for_children(REAL | PLAIN | {"AN_UNRELATED_TOKEN": "x"}, {"LEADLINE_PORT": "8001"})
    assert seen["RETELL_API_KEY"] == "key"
    assert seen["LEADLINE_PORT"] == "8001"
    assert "AN_UNRELATED_TOKEN" not in seen


def test_embedded_servers_are_never_reached_through_a_proxy() -> None:
    seen = for_children({"HTTPS_PROXY": "http://proxy.test", "NO_PROXY": "inside.test"}, {})
    assert seen["NO_PROXY"] == "inside.test,127.0.0.1,localhost,::1"
