"""Which port a server of the stack gets."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded.errors import PortTaken
from runtime.embedded.ports import PortClaims, free_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_named_port_that_is_taken_is_refused_with_its_variable(tmp_path: Path, taken: int) -> None:
    with PortClaims(tmp_path) as claims, pytest.raises(PortTaken, match=rf"Port {taken} \(LEADLINE_POSTGRES_PORT\)"):
        claims.claim(named=taken, usual=1, variable="LEADLINE_POSTGRES_PORT")


def test_a_usual_port_that_is_taken_gives_the_next_free_one(tmp_path: Path, taken: int) -> None:
    with PortClaims(tmp_path) as claims:
        assert claims.claim(named=None, usual=taken, variable="X") > taken


def test_a_port_claimed_by_one_stack_is_not_given_to_another_before_its_server_listens(tmp_path: Path) -> None:
    wanted = free_port()
    with PortClaims(tmp_path) as one, PortClaims(tmp_path) as other:
        assert one.claim(named=None, usual=wanted, variable="X") == wanted
        assert other.claim(named=None, usual=wanted, variable="X") != wanted
        assert one.claim(named=None, usual=wanted, variable="X") != wanted


def test_a_released_port_can_be_claimed_again(tmp_path: Path) -> None:
    wanted = free_port()
    with PortClaims(tmp_path) as claims:
        claims.claim(named=wanted, usual=1, variable="X")
    with PortClaims(tmp_path) as claims:
        assert claims.claim(named=wanted, usual=1, variable="X") == wanted
