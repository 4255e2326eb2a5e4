"""The end of a process that used the Temporal SDK."""

import logging
import os
import sys
from typing import NoReturn


def leave(status: int) -> NoReturn:
    """Flush and end the process at once, without tearing the interpreter down.

    The SDK's threads can abort an interpreter below 3.14 while it shuts down (temporalio/sdk-python issue 300), which
    would turn a clean stop into status 134. Call at a process edge only, after everything has been closed.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # a reader that went away, or a closed stream: nobody is left to tell
            continue
    os._exit(status)
