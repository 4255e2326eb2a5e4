"""What the tests of the runtime share."""

from collections.abc import Iterator

import pytest

from runtime.embedded.control_group import ControlGroup, own_control_group


@pytest.fixture
def group() -> Iterator[ControlGroup]:
    """Control groups as a stack has them; who asks for other things that run in them asks for these first."""
    with own_control_group() as group:
        if group is None:
            pytest.skip("this system lets nobody like us make control groups")
        yield group
