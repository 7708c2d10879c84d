"""Who may do what: commands by their words, the roles that may give them, and what the audit log says of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is to the clinic's telephone system."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    AUDITOR = "auditor"


STAFF = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN})
LEAD = frozenset({Role.SUPERVISOR, Role.ADMIN})
ADMIN = frozenset({Role.ADMIN})
AUDIT = frozenset({Role.AUDITOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Act:
    """What a command is. *roles*: who may; *clinical*: it shows what patients said, so may who broke the glass.

    *action*: what the audit log calls it, "" for what is not noted; *result*: what it calls that which the command
    returns. *object* and *detail*: its parameters that are noted, by name; never one that may hold a number, a PIN or
    a patient's words. *asked*: the process that does it asks and notes, the vault or the daemon, not the command.
    """

    roles: frozenset[Role]
    action: str = ""
    object: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()
    clinical: bool = False
    result: str = ""
    asked: bool = False


def _message(action: str) -> Act:
    return Act(LEAD, action, ("mailbox", "message"), clinical=True, asked=True)


def _agent(action: str, *detail: str) -> Act:
    return Act(STAFF, action, ("agent",), detail, asked=True)


ACTS: Mapping[str, Act] = {
    "agent login": _agent("agent.login", "phone"),
    "agent logout": _agent("agent.logout"),
    "agent pause": _agent("agent.pause", "reason"),
    "agent pin": Act(LEAD, "agent.pin", ("agent",), asked=True),
    "agent unpause": _agent("agent.unpause"),
    "audit checkpoint": Act(AUDIT, "audit.checkpoint"),
    "audit export": Act(AUDIT, "audit.export", detail=("proof",)),
    "audit list": Act(AUDIT),
    "audit show": Act(AUDIT),
    "audit verify": Act(AUDIT),
    "break-glass": Act(STAFF, "break-glass", detail=("reason", "length"), asked=True),
    "callback close": Act(STAFF, "callback.close", ("callback",), asked=True),
    "callback list": Act(STAFF, asked=True),
    "callback number": Act(STAFF, "callback.number", ("callback",), clinical=True, asked=True),
    "calls list --unmask": Act(LEAD, "calls.unmask", detail=("since", "limit"), clinical=True),
    "calls search": Act(STAFF, "calls.search", detail=("since", "until", "queue", "agent", "outcome", "site", "did")),
    "calls search --unmask": Act(LEAD, "calls.unmask", detail=("since", "until", "limit"), clinical=True),
    "calls show --unmask": Act(LEAD, "calls.unmask", ("call",), clinical=True),
    "db downgrade": Act(ADMIN, "db.downgrade", ("version",)),
    "db tally": Act(ADMIN | AUDIT),
    "db tally --rebuild": Act(ADMIN, "db.tally_rebuild"),
    "db upgrade": Act(ADMIN, "db.upgrade"),
    "inbox call": Act(STAFF, clinical=True),
    "inbox claim": Act(STAFF),
    "inbox close": Act(STAFF),
    "inbox list": Act(STAFF, clinical=True),
    "inbox list --unmask": Act(LEAD, "inbox.unmask", detail=("team", "category", "limit", "after"), clinical=True),
    "inbox note": Act(STAFF),
    "inbox release": Act(STAFF),
    "inbox reopen": Act(STAFF),
    "inbox show": Act(STAFF, clinical=True),
    "inbox show --unmask": Act(LEAD, "inbox.unmask", ("item",), clinical=True),
    "inbox today": Act(STAFF, clinical=True),
    "notify retry": Act(LEAD, "notify.retry"),
    "notify test": Act(LEAD, "notify.test", ("target",)),
    "oncall accept": Act(STAFF, "oncall.accept", ("page",), ("who",), asked=True),
    "oncall close": Act(STAFF, "oncall.close", ("page",), ("who", "outcome"), asked=True),
    "oncall confirm": Act(STAFF, "oncall.confirm", ("rota",), asked=True),
    "oncall cover": Act(LEAD, "oncall.cover", ("rota",), ("who", "backup", "begin", "until")),
    "oncall number": Act(STAFF, "oncall.number", ("page",), clinical=True, asked=True),
    "oncall pages": Act(STAFF, asked=True),
    "oncall pin": Act(LEAD, "oncall.pin", ("provider",), asked=True),
    "oncall timeline": Act(STAFF),
    "oncall uncover": Act(LEAD, "oncall.uncover", ("cover",)),
    "override off": Act(LEAD, "override.off", ("override",)),
    "override on": Act(LEAD, "override.on", ("override",), ("until", "why")),
    "prepare": Act(ADMIN),
    "queue add": Act(LEAD, "queue.add", ("queue", "agent"), ("penalty",), asked=True),
    "queue mode": Act(LEAD, "queue.mode", ("queue", "mode"), ("until",), asked=True),
    "queue remove": Act(LEAD, "queue.remove", ("queue", "agent"), asked=True),
    "report calls --unmask": Act(LEAD, "calls.unmask", ("name",), ("keys", "since", "limit"), clinical=True),
    "rules apply": Act(ADMIN, "rules.apply", detail=("why", "force"), result="rules.in_force"),
    "rules rollback": Act(ADMIN, "rules.rollback", ("version",), ("force",), result="rules.in_force"),
    "keys destroy": Act(ADMIN, "keys.destroy", ("mailbox", "month")),
    "keys escrow": Act(ADMIN, "keys.escrow", detail=("parts", "needed", "to")),
    "keys list": Act(ADMIN | AUDIT),
    "keys new": Act(ADMIN, "keys.new"),
    "keys restore": Act(ADMIN, "keys.restore"),
    "keys rotate": Act(ADMIN, "keys.rotate"),
    "keys status": Act(ADMIN | AUDIT),
    "keys unlock": Act(ADMIN, "keys.unlock", asked=True),
    "retention run": Act(ADMIN, "retention.run", asked=True),
    "retention run --dry-run": Act(LEAD | AUDIT, asked=True),
    "retention status": Act(LEAD | AUDIT, asked=True),
    "voicemail delete": Act(LEAD, "voicemail.delete", ("mailbox", "message"), asked=True),
    "voicemail export": _message("voicemail.export"),
    "voicemail hear": Act(STAFF, "voicemail.hear", ("mailbox", "message"), clinical=True, asked=True),
    "voicemail hold": Act(LEAD, "voicemail.hold", ("mailbox", "message"), asked=True),
    "voicemail list": Act(STAFF, "voicemail.list", ("mailbox",), clinical=True, asked=True),
    "voicemail list --unmask": Act(LEAD, "voicemail.unmask", ("mailbox",), clinical=True, asked=True),
    "voicemail pin": Act(LEAD, "voicemail.pin", ("mailbox",), asked=True),
    "voicemail show": Act(STAFF, "voicemail.show", ("mailbox", "message"), clinical=True, asked=True),
    "voicemail show --unmask": _message("voicemail.unmask"),
    "voicemail unhold": Act(LEAD, "voicemail.unhold", ("mailbox", "message"), asked=True),
    "voicemail verify": Act(LEAD | AUDIT, "voicemail.verify", ("mailbox",), asked=True),
}
"""By the words of the command, with an option where that is what matters."""

FREE = frozenset(
    {
        *("agent list", "agent skills", "break-glass list", "calls list", "calls show", "calls why", "codes"),
        *(
            "completion",
            "db status",
            "demo",
            "doctor",
            "notify list",
            "oncall calendar",
            "oncall covers",
            "oncall reachability",
            "oncall who",
            "override list",
        ),
        *("report calls", "report figures", "report reference", "report saved", "report week"),
        *("queue list", "queue show", "queue status", "report", "selftest list", "selftest run", "status", "top"),
        *("staffing need", "staffing plan"),
        *("rules check", "rules diff", "rules explain", "rules history", "rules import-csv", "rules map", "rules new"),
        *("rules reference", "rules render", "rules replay", "rules schema", "rules test"),
        *("run asterisk", "run daemon", "run listener", "run notifier", "run rescuer", "run vault"),
    }
)
"""Commands that whoever can read the instance may give: they show no patient and change nothing in force."""

VERBS: Mapping[str, str] = {
    "agent.login": "agent login",
    "agent.logout": "agent logout",
    "agent.pause": "agent pause",
    "agent.unpause": "agent unpause",
    "agents": "agent list",
    "callback.close": "callback close",
    "callback.number": "callback number",
    "callbacks": "callback list",
    "callers": "queue show",
    "calls": "calls list",
    "floor": "top",
    "inbox.call": "inbox call",
    "oncall.accept": "oncall accept",
    "oncall.close": "oncall close",
    "oncall.confirm": "oncall confirm",
    "oncall.number": "oncall number",
    "oncall.pages": "oncall pages",
    "oncall.reload": "oncall cover",
    "oncall.standing": "oncall who",
    "oncall.taken": "inbox claim",
    "overrides.reload": "override on",
    "queue.add": "queue add",
    "queue.mode": "queue mode",
    "queue.remove": "queue remove",
    "queues": "queue list",
    "rules.reload": "rules apply",
    "selftest.begin": "rules apply",
    "selftest.keep": "selftest run",
    "selftest.rows": "selftest list",
    "status": "status",
}
"""What the daemon's control socket can be asked: whoever may give the command may ask, of ACTS or of FREE."""


def acts_of(words: str, options: Collection[str]) -> list[Act]:
    """What the command *words* is, given with the flags *options* (`unmask`)."""
    keys = (words, *(f"{words} --{option.replace('_', '-')}" for option in sorted(options)))
    return [ACTS[key] for key in keys if key in ACTS]


def may(act: Act, held: Collection[Role], glass_broken: bool) -> bool:
    """Whether somebody with the roles *held* may; *glass_broken*: for now also what is clinical."""
    return bool(act.roles & set(held)) or (act.clinical and glass_broken)
