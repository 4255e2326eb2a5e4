"""Which caller IDs look local to a person."""

import pytest

from domain.area_codes import REGIONS_BY_AREA_CODE
from domain.local_presence import area_prefix, region_prefixes


@pytest.mark.parametrize(
    ("phone_number", "prefix"),
    [
        pytest.param("+13125550123", "+1312", id="Chicago"),
        pytest.param("+442079460000", None, id="abroad"),
        pytest.param("+1312555", None, id="too-short"),
    ],
)
def test_a_north_american_number_has_an_area(phone_number: str, prefix: str | None) -> None:
    assert area_prefix(phone_number) == prefix


def test_the_area_codes_of_a_state_belong_together() -> None:
    assert {"+1312", "+1773", "+1217"} <= set(region_prefixes("+13125550123"))
    assert "+1212" not in region_prefixes("+13125550123")


def test_an_area_code_of_several_regions_is_local_to_none_of_them() -> None:
    shared = next(code for code, regions in REGIONS_BY_AREA_CODE.items() if len(regions) > 1)
    assert region_prefixes(f"+1{shared}5550123") == ()
    assert not any(f"+1{shared}" in region_prefixes(f"+1{code}5550123") for code in REGIONS_BY_AREA_CODE)


def test_abroad_nothing_is_local() -> None:
    assert region_prefixes("+442079460000") == ()
