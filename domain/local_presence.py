"""Which caller IDs look local to a person: people rather take calls from their own area.

Prefixes are those of numbers in E.164. There are none outside the North American Numbering Plan.
"""

from collections.abc import Sequence

from domain.area_codes import REGIONS_BY_AREA_CODE, region_of_number

PREFIX_LENGTH = len("+1212")


def area_prefix(phone_number: str) -> str | None:
    """``+1`` and the area code of a number in E.164."""
    if not phone_number.startswith("+1") or len(phone_number) != len("+12125550100"):
        return None
    return phone_number[:PREFIX_LENGTH]


def region_prefixes(phone_number: str) -> Sequence[str]:
    """``+1`` and each area code that lies in the same state or province, and nowhere else, as the number does.

    Empty where the number's own area code points to no region or to several.
    """
    region = region_of_number(phone_number)
    if region is None:
        return ()
    return [f"+1{area_code}" for area_code, regions in REGIONS_BY_AREA_CODE.items() if regions == (region,)]
