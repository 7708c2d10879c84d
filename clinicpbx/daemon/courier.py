"""Takes a notice to its target by the way that the rules name."""

import asyncio
from datetime import UTC, datetime

from clinicpbx.adapters.notify import mail
from clinicpbx.adapters.notify.answer import Answer
from clinicpbx.adapters.notify.message import tell_phone
from clinicpbx.adapters.notify.webhook import post, read_secret
from clinicpbx.core.notify.letter import Notice, document, line, subject, text
from clinicpbx.core.notify.targets import NotifyRules, Target
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings


class Courier:
    """Secrets are read from keys/ each time: one that is put there, or changed, holds from the next notice on."""

    def __init__(self, instance: Instance, settings: Settings) -> None:
        self._instance, self._settings = instance, settings

    async def deliver(self, rules: NotifyRules, target: Target, notice: Notice) -> Answer:
        """What the target's neighbour answered; not taken, with the reason, where it could not even be asked."""
        now = datetime.now(UTC)
        try:
            match target.way:
                case "email":
                    return await self._mail(rules, target, notice, now)
                case "webhook":
                    file = self._instance.keys / f"{target.secret}.secret"
                    secret = read_secret(self._instance.secret(target.secret), str(file))
                    return await post(target.address, secret, notice.id, document(notice, rules.clinic), now)
                case "message":
                    words = line(notice, rules.clinic)
                    password = self._instance.secret("notifier")
                    return await tell_phone(self._settings.ari, password, target.address, words)
        except ClinicPBXError as wrong:
            return Answer(False, str(wrong))
        except OSError as fault:
            return Answer(False, f"{fault.filename}: {fault.strerror}")

    async def _mail(self, rules: NotifyRules, target: Target, notice: Notice, now: datetime) -> Answer:
        if rules.mail is None:
            raise ClinicPBXError("the rules name no mail server")
        password = self._instance.secret("mail") if rules.mail.user else ""
        words = text(notice, rules.clinic, rules.zone)
        letter = mail.letter(rules.mail, target.address, notice.id, subject(notice, rules.clinic), words, now)
        return await asyncio.to_thread(mail.send, rules.mail, password, letter)
