"""Campaigns, leads and instants by chance, with all that decides when somebody may be called."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from domain.vocabulary import AttemptOutcome
from storage.models import ContactRow, DoNotCallEntryRow, DoNotCallListRow, LeadRow
from tests.builders import ALWAYS, EVERY_DAY, Sessions, World, add_attempt_of, add_lead_of

# Half hours, quarters, clocks that change by 30 minutes or skip midnight, and such as are left alone.
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Phoenix",
    "America/St_Johns",
    "America/Havana",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Pacific/Apia",
)
PEOPLE = (
    ("US-FL", "+13055550101"),
    ("US-MS", "+16015550102"),
    ("US-AL", "+12055550103"),
    (None, "+19025550104"),
    (None, "+16235550105"),
    ("DE", "+4930123456"),
    (None, "+442071838750"),
    ("IN-KA", "+919812345678"),
    (None, "+61412345678"),
)
NIGHTS = tuple(
    datetime.fromisoformat(night).replace(tzinfo=UTC)
    for night in ("2026-03-08 06:00", "2026-03-29 00:30", "2026-04-04 15:00", "2026-10-04 02:00", "2026-11-01 05:30")
)
"""Close to instants at which clocks are put forward or back somewhere."""


def instant(chance: random.Random) -> datetime:
    """Any instant of two years, every other time one in a night when clocks change."""
    if chance.random() < 0.5:
        return chance.choice(NIGHTS) + timedelta(seconds=chance.uniform(-12, 12) * 3600)
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.uniform(0, 2 * 365 * 86_400))


def windows(chance: random.Random) -> list[dict[str, Any]]:
    if chance.random() < 0.15:
        return ALWAYS
    return [_window(chance) for _ in range(chance.randint(1, 3))]


def _window(chance: random.Random) -> dict[str, Any]:
    opens, closes = sorted(chance.sample(range(25 * 4 - 3), 2))
    days = chance.sample(EVERY_DAY, chance.randint(1, 7))
    return {"days": days, "opens": _clock(opens), "closes": _clock(closes)}


def _clock(quarters: int) -> str:
    return f"{quarters // 4:02}:{quarters % 4 * 15:02}"


def terms(chance: random.Random) -> dict[str, Any]:
    """What people may change about a campaign, as far as it decides when its leads are called."""
    return {
        "windows": windows(chance),
        "calling_rules": chance.choice(["strict", "strict", "federal", "off"]),
        "max_attempts": chance.randint(1, 4),
        "max_attempts_per_day": chance.choice([None, None, 1]),
        "max_attempts_per_24_hours": chance.choice([None, 2]),
        "min_seconds_between_attempts": chance.choice([None, 7_200, 3 * 86_400]),
        "vary_part_of_day": chance.random() < 0.5,
        "require_consent": chance.random() < 0.2,
        "skip_if_reached_within_days": chance.choice([None, 5]),
    }


async def add_person(
    sessions: Sessions, world: World, elsewhere: World, chance: random.Random, now: datetime
) -> LeadRow:
    """A lead with zones, a place, a number and a past by chance.

    Half of them were never called; others were, by this campaign, or by one ``elsewhere`` that has the same contact.
    """
    region, number = chance.choice(PEOPLE)
    zones = chance.sample(ZONES, chance.choice([1, 1, 1, 2, 3]))
    contact = ContactRow(
        id=uuid4(),
        organization_id=world.organization.id,
        phone_number=f"{number[:-4]}{chance.randrange(10_000):04}",
        do_not_call_at=now if chance.random() < 0.05 else None,
    )
    lead = await add_lead_of(
        sessions,
        world,
        contact,
        region=region,
        time_zones=zones,
        due_at=chance.choice([None, now - timedelta(days=1), now + timedelta(hours=3)]),
        not_before=chance.choice([None, None, now + timedelta(seconds=chance.uniform(-9, 90) * 3600)]),
        called_ahead_at=chance.choice([None, None, now - timedelta(minutes=1)]),
        consent=chance.choice([None, {"basis": "written"}]),
        planned_at=chance.choice([None, now - timedelta(days=2)]),
    )
    past = chance.random()
    if past < 0.25:
        await _add_past(sessions, world, lead, chance, now)
    elif past < 0.5:
        other = await add_lead_of(sessions, elsewhere, contact)
        await _add_past(sessions, elsewhere, other, chance, now)
        if past < 0.3:
            await add_attempt_of(sessions, elsewhere, other, "in_progress", number=5)
    elif past < 0.55:
        await _add_to_list(sessions, contact)
    return lead


async def _add_to_list(sessions: Sessions, contact: ContactRow) -> None:
    on_list = DoNotCallListRow(
        id=uuid4(), organization_id=contact.organization_id, name=f"List {uuid4()}", kind="list", numbers=1
    )
    async with sessions.begin() as session:
        session.add(on_list)
        await session.flush()
        session.add(
            DoNotCallEntryRow(
                organization_id=contact.organization_id,
                list_id=on_list.id,
                phone_number=contact.phone_number,
                import_id=uuid4(),
            )
        )


async def _add_past(sessions: Sessions, world: World, lead: LeadRow, chance: random.Random, now: datetime) -> None:
    for number in range(1, chance.randint(2, 4)):
        rang_at = now - timedelta(seconds=chance.uniform(1, chance.choice([1, 1, 6]) * 86_400))
        outcome = chance.choice([one for one in AttemptOutcome if one is not AttemptOutcome.OPTED_OUT])
        await add_attempt_of(
            sessions,
            world,
            lead,
            "done",
            number=number,
            outcome=outcome,
            counts=outcome is not AttemptOutcome.REFUSED,
            first_sent_at=rang_at,
            ended_at=rang_at,
            settled_at=rang_at,
            slot_released_at=rang_at,
            callback_at=(now + timedelta(hours=5)).isoformat() if chance.random() < 0.3 else None,
        )
