"""What is said of a value from outside names its field as the sender knows it, and what to give instead."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from activities.input_errors import field_of, message_of


class Window(BaseModel):
    opens: str


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=0)] | Annotated[str, AfterValidator(str.strip), Field(max_length=3)] | None = None
    windows: list[Window] = Field(default_factory=list)


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        pytest.param({"version": -1}, {"version"}, id="one-of-several-types"),
        pytest.param({"windows": [{}]}, {"windows.0.opens"}, id="within-a-list"),
        pytest.param({"bogus": 1}, {"bogus"}, id="no-such-field"),
    ],
)
def test_fields_are_named_without_what_pydantic_calls_its_checks(given: dict[str, object], fields: set[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Given.model_validate(given)
    named = {field_of(error["loc"]) for error in refused.value.errors()}
    assert named <= fields
    assert named


@pytest.mark.parametrize(
    ("location", "message"),
    [
        pytest.param(("body",), "Give a JSON object, with Content-Type: application/json.", id="the-whole-body"),
        pytest.param(("body", "windows", 0), "Give a JSON object.", id="a-part-of-it"),
    ],
)
def test_only_for_a_whole_body_the_content_type_is_named(location: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Window.model_validate(None)
    (error,) = refused.value.errors()
    assert message_of({**error, "loc": location}) == message
