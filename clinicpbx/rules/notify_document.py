"""Who is told of what happens, as the clinic writes it. Secrets are files in keys/, never here."""

from datetime import time
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from clinicpbx.core.notify.kinds import KindName
from clinicpbx.core.notify.targets import Way
from clinicpbx.rules.selftest_document import Clock
from clinicpbx.rules.words import Email, Extension, Host, Name, Text, Url, one_or_many
from clinicpbx.rules.written import Written

Events = Annotated[
    tuple[KindName, ...],
    BeforeValidator(one_or_many, json_schema_input_type=KindName | list[KindName]),
]


class MailRule(Written):
    """The server that takes the clinic's mail."""

    host: Host = Field(description="The mail server.")
    port: int = Field(587, ge=1, le=65535, description="Port; usually 587 for starttls, 465 for tls, 25 for none.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How it is encrypted; none: only to a server on this machine."
    )
    sender: Email = Field(description="The address that mails come from.")
    user: Text | None = Field(
        None, description="The user that logs in, whose password is in keys/mail.secret; default: no login."
    )

    @model_validator(mode="after")
    def _encrypted(self) -> "MailRule":
        if self.security == "none" and self.host not in ("localhost", "127.0.0.1"):
            raise ValueError("security none is for a server on this machine: host localhost")
        return self


class TargetRule(Written):
    """One of the ways, and what is told."""

    email: Email | None = Field(None, description="An address of e-mail; needs mail.")
    webhook: Url | None = Field(
        None, description="A URL that gets signed JSON; the secret is in keys/webhook-NAME.secret, as `whsec_…`."
    )
    message: Extension | None = Field(None, description="A phone that shows SIP MESSAGEs, by its extension.")
    events: Events = Field(
        get_args(KindName),
        description="What is told; default: everything; []: only what is meant for the target by name.",
    )

    @model_validator(mode="after")
    def _one(self) -> "TargetRule":
        if sum(way is not None for way in (self.email, self.webhook, self.message)) != 1:
            raise ValueError("needs exactly one of email, webhook and message")
        return self

    @property
    def way(self) -> Way:
        return "email" if self.email else "webhook" if self.webhook else "message"

    @property
    def address(self) -> str:
        return self.email or self.webhook or self.message or ""


class DailyRule(Written):
    """What of the inbox is open, once a day, also when nothing is: counts and ids, nothing of a patient."""

    at: Clock = Field(
        "08:00", description="From this time on, in local time of the first site, nights and holidays too."
    )
    to: Annotated[tuple[Name, ...], BeforeValidator(one_or_many, json_schema_input_type=Name | list[Name])] = Field(
        (), description="Names of targets; default: all."
    )

    @property
    def clock(self) -> time:
        return time.fromisoformat(self.at)


class Notify(Written):
    mail: MailRule | None = Field(None, description="The server for mails; default: none.")
    targets: dict[Name, TargetRule] = Field(min_length=1, description="Name → who is told, how, and of what.")
    daily: DailyRule | None = Field(None, description="Who is told every day what is open; default: nobody.")

    @model_validator(mode="after")
    def _sendable(self) -> "Notify":
        lost = [name for name, target in self.targets.items() if target.email]
        if lost and self.mail is None:
            raise ValueError(f"needs mail: the server that takes the mails for {', '.join(lost)}")
        unknown = [name for name in (self.daily.to if self.daily else ()) if name not in self.targets]
        if unknown:
            raise ValueError(f"daily: no target is named {', '.join(map(repr, unknown))}")
        return self
