"""Errors as they stand in /openapi.json."""

from pydantic import BaseModel, ConfigDict, Field


class FieldError(BaseModel):
    """What is wrong with one field; what was given is never repeated."""

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457. Programs go by `status` and `type`; `detail` is a sentence for people that says what to do.

    A problem may tell more, such as the `lead_id` that has a number already.
    """

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="A stable name of the kind of problem, listed in docs/guides/errors.md")
    title: str
    status: int
    detail: str
    request_id: str | None = Field(description="Also in `X-Request-ID`; finds the request in the log")
    errors: list[FieldError] | None = Field(default=None, description="What is wrong, field by field (422)")
