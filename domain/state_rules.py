"""What the states of the United States ask for beyond federal law, one row each.

Read November 2026 from secondary sources that disagree in places; the stricter reading is the one kept. Exemptions
(consent, an existing business) differ from state to state and are not used: the rows hold for everybody.
"""

from datetime import timedelta

from domain.rule_rows import RuleRow, Source, Week, every_day

_DROPCOWBOY = Source("DropCowboy, calling hours by state", "2025-11")
_CLICKPOINT = Source("ClickPoint, calling hours and call caps by state", "2025-07")
_VICIDIAL = Source("VICIdial, seed data of state call times", "2013")
_BY_STATE = (_DROPCOWBOY, _CLICKPOINT, _VICIDIAL)

STATE_RULES: tuple[RuleRow, ...] = (
    RuleRow(
        place="US-AL",
        week=Week("08:00-20:00", "08:00-20:00", None),
        holidays="US-AL",
        sources=_BY_STATE,
        note="A holiday on a weekend moves to the observed day; both days are closed.",
    ),
    RuleRow(
        place="US-CT",
        week=every_day("09:00-20:00"),
        sources=_BY_STATE,
        note="ClickPoint has 9:00-21:00; the stricter holds.",
    ),
    RuleRow(
        place="US-FL",
        week=every_day("08:00-20:00"),
        max_attempts_per_24_hours=3,
        sources=(Source("Fla. Stat. 501.616(6), as amended by CS/SB 1120", "2021"), *_BY_STATE),
        note="3 calls on the same subject, from whatever number; every call is taken to have the same subject.",
    ),
    RuleRow(
        place="US-IN",
        week=every_day("09:00-20:00"),
        sources=(_VICIDIAL,),
        note="The source names no days; the hours hold on all of them.",
    ),
    RuleRow(place="US-KY", week=every_day("10:00-21:00"), sources=_BY_STATE),
    RuleRow(
        place="US-LA",
        week=Week("08:00-20:00", "08:00-20:00", None),
        holidays="US-LA",
        sources=_BY_STATE,
        note="The governor may proclaim further holidays; those are not in the calendar.",
    ),
    RuleRow(place="US-MA", week=every_day("08:00-20:00"), sources=_BY_STATE),
    RuleRow(
        place="US-MD",
        week=every_day("08:00-20:00"),
        max_attempts_per_24_hours=3,
        sources=(*_BY_STATE, Source("g2leadstosales, call caps by state", "2026-11")),
    ),
    RuleRow(
        place="US-ME",
        week=every_day("08:00-21:00"),
        least_distance=timedelta(hours=8),
        sources=(_CLICKPOINT, Source("g2leadstosales, call caps by state", "2026-11")),
        note="One call in 8 hours by an automated device, which a voice agent is taken for. The hours are federal.",
    ),
    RuleRow(place="US-MI", week=every_day("09:00-21:00"), sources=_BY_STATE),
    RuleRow(place="US-MN", week=every_day("09:00-21:00"), sources=_BY_STATE),
    RuleRow(
        place="US-MS",
        week=Week("08:00-20:00", "08:00-20:00", None),
        holidays="US-MS",
        own_clock="America/Chicago",
        sources=_BY_STATE,
        note="The hours are Central time; they hold on the called person's clock as well. Sources differ on holidays: "
        "the stricter one, which forbids them, holds.",
    ),
    RuleRow(place="US-NM", week=every_day("09:00-21:00"), sources=_BY_STATE),
    RuleRow(place="US-NV", week=every_day("09:00-20:00"), sources=_BY_STATE),
    RuleRow(
        place="US-OK",
        week=every_day("08:00-20:00"),
        max_attempts_per_24_hours=3,
        sources=(Source("15 O.S. 775C.4", "2022"), *_BY_STATE),
    ),
    RuleRow(
        place="US-PA",
        week=Week("09:00-21:00", "13:30-21:00", "13:30-21:00"),
        holidays="US-PA",
        sources=_BY_STATE,
        note="8:00-21:00 or 9:00-21:00 on weekdays: the stricter holds. Saturdays conflict without figures: the "
        "narrowest hours that any source has for a day there hold. Sundays by VICIdial.",
    ),
    RuleRow(
        place="US-RI",
        week=Week("09:00-18:00", "10:00-17:00", None),
        holidays="US-RI",
        sources=_BY_STATE,
        note="The hours on Saturdays are unconfirmed.",
    ),
    RuleRow(
        place="US-SD",
        week=Week("08:00-21:00", "08:00-21:00", None),
        sources=_BY_STATE,
        note="No hours of its own but no calls on Sundays; the others are the federal ones.",
    ),
    RuleRow(
        place="US-TX",
        week=Week("09:00-21:00", "09:00-21:00", "12:00-21:00"),
        sources=_BY_STATE,
        note="9:00-21:00 is unconfirmed. Sundays by VICIdial.",
    ),
    RuleRow(
        place="US-UT",
        week=every_day("09:00-20:00"),
        holidays="US-UT",
        sources=(_VICIDIAL,),
        note="The source names no days; the hours hold on all of them. Holidays are restricted: taken as forbidden.",
    ),
    RuleRow(
        place="US-WY",
        week=every_day("08:00-20:00"),
        sources=(_VICIDIAL,),
        note="The source names no days; the hours hold on all of them.",
    ),
)
