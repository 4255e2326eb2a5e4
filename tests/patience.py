"""How long a test waits for what must happen, before it says that nothing does.

Far more than a busy machine needs, and less than the time that pytest gives a test: whoever gets here hangs. How soon
something comes is never told by it; tests that are about that count work, or compare it with other work of the same run
(``tests/work.py``).
"""

PATIENCE_SECONDS = 60
