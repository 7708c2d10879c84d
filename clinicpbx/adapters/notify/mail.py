"""Mail over SMTP: encrypted, or not at all beyond this machine."""

import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from clinicpbx.adapters.notify.answer import Answer, trouble
from clinicpbx.core.notify.targets import MailServer

SECONDS = 15.0  # for each answer of the server


def letter(server: MailServer, to: str, name: str, subject: str, text: str, now: datetime) -> EmailMessage:
    """The mail. *name* makes its Message-ID, the same each time. ValueError for a line end in a header."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = server.sender, to, subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{name}@{_domain(server)}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notes in answer
    mail.set_content(text, cte="quoted-printable")
    return mail


def send(server: MailServer, password: str, mail: EmailMessage) -> Answer:
    """Gives *mail* to the server; blocking, at most SECONDS for each of its answers. *password*: of its user, if any.

    Certificates are those of the system, or of SSL_CERT_FILE.
    """
    try:
        with _connected(server) as smtp:
            if server.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, password)
            smtp.send_message(mail)
    except smtplib.SMTPRecipientsRefused as refused:
        code, words = next(iter(refused.recipients.values()))
        return Answer(False, f"{code} {words.decode(errors='replace')}")
    except smtplib.SMTPResponseException as refused:
        said = refused.smtp_error
        return Answer(
            False, f"{refused.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
        )
    except (smtplib.SMTPException, OSError, UnicodeError) as fault:
        return trouble(fault)
    return Answer(True, f"{server.host} took it")


def _connected(server: MailServer) -> smtplib.SMTP:
    # without a name of ours smtplib would ask DNS for one, as long as DNS likes
    name = _domain(server)
    if server.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, name, timeout=SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, name, timeout=SECONDS)


def _domain(server: MailServer) -> str:
    return server.sender.rpartition("@")[2]
