"""Who gives a command: the login the kernel knows of, not a name that is said; and the roles of its Unix groups."""

import grp
import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clinicpbx.core.roles import Role
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

LOGINUID = Path("/proc/self/loginuid")
ROOT = 0


@dataclass(frozen=True, slots=True)
class Login:
    """*name* has *roles*; *open*: no group of ours exists on this machine, so everybody is admin."""

    name: str
    roles: frozenset[Role]
    open: bool = False


def login(instance: Instance, settings: Settings) -> Login:
    """Who gives this command."""
    return login_of(_uid(instance), settings)


def login_behind(instance: Instance) -> str:
    """The name of who gives this command; "" where the machine knows none."""
    return name_of(_uid(instance))


def _uid(instance: Instance) -> int:
    return uid_of(os.getuid(), _owner(instance), _loginuid(), os.environ)


def login_of(uid: int, settings: Settings) -> Login:
    """The login of *uid*; root is admin."""
    found = login_named(name_of(uid) or f"uid {uid}", settings)
    return Login(found.name, found.roles | {Role.ADMIN}, found.open) if uid == ROOT else found


def login_named(name: str, settings: Settings) -> Login:
    """The login of that name, with the roles of its groups."""
    groups = role_groups(settings)
    if not groups:
        return Login(name, frozenset({Role.ADMIN}), open=True)
    return Login(name, frozenset(role for role, members in groups.items() if name in members))


def uid_of(uid: int, owner: int, loginuid: int | None, environment: Mapping[str, str]) -> int:
    """The login behind a process of *uid*.

    The kernel's login uid (proc(5)) outlasts sudo and su and cannot be set. SUDO_UID counts only for root and for the
    instance's *owner*, whom sudo makes one; anybody else could have written it.
    """
    if loginuid is not None and name_of(loginuid):
        return loginuid
    said = environment.get("SUDO_UID", "")
    return int(said) if uid in (ROOT, owner) and said.isdecimal() else uid


def role_groups(settings: Settings) -> dict[Role, frozenset[str]]:
    """The groups that exist on this machine, as the names of their members."""
    found = {}
    for role in Role:
        try:
            group = grp.getgrnam(getattr(settings, f"group_{role}"))
        except KeyError:
            continue
        primary = [user.pw_name for user in pwd.getpwall() if user.pw_gid == group.gr_gid]
        found[role] = frozenset([*group.gr_mem, *primary])
    return found


def _loginuid() -> int | None:
    try:
        return int(LOGINUID.read_text())
    except (OSError, ValueError):
        return None


def _owner(instance: Instance) -> int:
    try:
        return instance.home.stat().st_uid
    except OSError:
        return ROOT


def name_of(uid: int) -> str:
    """The user's name, "" where the machine knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return ""
