"""``./leadline webhooks replay`` as it is used, on a real database."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from storage.attempts import attempt_id
from storage.models import AttemptRow, WebhookEventRow
from storage.webhook_events import empty_old
from tests.activities.webhooks import payload, take
from tests.builders import NOON, add_attempt_of, add_lead, add_world, reread
from tests.migrated_database import database_template, sessions

__all__ = ["database_template", "sessions"]

PROJECT = Path(__file__).parents[2]
Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
async def attempt(sessions: Sessions) -> AttemptRow:
    """Its call's analysis was kept before anybody knew the attempt."""
    world = await add_world(sessions)
    lead = await add_lead(sessions, world)
    early = AttemptRow(id=attempt_id(lead.id, 1))
    await take(sessions, world.account, payload("call_analyzed", early))
    return await add_attempt_of(sessions, world, lead, "dialling", first_sent_at=NOON, last_sent_at=NOON)


def replay(home: Path, database: str | None, *options: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": "/usr/bin:/bin", "LEADLINE_HOME": str(home), "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    if database is not None:
        environ["DATABASE_URL"] = database
    return subprocess.run(
        [sys.executable, "-m", "commands", "webhooks", "replay", *options],
        cwd=PROJECT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_stored_events_are_applied_and_told_of(
    database_url: str, attempt: AttemptRow, sessions: Sessions, tmp_path: Path
) -> None:
    tried = replay(tmp_path, database_url, "--unmatched", "--dry-run")
    assert (tried.returncode, "would be applied: 1 changed" in tried.stdout) == (0, True)
    assert (await reread(sessions, attempt)).status == "dialling"
    done = replay(tmp_path, database_url, "--unmatched", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["counts"]["changed"], report["dry_run"]) == (0, 1, False)
    assert report["events"][0]["attempt_id"] == str(attempt.id)
    assert (await reread(sessions, attempt)).outcome == "answered"
    again = replay(tmp_path, database_url, "--call", "call_1")
    assert (again.returncode, again.stdout.strip()) == (0, "1 event applied: 1 unchanged.")


async def test_of_events_of_which_nothing_is_kept_any_more_that_is_said(
    database_url: str, attempt: AttemptRow, sessions: Sessions, tmp_path: Path
) -> None:
    async with sessions.begin() as session:
        await session.execute(update(WebhookEventRow).values(received_at=NOON - timedelta(days=91)))
        assert await empty_old(session, kept=timedelta(days=90), limit=5) == 1
    counted, said = replay(tmp_path, database_url, "--unmatched").stdout.splitlines()
    assert counted == "1 event applied: 1 gone."
    assert said.startswith("Nothing could be applied of one of them: ")
    assert "LEADLINE_WEBHOOK_RETENTION_DAYS" in said
    assert json.loads(replay(tmp_path, database_url, "--unmatched", "--json").stdout)["counts"]["gone"] == 1


async def test_the_database_of_the_stack_that_runs_here_is_found(
    database_url: str, attempt: AttemptRow, tmp_path: Path
) -> None:
    (tmp_path / "addresses.json").write_text(json.dumps({"postgres": database_url}))
    assert "1 changed" in replay(tmp_path, None, "--since", "2d").stdout


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param([], 2, id="nothing-is-chosen"),
        pytest.param(["--since", "yesterday"], 2, id="no-instant"),
        pytest.param(["--since", "999999d"], 2, id="before-all-time"),
        pytest.param(["--unmatched"], 1, id="no-database"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_a_status(tmp_path: Path, options: list[str], status: int) -> None:
    done = replay(tmp_path, "postgresql://nobody@127.0.0.1:1/none" if status == 1 else None, *options)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (status, "", 1)
