"""An address that leads nowhere costs its webhook, and nothing else."""

import pytest

from simulator.couriers import Couriers


@pytest.mark.parametrize(
    "url",
    [
        *("", "nothing", "http://", "http:///path", "ftp://host/path", "http://host:port/", "http://127.0.0.1:99999/"),
        *("http://[::1", "http://a b/", "http://127.0.0.1:1/\n", "http://bücher.invalid/", "http://127.0.0.1:1/grüße"),
    ],
)
async def test_what_cannot_be_reached_did_not_take_it(url: str) -> None:
    couriers = Couriers(pools=1)
    assert not await couriers.post(url, "{}", {"content-type": "application/json"}, 5.0)
    await couriers.close()
