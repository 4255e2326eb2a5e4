"""Why a benchmark has no result."""


class BenchmarkFailed(Exception):  # noqa: N818 - says what happened, as the house's other errors do
    """What was to be measured did not happen; the text is one sentence for the person at the terminal."""
