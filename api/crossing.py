"""Where the API looks beyond one organisation by right, and why.

A request of somebody who is signed in gets its sessions by ``Session`` or ``Dependencies.sessions_of``: PostgreSQL
shows them one organisation (docs/decisions/0029). The modules here have sessions that see all of them. A test holds the
list to the code: who needs ``sessions`` stands here with the reason, or asks for an organisation's.
"""

from collections.abc import Mapping

_NOBODY_YET = "who asks, and so for which organisation, is just being found out"
_WEBHOOK = "a webhook names a call; whose it is its row tells"
_WORKERS = "the worker's own work, which a request begins early; the worker sees all organisations"

CROSSING: Mapping[str, str] = {
    "account_checks": f"figures of an account's limits: {_WORKERS}",
    "app": "gives out the sessions to the others",
    "campaign_life": f"ending the leads of a finished campaign: {_WORKERS}",
    "dependencies": "makes an organisation's sessions of them",
    "engine": f"notes which leads the engine has taken: {_WORKERS}",
    "first_rows": "makes the first organisation",
    "forwarding": f"tells workflows of webhooks: {_WORKERS}",
    "identification": _NOBODY_YET,
    "inbound_answer": _WEBHOOK,
    "left_behind": f"hands over what a process that died had committed: {_WORKERS}",
    "live_bell": "says in which organisations something changed, and reads no rows",
    "live_feed": "reads once for all that listen in this process, and gives each what is of their organisation",
    "own_access": "password, tokens and organisations are a person's own, wherever they are signed in",
    "password_resets": "a password is a person's own; whoever resets it must do as much in all of their organisations",
    "people_actions": "who accepts an invitation doesn't belong to the organisation yet",
    "pruning": "deletes what is over, whose ever it was",
    "routes.auth": "says in which organisations a person is; takes back tokens, which hold for a person",
    "routes.organizations": "lists a person's organisations and makes another",
    "routes.users": "hands a password reset on, which looks at all organisations of the person",
    "sign_in_throttle": _NOBODY_YET,
    "signing_in": _NOBODY_YET,
    "webhook_intake": _WEBHOOK,
    "webhook_keys": "reads an account's keys before anything of a webhook is believed",
    "webhook_line": _WEBHOOK,
}
"""By the module's name within ``api``."""
