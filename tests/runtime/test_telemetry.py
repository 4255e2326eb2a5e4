"""What a log line holds, and what it never holds."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from asgi_correlation_id import correlation_id

from runtime.settings import Settings
from runtime.telemetry import HIDDEN, configure_logging


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging(Settings(), stream)
    yield stream
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def last_line(log: io.StringIO) -> dict[str, object]:
    line: dict[str, object] = json.loads(log.getvalue().splitlines()[-1])
    return line


def test_our_lines_and_those_of_libraries_are_json_with_a_utc_instant(log: io.StringIO) -> None:
    structlog.get_logger("ours").info("lead taken", lead_id="1")
    ours = last_line(log)
    logging.getLogger("some.library").warning("slow %s", "query")
    theirs = last_line(log)
    assert (ours["event"], ours["lead_id"], ours["level"], ours["logger"]) == ("lead taken", "1", "info", "ours")
    assert (theirs["event"], theirs["level"]) == ("slow query", "warning")
    assert str(ours["timestamp"]).endswith("Z")


@pytest.mark.parametrize(
    "key", ["Authorization", "api_key", "retell_api_key", "password", "phone_number", "transcript"]
)
def test_secrets_and_people_are_hidden_also_when_nested(log: io.StringIO, key: str) -> None:
    structlog.get_logger().info("x", request={"headers": [{key: "sensitive"}]}, **{key: "sensitive"})
    assert "sensitive" not in log.getvalue()
    assert last_line(log)[key] == HIDDEN


def test_an_extra_of_a_library_is_hidden_too(log: io.StringIO) -> None:
    logging.getLogger("library").warning("sent", extra={"to_number": "+12125550101"})
    assert last_line(log)["to_number"] == HIDDEN


def test_a_line_names_its_request(log: io.StringIO) -> None:
    token = correlation_id.set("request-7")
    try:
        structlog.get_logger().info("x")
    finally:
        correlation_id.reset(token)
    assert last_line(log)["request_id"] == "request-7"


def test_an_exception_keeps_its_traceback_and_leaves_local_variables_out(log: io.StringIO) -> None:
    dialled = "+1212555" + "0101"
    try:
        raise ValueError("odd")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError" in json.dumps(last_line(log)["exception"])
    assert dialled not in log.getvalue()


def test_lines_below_the_level_are_left_out(log: io.StringIO) -> None:
    structlog.get_logger().debug("too much")
    logging.getLogger("httpx").info("too much")
    assert log.getvalue() == ""
