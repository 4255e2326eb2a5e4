"""Every timeout and retry policy, each with its reason."""

from datetime import timedelta

from temporalio.common import Priority, RetryPolicy

# A decision takes milliseconds. Retrying it here would hold the workflow task open and add an event every few seconds;
# a database that is away is waited for by a timer instead.
DECIDE_ONCE = RetryPolicy(maximum_attempts=1)
# Counted from its beginning: in a crowd it may have to wait for its turn.
DECISION_TIME = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(seconds=30)
SHORTEST_PAUSE = timedelta(seconds=5)

# A worker that dies in mid-dial may already have rung the phone, so there is no second try.
DIAL_ONCE = RetryPolicy(maximum_attempts=1)

# Up to 5 s for its turn (calls a second), 40 s for the provider's answer, and the database before and after.
DIAL_TIME = timedelta(seconds=75)

# A grant lives for 30 s: a dial that no worker took up by then would find its gate closed.
DIAL_PICKED_UP_WITHIN = timedelta(seconds=30)

# Every activity beats three times within this; a worker that misses all three is gone, and what it was about is taken
# up by another.
HEARTBEAT = timedelta(seconds=10)

# A look-up only asks and writes down; the loop around it waits for the provider to come back.
LOOK_UP_ONCE = RetryPolicy(maximum_attempts=1)
LOOK_UP_TIME = timedelta(seconds=100)
LOOK_UP_AGAIN = timedelta(seconds=15)

# Leads have the engine's own, which is 3. Nothing waits behind those that go first: there is one of each kind.
BEFORE_LEADS = Priority(priority_key=1)

# The reconciliation is repeated by its schedule; one that hangs must not keep the next from running.
RECONCILE_TIME = timedelta(minutes=5)
RECONCILE_ONCE = RetryPolicy(maximum_attempts=1)

# It works for a minute; one that is busy with large recordings for up to eight, and then ends by itself.
RECORDINGS_TIME = timedelta(minutes=10)
RECORDINGS_ONCE = RetryPolicy(maximum_attempts=1)
# Beats cost, and nobody waits for this one by the second: a link lives for minutes.
RECORDINGS_HEARTBEAT = timedelta(seconds=30)

# An import works for five minutes and then says so; one that hangs in a batch is given up and taken up again.
IMPORT_TIME = timedelta(minutes=10)
# A database that is away comes back, and nobody who sent a file should have to send it again.
IMPORT_AGAIN = RetryPolicy(maximum_interval=timedelta(seconds=30))
# Between two rounds, and where somebody else is at work on the same import.
IMPORT_PAUSE = timedelta(seconds=1)

# An address has 15 s to answer, besides the database before and after.
EVENT_TIME = timedelta(seconds=60)
# Only a worker or a database that is away gets here: what the address says is an answer, and the workflow waits on it.
EVENT_AGAIN = RetryPolicy(maximum_interval=timedelta(seconds=30))
# Several tries may go on at one address, each of them for 15 s at most.
EVENT_ADDRESS_BUSY = timedelta(seconds=30)
