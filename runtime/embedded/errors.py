# ruff: noqa: N818 - a name says what happened, as in the house's other error trees
"""StackError                 one clear sentence for the person at the terminal; the stack does not start
+ HomeUnusable             the state folder cannot be used; choose another LEADLINE_HOME or mend its permissions
+ HomeInUse                another supervisor already runs on this home; stop it or take another home
+ PortTaken                a port that the environment names is taken; free it or name another
+ DatabaseUnusable         the embedded PostgreSQL's data or programs cannot be used; the sentence says why
+ PartFailed               a part did not become ready; the sentence names its log and shows the log's end
"""


class StackError(Exception):
    """Why the embedded stack cannot start or go on, as one sentence with its remedy."""


class HomeUnusable(StackError):
    """The state folder cannot be made or written."""


class HomeInUse(StackError):
    """Another supervisor holds the lock of this home."""


class PortTaken(StackError):
    """A port that was asked for by name is taken, or no free port was found."""


class DatabaseUnusable(StackError):
    """The embedded PostgreSQL cannot be prepared."""


class PartFailed(StackError):
    """A part ended, or stayed unready, while the stack was starting."""
