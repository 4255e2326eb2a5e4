"""Which operating-system user a server runs as: PostgreSQL refuses to run as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict


class SpawnIdentity(TypedDict, total=False):
    """The keywords of ``subprocess.Popen`` that change the user of a child."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class SystemUser:
    """An unprivileged user that root hands a server to."""

    name: str
    uid: int
    gid: int

    def owns(self, path: Path) -> None:
        """Make this user the owner of ``path``; needs root."""
        os.chown(path, self.uid, self.gid)


def server_user() -> SystemUser | None:
    """The user that PostgreSQL runs as, or None to run as ourselves (we are not root)."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return SystemUser(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    return SystemUser(name="65534", uid=65534, gid=65534)


def spawn_identity(user: SystemUser | None) -> SpawnIdentity:
    """The arguments that make a child run as ``user``; none to run it as ourselves."""
    if user is None:
        return {}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}
