"""Who works at this terminal."""

import os
import pwd

from clinicpbx.core.inbox.changes import Actor


def actor() -> Actor:
    """The login that runs the command; root may do what a supervisor may."""
    name = pwd.getpwuid(os.getuid()).pw_name
    return Actor(name, supervisor=os.getuid() == 0)
