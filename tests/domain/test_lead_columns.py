"""Which column is which field."""

import pytest

from domain.lead_columns import UnusableColumns, UnusableMapping, targets_of


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param(["Phone Number", "E-Mail"], ["phone_number", "custom_fields.E-Mail"], id="as-people-write"),
        pytest.param(["First Name", "last_name", "Mobile"], ["first_name", "last_name", "phone_number"], id="parts"),
        pytest.param(["mobile", "phone"], ["custom_fields.mobile", "phone_number"], id="the-plainest-name-wins"),
        pytest.param(["phone", "phone"], ["phone_number", "custom_fields.phone"], id="the-first-of-two-wins"),
        pytest.param(
            ["phone", "a", "a", ""],
            ["phone_number", "custom_fields.a", "custom_fields.a_2", "custom_fields.column_4"],
            id="names-are-made-different",
        ),
        pytest.param(["phone", "leadline_status"], ["phone_number", ""], id="what-an-export-adds"),
        pytest.param(["phone", "custom_fields.name"], ["phone_number", "custom_fields.name"], id="said-to-be-custom"),
        pytest.param(["phone", "ZIP", "id"], ["phone_number", "postal_code", "external_id"], id="other-names"),
    ],
)
def test_columns_are_known_by_their_names(columns: list[str], expected: list[str]) -> None:
    assert list(targets_of(columns)) == expected


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        pytest.param({"mobile": "phone_number"}, ["custom_fields.Tel", "phone_number", "name"], id="before-guesses"),
        pytest.param({"MOBILE": "phone_number", "Name": None}, ["custom_fields.Tel", "phone_number", ""], id="left"),
        pytest.param(
            {"Name": "custom_fields.who"}, ["phone_number", "custom_fields.mobile", "custom_fields.who"], id="own"
        ),
    ],
)
def test_what_is_said_goes_before_what_is_guessed(mapping: dict[str, str | None], expected: list[str]) -> None:
    assert list(targets_of(["Tel", "mobile", "Name"], mapping)) == expected


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        pytest.param({"Nobody": "phone_number"}, "no column 'Nobody'; it has 'phone', 'x'", id="no-such-column"),
        pytest.param({"x": "telephone"}, "no field 'telephone'; there are", id="no-such-field"),
        pytest.param({"x": "custom_fields."}, "no field", id="a-custom-field-without-name"),
        pytest.param({"phone": "name", "x": "name"}, "Several columns", id="one-field-twice"),
    ],
)
def test_a_mapping_that_cant_be_meant_is_refused(mapping: dict[str, str | None], said: str) -> None:
    with pytest.raises(UnusableMapping, match=said):
        targets_of(["phone", "x"], mapping)


def test_a_file_without_phone_numbers_is_refused_with_what_was_found() -> None:
    with pytest.raises(UnusableColumns, match=r"No column has phone numbers.*Found: 'name', 'city'"):
        targets_of(["name", "city"])
    with pytest.raises(UnusableColumns, match="501 columns"):
        targets_of(["phone", *(f"c{number}" for number in range(500))])
