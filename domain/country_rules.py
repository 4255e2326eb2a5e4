"""What whole countries ask for, one row each."""

from domain.rule_rows import RuleRow, Source, Week, every_day

_CAUTION = Source("Our own caution; no statutory hours were found", "2026-11")

COUNTRY_RULES: tuple[RuleRow, ...] = (
    RuleRow(
        place="US",
        week=every_day("08:00-21:00"),
        sources=(Source("47 CFR 64.1200(c)(1)", "2026-11"), Source("16 CFR 310.4(c)", "2026-11")),
    ),
    RuleRow(
        place="IN",
        week=every_day("10:00-21:00"),
        sources=(
            Source("Indian Express on the regulations of 2010: nothing from 21:00 to 9:00", "2010"),
            Source("knowinfonow: 9:00 to 21:00", "2026-11"),
            Source("Reports on TCCCPR 2018: 10:00 to 21:00", "2018"),
        ),
        note="The bands of 2018 could not be confirmed; some state 10:00-21:00, and the stricter holds.",
    ),
    RuleRow(
        place="GB",
        week=every_day("08:00-21:00"),
        sources=(_CAUTION, Source("ICO on PECR regulation 19, which names no hours", "2026-11")),
    ),
    RuleRow(
        place="CA",
        week=Week("09:30-20:00", "10:30-17:00", "12:00-17:00"),
        sources=(
            Source("Information for telephone customers on the CRTC's rules for automated calls", "2008"),
            Source("Telecom Regulatory Policy CRTC 2009-200, which eased them", "2009-04-20"),
        ),
        note="The older hours for automated calls, stricter than those in force since 2009, which were not confirmed.",
    ),
    RuleRow(
        place="AU",
        week=Week("09:00-20:00", "09:00-17:00", None),
        holidays="AU",
        sources=(
            Source("donotcall.gov.au on the Telemarketing and Research Calls Industry Standard 2017", "2017"),
            Source("packleader.net.au, which adds that national public holidays are closed", "2017"),
        ),
    ),
)
