"""Which addresses the internet may reach."""

import pytest

from runtime.public_address import is_public
from runtime.settings import Settings


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://0.0.0.0:8000",
        "http://[::1]:8000",
        "http://[fd00::1]",
        "http://10.0.0.1",
        "http://172.20.1.1",
        "http://192.168.1.5:8000",
        "http://169.254.1.1",
        "http://100.64.0.1",
        "http://localhost:8000",
        "http://LOCALHOST.",
        "http://api:8000",
        "http://leads.local",
        "http://my.laptop.lan:8000",
        "http://metadata.google.internal",
    ],
)
def test_this_machine_and_its_networks_are_not_public(url: str) -> None:
    assert not is_public(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://leads.example.com",
        "https://8.8.8.8/",
        "https://x-y.trycloudflare.com",
        "https://[2606:4700::1111]:8443",
    ],
)
def test_the_rest_is(url: str) -> None:
    assert is_public(url)


@pytest.mark.parametrize(
    ("given", "lost"),
    [
        pytest.param({"RETELL_API_KEY": "key"}, True, id="no-address"),
        pytest.param({"RETELL_API_KEY": "key", "LEADLINE_PUBLIC_URL": "http://127.0.0.1:8000"}, True, id="local"),
        pytest.param({"RETELL_API_KEY": "key", "LEADLINE_PUBLIC_URL": "https://leads.example.com"}, False, id="public"),
        pytest.param({}, False, id="no-real-account"),
    ],
)
def test_webhooks_get_lost_where_a_real_account_cannot_reach_us(given: dict[str, str], lost: bool) -> None:
    assert Settings.model_validate(given).webhooks_get_lost is lost
