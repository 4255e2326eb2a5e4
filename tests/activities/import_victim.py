"""Takes in an import in a process of its own, which is killed: ``python -m tests.activities.import_victim URL ID``."""

import asyncio
import sys
from datetime import UTC, datetime
from uuid import UUID

from temporalio.testing import ActivityEnvironment

from activities.taking_imports import TakeImports
from runtime.database import create_engine, session_factory
from runtime.settings import Settings


async def main(url: str, import_id: str) -> None:
    engine = create_engine(Settings.model_validate({"DATABASE_URL": url}))
    taking = TakeImports(session_factory(engine), lambda: datetime.now(UTC), batch=20)
    await ActivityEnvironment().run(taking.take_in_import, UUID(import_id))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
