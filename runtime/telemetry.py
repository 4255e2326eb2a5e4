"""Logs: one stream for our own lines and those of libraries, readable at a terminal and JSON elsewhere."""

import logging
import logging.config
import sys
from typing import TextIO

import structlog
from asgi_correlation_id import correlation_id
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from runtime.settings import Settings

# Never written to a log, under whatever name a key, a person or a talk arrives.
_SECRET = frozenset(
    {"authorization", "api_key", "password", "secret", "token", "access_token", "signature", "cookie", "jwt_secret"}
)
_PERSONAL = frozenset(
    {"phone_number", "to_number", "from_number", "name", "email", "transcript", "utterances", "recording_url", "body"}
)
HIDDEN = "[hidden]"

# Without local variables: they hold phone numbers and keys under names that nobody can foresee.
_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))

# Chatty at INFO, and each of their lines is one of ours already.
_QUIET_LIBRARIES = ("httpx", "httpcore", "uvicorn.access", "asyncio", "sqlalchemy.engine")


def hide_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace what must not be in a log: by the key's name, in nested values too."""
    del logger, method
    return {key: _hidden(key, value) for key, value in event.items()}


def _hidden(key: str, value: object) -> object:
    plain = key.lower().replace("-", "_")
    if plain in _SECRET or plain in _PERSONAL or plain.endswith(("_api_key", "_password", "_secret", "_token")):
        return HIDDEN
    if isinstance(value, dict):
        return {inner: _hidden(str(inner), content) for inner, content in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", content) for content in value]
    return value


def add_request_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Name the HTTP request that a line belongs to, if it belongs to one."""
    del logger, method
    request_id = correlation_id.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Route structlog and the standard library's logging into one stream; call once, at a process edge.

    JSON in production and wherever the stream is no terminal; instants in UTC.
    """
    out = stream or sys.stdout
    as_json = settings.env == "production" or not out.isatty()
    shared = _shared_processors()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(as_json=as_json))
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        add_request_id,
        hide_secrets,
    ]


def _rendering(*, as_json: bool) -> list[Processor]:
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:
        return [remove, _TRACEBACKS, structlog.processors.JSONRenderer()]
    return [remove, structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)]
