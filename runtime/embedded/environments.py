"""Which parts of our environment the children of a stack get to see."""

from collections.abc import Mapping

# What any program may need to find its files, its language and its way out to the network.
_GENERAL = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "XDG_RUNTIME_DIR"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
    }
)
_CONFIGURED = (
    *("LEADLINE_", "DATABASE_", "TEMPORAL_", "RETELL_", "PAGERDUTY_", "SLACK_"),
    *("AWS_", "GOOGLE_", "OTEL_"),  # cold storage and tracing read their own
)

# What a stack for a demo, a test or a benchmark may take from the environment: how it looks and where it listens.
# Everything that could reach a real account, a real database or a real pager stays out.
_HARMLESS = frozenset(
    {
        *("LEADLINE_PORT", "LEADLINE_TEMPORAL_PORT", "LEADLINE_TEMPORAL_UI_PORT", "LEADLINE_POSTGRES_PORT"),
        *("LEADLINE_LOG_LEVEL", "LEADLINE_ADMIN_EMAIL", "LEADLINE_ADMIN_PASSWORD", "LEADLINE_RATE_LIMIT"),
    }
)
_LOCAL = "127.0.0.1,localhost,::1"


def isolated(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a stack that must never touch anything real."""
    return {name: value for name, value in environ.items() if name in _GENERAL or name in _HARMLESS}


def for_children(environ: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The environment of a part: what it may need of ours, and ``own`` on top.

    The embedded servers are never reached through a proxy.
    """
    passed = {name: value for name, value in environ.items() if name in _GENERAL or name.startswith(_CONFIGURED)}
    exempt = ",".join(filter(None, (environ.get("NO_PROXY") or environ.get("no_proxy"), _LOCAL)))
    return passed | {"NO_PROXY": exempt, "no_proxy": exempt, "PYTHONUNBUFFERED": "1"} | dict(own)
