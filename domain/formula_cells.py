"""Cells that a spreadsheet would take for a formula: disarmed on the way out, and as they were on the way in.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return is run by Excel, and what it runs may
have been written by a stranger who filled in a form. An apostrophe before it makes it text. Plain numbers, and with
them phone numbers in E.164, do no harm and are left as they are: ``+12125550100`` stays what other programs read.

Source: OWASP, CSV Injection.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_DISARMED = re.compile(r"''*[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"[+-][0-9]+(?:\.[0-9]+)?")


def disarmed(cell: str) -> str:
    """The cell as text for any spreadsheet. ``rearmed`` gives back what went in."""
    return f"'{cell}" if _FORMULA.match(cell) and not _PLAIN_NUMBER.fullmatch(cell) else cell


def rearmed(cell: str) -> str:
    """What a cell was before ``disarmed``, or before somebody typed an apostrophe to make it text."""
    return cell[1:] if _DISARMED.match(cell) else cell
