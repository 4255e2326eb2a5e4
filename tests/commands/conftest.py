"""What tests of commands share."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def closed_port() -> Iterator[int]:
    """A port that is held and on which nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
