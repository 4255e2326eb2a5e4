"""``python -m simulator``: a pretend Retell on this machine."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import uvloop
from pydantic import ValidationError

from simulator.app import Simulator
from simulator.server import bound_socket, serve_until_told
from simulator.settings import Refusal, Settings


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="A pretend Retell. See simulator/README.md."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one and prints it")
    parser.add_argument("--state", type=Path, help="file that remembers every accepted call over restarts")
    parser.add_argument("--public-url", help="where others reach this simulator, for the addresses of recordings")
    options: dict[str, Callable[[str], object]] = {
        "--seed": int,
        "--ring-seconds": float,
        "--talk-seconds": float,
        "--analysis-seconds": float,
        "--callback-after-seconds": float,
        "--concurrency-limit": int,
        "--calls-per-second": float,
        "--webhook-retry-seconds": float,
        "--webhook-url": str,
        "--mix": json.loads,
    }
    for flag, kind in options.items():
        parser.add_argument(flag, type=kind, default=argparse.SUPPRESS)
    parser.add_argument("--refusal", choices=[r.value for r in Refusal], default=argparse.SUPPRESS)
    for flag in ("--strict", "--real-time"):
        parser.add_argument(flag, action="store_true", default=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """The exit status: 0 after SIGTERM or SIGINT, 2 when it can't start."""
    asked = vars(_arguments())
    host, port, state, public_url = (asked.pop(name) for name in ("host", "port", "state", "public_url"))
    api_key = os.environ.get("SIMULATOR_API_KEY")
    if not api_key:
        sys.stderr.write("simulator: set SIMULATOR_API_KEY to the key that callers will use\n")
        return 2
    try:
        settings = Settings.model_validate(asked)
        listener = bound_socket(host, port)
    except (OSError, ValidationError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2
    base_url = public_url or f"http://{host}:{listener.getsockname()[1]}"
    simulator = Simulator(settings, api_key, base_url, state)
    uvloop.run(serve_until_told(simulator.app, listener))
    return 0


if __name__ == "__main__":
    sys.exit(main())
