"""The whole system on one machine: composed, started, found by its addresses, stopped."""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.embedded.control_group import ControlGroup, own_control_group
from runtime.embedded.environments import isolated
from runtime.embedded.errors import StackError
from runtime.embedded.home import locked_home
from runtime.embedded.hunger import keep_from_starving
from runtime.embedded.part import Part, Say
from runtime.embedded.parts import make_parts
from runtime.embedded.plan import Plan, PortChooser, make_plan
from runtime.embedded.ports import PortClaims
from runtime.embedded.postgres import base_for, open_cluster
from runtime.embedded.process_records import ProcessRecords
from runtime.embedded.supervisor import Supervisor
from runtime.settings import load_settings

Compose = Callable[[Plan, Mapping[str, str]], list[Part]]


class Stack:
    """One stack on one home, started once. Use from one event loop in the main thread.

    ``async with Stack(...) as stack`` starts and stops it; several with different homes run side by side.
    """

    def __init__(
        self,
        home: Path,
        environ: Mapping[str, str],
        *,
        say: Say,
        real: bool = False,
        private_ports: bool = False,
        throwaway: bool = False,
        compose: Compose = make_parts,
    ) -> None:
        """Nothing is touched before ``start``.

        Args:
            home: Where state is kept.
            environ: The environment; what of it counts depends on ``real``.
            say: Takes lines for people.
            real: Whether the environment may name a real account, database, Temporal or pager. Otherwise the
                simulator and the embedded servers are used whatever it says.
            private_ports: Take ports away from the usual ones.
            throwaway: Remove the home and the database when stopped.
            compose: Makes the parts; another choice of them runs only some of the system.

        Raises:
            SettingsError: The environment says something unknown or impossible.
        """
        self._environ = dict(environ) if real else isolated(environ)
        self._settings = load_settings(self._environ)
        self._home = home.absolute()
        self._say = say
        self._private_ports = private_ports
        self._throwaway = throwaway
        self._compose = compose
        self._held = ExitStack()
        self._supervisor: Supervisor | None = None
        self._group: ControlGroup | None = None
        self._watch: asyncio.Task[None] | None = None
        self._plan: Plan | None = None

    @property
    def plan(self) -> Plan:
        """Addresses, ports and sign-in of the started stack.

        Raises:
            StackError: It has not been started.
        """
        if self._plan is None:
            raise StackError("The stack has not been started.")
        return self._plan

    async def start(self) -> None:
        """Start everything and wait until it is able to work; on failure what was started is stopped again.

        Raises:
            StackError: One sentence that says what to do about it.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything in reverse order and free the home. Safe to repeat."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        if self._group is not None:
            with suppress(OSError):
                self._group.give_share()  # to stop takes cores, and nobody waits for answers any more
        if self._supervisor is not None:
            await self._supervisor.stop()
            self._supervisor = None
        if self._plan is not None:
            self._plan.home.withdraw_addresses()
            if self._throwaway:
                await asyncio.to_thread(self._remove, self._plan)
        self._group = None
        self._held.close()

    def kill(self) -> None:
        """End all parts at once; ``stop`` still has to be awaited."""
        if self._supervisor is not None:
            self._supervisor.kill()

    def pid(self, name: str) -> int | None:
        """The process of ``postgres``, ``temporal``, ``simulator``, ``api`` or ``worker``; None while it is down."""
        return self._supervisor.pid(name) if self._supervisor is not None else None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _start(self) -> None:
        home = self._held.enter_context(locked_home(self._home))
        records = ProcessRecords(home.processes_file)
        await asyncio.to_thread(records.end_orphans, self._say)  # they may hold the ports that are chosen next
        claims = self._held.enter_context(PortClaims())
        cluster = None
        if self._settings.database_url is None:
            cluster = await asyncio.to_thread(open_cluster, base_for(home.folder))
        self._plan = make_plan(home, self._settings, cluster, PortChooser(claims, private=self._private_ports))
        home.write_addresses(self._plan.addresses())
        parts = self._compose(self._plan, self._environ)
        self._group = self._held.enter_context(own_control_group())
        self._supervisor = Supervisor(parts, logs=home.logs, records=records, say=self._say, group=self._group)
        if self._group is not None:
            self._watch = asyncio.create_task(keep_from_starving(self._group), name="watch over who stands back")
        await self._supervisor.start()

    def _remove(self, plan: Plan) -> None:
        if plan.cluster is not None:
            shutil.rmtree(plan.cluster.base, ignore_errors=True)
        shutil.rmtree(plan.home.folder, ignore_errors=True)
