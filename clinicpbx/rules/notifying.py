"""Who is told of what, from what the clinic wrote."""

from clinicpbx.core.notify.daily import Daily
from clinicpbx.core.notify.targets import MailServer, NotifyRules, Target
from clinicpbx.rules.document import Document


def notify_rules(document: Document) -> NotifyRules:
    """Nobody, where the document names none."""
    written = document.notify
    targets = {
        name: Target(name, each.way, each.address, frozenset(each.events))
        for name, each in (written.targets.items() if written else ())
    }
    mail = written.mail if written else None
    server = MailServer(mail.host, mail.port, mail.security, mail.sender, mail.user or "") if mail else None
    every = written.daily if written else None
    daily = Daily(every.clock, every.to or tuple(targets)) if every else None
    return NotifyRules(document.clinic.name, document.local, targets, server, daily)
