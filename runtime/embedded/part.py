"""What the supervisor runs: a part is one program with its environment, its order and its check."""

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runtime.embedded.system_user import SystemUser

ReadyCheck = Callable[[], Awaitable[bool]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One program of the stack.

    ``after`` names parts that must be ready first; a part is stopped before those. A part without ``ready`` is a job:
    it is done when it has ended with status 0, and it is not started again. ``on_ready`` runs each time the check has
    passed, before anything that comes after this part. ``stands_back``: where cores are short it lets the other
    parts go first. ``is_waited_for``: where they are short it has many short turns, since somebody waits for each of
    its answers. Times are in seconds.
    """

    name: str
    title: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    where: str = ""
    after: Sequence[str] = ()
    ready: ReadyCheck | None = None
    on_ready: Callable[[], Awaitable[None]] | None = None
    before_start: Callable[[], None] | None = None
    user: SystemUser | None = None
    stands_back: bool = False
    is_waited_for: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    start_timeout_seconds: float = 60.0
    stop_timeout_seconds: float = 20.0
    start_attempts: int = 1
    done_words: str = field(default="ready")

    @property
    def is_job(self) -> bool:
        """Whether the part runs once and ends."""
        return self.ready is None
