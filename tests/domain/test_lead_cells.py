"""What spreadsheets do to cells, undone."""

import pytest

from domain.formula_cells import disarmed, rearmed
from domain.lead_cells import UnusableCell, fields_of_object, fields_of_row


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("'+1 212 555 0101", "+1 212 555 0101", id="apostrophe"),
        pytest.param("'2125550101", "2125550101", id="apostrophe-before-digits"),
        pytest.param('="+12125550101"', "+12125550101", id="formula-of-text"),
        pytest.param("12125550101.0", "12125550101", id="a-decimal-of-another-program"),
        pytest.param("12125550101,00", "12125550101", id="a-decimal-comma"),
        pytest.param("  212 555 0101 ", "212 555 0101", id="spaces"),
    ],
)
def test_a_phone_number_is_what_its_owner_wrote(cell: str, expected: str) -> None:
    assert fields_of_row([cell], ["phone_number"]) == {"phone_number": expected, "custom_fields": {}}


@pytest.mark.parametrize("cell", ["1.5551E+10", "1,5551E+10", "1.21255501e+10", "2E9"])
def test_a_number_that_lost_its_digits_is_refused(cell: str) -> None:
    with pytest.raises(UnusableCell, match="its last digits are lost"):
        fields_of_row([cell], ["phone_number"])


@pytest.mark.parametrize(
    ("cell", "priority"),
    [
        pytest.param(" 3 ", 3, id="whole"),
        pytest.param("3.0", 3, id="a-decimal-of-another-program"),
        pytest.param("3,00", 3, id="a-decimal-comma"),
        pytest.param("3.5", "3.5", id="no-whole-number"),
        pytest.param("high", "high", id="no-number"),
    ],
)
def test_a_priority_is_the_number_that_is_written(cell: str, priority: int | str) -> None:
    assert fields_of_row([cell, "3"], ["priority", "source"]) == {
        "priority": priority,
        "source": "3",
        "custom_fields": {},
    }


def test_parts_of_names_and_of_consent_are_put_together_and_empty_cells_left_out() -> None:
    targets = ["first_name", "last_name", "consent_basis", "custom_fields.company", "", "source", "phone_number"]
    cells = [" Ada ", "Lovelace", "written", "'=1+1", "left out", " ", "1"]
    assert fields_of_row(cells, targets) == {
        "name": "Ada Lovelace",
        "consent": {"basis": "written"},
        "custom_fields": {"company": "=1+1"},
        "phone_number": "1",
    }


def test_a_row_with_more_cells_than_columns_is_refused_unless_they_are_empty() -> None:
    assert fields_of_row(["1", " ", ""], ["phone_number"])["phone_number"] == "1"
    with pytest.raises(UnusableCell, match="3 cells and the first one 1"):
        fields_of_row(["1", "", "x"], ["phone_number"])


def test_objects_keep_their_types_and_a_number_is_a_phone_number_too() -> None:
    targets = {"phone": "phone_number", "employees": "custom_fields.employees", "note": "custom_fields.note"}
    written = {
        "phone": 12125550101,
        "employees": 3,
        "note": None,
        "custom_fields": {"deep": [1]},
        "consent": {"basis": "x"},
    }
    assert fields_of_object(written, targets) == {
        "phone_number": "12125550101",
        "custom_fields": {"deep": [1], "employees": 3},
        "consent": {"basis": "x"},
    }


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@sum", "\tx", "\rx", "+1 212 555 0101", "'=x", "''@"])
def test_what_a_spreadsheet_would_run_is_disarmed_and_comes_back_as_it_was(cell: str) -> None:
    assert disarmed(cell) == f"'{cell}"
    assert rearmed(disarmed(cell)) == cell


@pytest.mark.parametrize("cell", ["", "x", "+12125550101", "-5", "-5.25", "'tis", "O'Hara", "a=b", "''x"])
def test_what_is_harmless_stays_as_it_is(cell: str) -> None:
    assert disarmed(cell) == cell
    assert rearmed(cell) == cell
