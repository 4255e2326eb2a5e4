"""The life of one part: started, watched, started again after a crash, stopped."""

import asyncio
import contextlib
import os
import random
import signal
import time
from pathlib import Path

from runtime.embedded.control_group import ControlGroup
from runtime.embedded.errors import PartFailed
from runtime.embedded.part import Part, Say
from runtime.embedded.part_log import open_log, tail
from runtime.embedded.process_records import ProcessRecords
from runtime.embedded.short_turns import take_short_turns
from runtime.embedded.standing_back import stand_back
from runtime.embedded.system_user import spawn_identity
from runtime.embedded.tether import tethered

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a part that ran this long begins again with the shortest backoff
POLL_SECONDS = 0.05


def backoff_seconds(crashes: int) -> float:
    """How long to wait before the next start: doubling, with jitter so that parts do not crash in step."""
    longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** max(0, crashes - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreading, not secrecy


class PartRunner:
    """Runs one part. Use from one event loop; its thread must live as long as the part shall.

    ``group``: which it shares cores in with the other parts; without one it has its own share of them.
    """

    def __init__(
        self, part: Part, logs: Path, records: ProcessRecords, say: Say, group: ControlGroup | None = None
    ) -> None:
        self.part = part
        self.log = logs / f"{part.name}.log"
        self._records = records
        self._say = say
        self._group = group
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now, if one does."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Start, wait until ready (a job: until done), and watch from then on.

        Raises:
            PartFailed: It ended or stayed unready; the message shows the end of its log.
        """
        began = time.monotonic()
        for attempt in range(1, self.part.start_attempts + 1):
            try:
                await self._start_once()
                break
            except PartFailed:
                if attempt == self.part.start_attempts:
                    raise
                await asyncio.sleep(backoff_seconds(attempt))
        seconds = time.monotonic() - began
        self._say(f"{self.part.title} {self.part.done_words} in {seconds:.1f} s {self.part.where}".rstrip())
        if not self.part.is_job:
            self._watch = asyncio.create_task(self._keep_running(), name=f"watch {self.part.name}")

    def let_end(self) -> None:
        """From now on the part is not started again when it ends; ``stop`` still has to be awaited. Safe to repeat."""
        if self._watch is not None and not self._watch.cancelling():
            self._watch.cancel()

    async def stop(self) -> None:
        """End the part and wait for it: its own signal first, SIGKILL when it takes too long. Safe to repeat."""
        if self._watch is not None:
            self.let_end()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        await self._end_process()

    def kill(self) -> None:
        """End the part and its children at once, for good; ``stop`` still has to be awaited."""
        self.let_end()
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def _start_once(self) -> None:
        try:
            await self._spawn_or_fail()
            if self.part.is_job:
                await self._finish_job()
            else:
                await self._become_ready()
        except BaseException:
            await self._end_process()
            raise

    async def _spawn_or_fail(self) -> None:
        try:
            await self._spawn()
        except OSError as error:
            raise PartFailed(f"{self.part.title} cannot be started: {error}") from error

    async def _spawn(self) -> None:
        if self.part.before_start is not None:
            await asyncio.to_thread(self.part.before_start)
        with open_log(self.log) as log:
            self._process = await asyncio.create_subprocess_exec(
                *tethered(self.part.argv, self.part.stop_signal),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.part.cwd,
                env=dict(self.part.env),
                process_group=0,  # Ctrl-C at the terminal reaches the supervisor only, which stops all in order
                **spawn_identity(self.part.user),
            )
        if self._group is not None:
            self._group.let_in(self._process.pid)
        if self.part.is_waited_for:
            take_short_turns(self._process.pid)
        self._records.add(self.part.name, self._process.pid, self.part.stop_signal, self.part.stop_timeout_seconds)

    async def _finish_job(self) -> None:
        status = await self._ended(self.part.start_timeout_seconds)
        if status is None:
            raise PartFailed(self._failure(f"was not done within {self.part.start_timeout_seconds:.0f} s"))
        if status != 0:
            raise PartFailed(self._failure(_how_it_ended(status)))

    async def _become_ready(self) -> None:
        deadline = time.monotonic() + self.part.start_timeout_seconds
        while not (self.part.ready is not None and await self.part.ready()):
            if time.monotonic() > deadline:
                raise PartFailed(self._failure(f"was not ready within {self.part.start_timeout_seconds:.0f} s"))
            status = await self._ended(POLL_SECONDS)
            if status is not None:
                raise PartFailed(self._failure(_how_it_ended(status)))
        if self.part.on_ready is not None:
            await self.part.on_ready()
        if self.pid is not None and self._group is not None:
            self._group.let_in(self.pid)  # what it may have started before it was let in itself
        if self.pid is not None and self.part.stands_back:
            stand_back(self.pid, self._group)

    async def _keep_running(self) -> None:
        """Start the part again whenever it ends by itself, each time a little later."""
        crashes, steady_since = 0, time.monotonic()
        while True:
            status = await self._ended(None)
            if time.monotonic() - steady_since > STEADY_SECONDS:
                crashes = 0
            crashes += 1
            pause = backoff_seconds(crashes)
            self._say(
                f"{self.part.title} {_how_it_ended(status)}; starting it again in {pause:.1f} s (log: {self.log})"
            )
            await asyncio.sleep(pause)
            while not await self._started_again():
                crashes += 1
                await asyncio.sleep(backoff_seconds(crashes))
            steady_since = time.monotonic()

    async def _started_again(self) -> bool:
        try:
            await self._start_once()
        except Exception as error:  # noqa: BLE001 - whatever keeps it from starting, the next attempt may succeed
            self._say(str(error))
            return False
        self._say(f"{self.part.title} runs again")
        return True

    async def _ended(self, timeout_seconds: float | None) -> int | None:
        """The status once the process has ended, or None when it still runs after the timeout."""
        if self._process is None:
            return None
        try:
            async with asyncio.timeout(timeout_seconds):
                status = await self._process.wait()
        except TimeoutError:
            return None
        self._records.remove(self._process.pid)
        return status

    async def _end_process(self) -> None:
        """Also strikes one that ended by itself, where nobody watches it any more."""
        if self._process is None:
            return
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.part.stop_signal)
        if await self._ended(self.part.stop_timeout_seconds) is None:
            self._say(f"{self.part.title} did not stop within {self.part.stop_timeout_seconds:.0f} s and is killed")
            self.kill()
            await self._ended(None)

    def _failure(self, how: str) -> str:
        return f"{self.part.title} {how}. The end of its log ({self.log}):\n{tail(self.log)}"


def _how_it_ended(status: int | None) -> str:
    if status is not None and status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"
