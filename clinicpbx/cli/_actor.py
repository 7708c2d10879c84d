"""Who works at this terminal."""

from clinicpbx.core.inbox.changes import Actor
from clinicpbx.core.roles import LEAD
from clinicpbx.daemon.login import login
from clinicpbx.paths import Instance
from clinicpbx.settings import read_settings


def login_name(instance: Instance) -> str:
    """The name of the login that gives the command."""
    return login(instance, read_settings(instance)).name


def actor(instance: Instance) -> Actor:
    """The login that gives the command; supervisors and admins may what else the owner of an item alone may."""
    known = login(instance, read_settings(instance))
    return Actor(known.name, supervisor=bool(known.roles & LEAD))
