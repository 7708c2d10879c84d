"""Categories of requests as the clinic writes them: what is promised for each, and how it may end."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from clinicpbx.core.inbox.category import OUTCOMES
from clinicpbx.rules.words import Duration, Name, Text, one_or_many, some
from clinicpbx.rules.written import Written

Names = Annotated[tuple[Name, ...], BeforeValidator(one_or_many, json_schema_input_type=Name | list[Name])]


class CategoryRules(Written):
    """One kind of request; `message`, `abandoned` and `callback` are those of calls of which nothing else is known."""

    title: Text = Field(description="What it is, for people.")
    due: Duration = Field(timedelta(hours=4), gt=timedelta(0), description="How long it may take until it is closed.")
    hours: Name | None = Field(
        None, description="The hours in which that time is counted (see hours); default: around the clock."
    )
    queue: Name | None = Field(
        None, description="The queue whose agents see to it; default: the one in which the patient waited."
    )
    mailboxes: Names = Field((), description="Mailboxes whose messages are of it, unless the call says otherwise.")
    queues: Names = Field((), description="Queues whose missed callers are of it, unless the call says otherwise.")
    priority: int = Field(0, ge=0, le=100, description="Of what is due at the same time, a higher one goes first.")
    outcomes: Annotated[Names, AfterValidator(some)] = Field(OUTCOMES, description="What it may be closed with.")
    escalate: Names = Field((), description="Who is told of one that is overdue, by names of the clinic.")


class InboxRules(Written):
    """What becomes an item of the inbox."""

    short_abandon: Duration = Field(
        timedelta(seconds=5), description="A caller who gives up sooner than this is not followed up."
    )
