"""Rules as the clinic wrote them → rules as the system runs them, or every mistake at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from clinicpbx.core.acd.stages import speaks
from clinicpbx.core.inbox.category import SHORT, Category, with_general
from clinicpbx.core.oncall.rules import HandoverRules, PageRules
from clinicpbx.core.overrides import OverrideRules
from clinicpbx.core.rulebook import (
    AgentRules,
    LogOutRules,
    MailboxRules,
    PhoneRules,
    ProviderRules,
    QueueRules,
    Rulebook,
)
from clinicpbx.errors import ClinicPBXError, Mistake, RulesRefused
from clinicpbx.rules.checks import CHECKS
from clinicpbx.rules.document import Document, Phone
from clinicpbx.rules.every_minute import every_minute
from clinicpbx.rules.flows import Draft, build_flows, built_in, entries, sites
from clinicpbx.rules.notifying import notify_rules
from clinicpbx.rules.opening import build_hours
from clinicpbx.rules.parse import Parsed, parse
from clinicpbx.rules.phases import phase_flows
from clinicpbx.rules.places import Places
from clinicpbx.rules.rotas import build_rotas
from clinicpbx.rules.templates import SHELF
from clinicpbx.rules.views import clinic_number
from clinicpbx.shipped import shipped

TEMPLATES = "templates"
"""The folder beside the rules of a version with the templates it was applied with."""


TO_RUN = frozenset({"references", "outcomes", "queues", "overrides", "phases", "providers", "categories"})
"""Checks of what the running system takes for granted."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules without mistakes: as written, where, as run, and what was found odd in them."""

    document: Document
    places: Places
    book: Rulebook
    warnings: tuple[Mistake, ...] = ()
    calendars: Mapping[str, bytes] = field(default_factory=dict)  # file name → content


def compile_rules(
    parsed: Parsed, today: date, version: str = "", *, prove: bool = True, in_force: bool = False
) -> Rules:
    """Checks *parsed*; holidays are taken for the years around *today*. Raises RulesRefused with every mistake.

    *prove*: look at every minute of the coming 400 days as well. *in_force*: they were proved when they were applied;
    neither the passing of time nor a later release that is stricter must take them away, so only what cannot run at
    all is refused.
    """
    document, places = parsed.document, parsed.places
    flows, wrong_steps = build_flows(document, places)
    hours, wrong_hours = build_hours(document, places, today)
    rotas, wrong_rotas = build_rotas(document, places, parsed.calendars, today)
    draft = Draft(document, places, flows, hours, today, rotas)
    checks = [check for name, check in CHECKS.items() if name in TO_RUN or not in_force]
    found = [*wrong_steps, *wrong_hours, *wrong_rotas, *(mistake for check in checks for mistake in check(draft))]
    if prove and not in_force:
        found += every_minute(draft, found)
    found = sorted(one for one in set(found) if not (one.warning and one.file.startswith(SHELF)))
    if not _good(found):
        raise RulesRefused(found)
    return Rules(document, places, _book(draft, version), tuple(found), parsed.calendars)


def _book(draft: Draft, version: str) -> Rulebook:
    """What the daemon runs."""
    document, places, flows = draft.document, draft.places, draft.flows
    return Rulebook(
        version=version,
        flows={**flows, **built_in(document, places), **phase_flows(document, places, flows)},
        entries=entries(document),
        hours=draft.hours,
        queues={name: _queue(document, name) for name in document.queues},
        agents={name: _agent(document, name) for name in document.agents},
        phones={extension: _phone(extension, phone) for extension, phone in document.phones.items()},
        mailboxes={name: _mailbox(document, name) for name in document.mailboxes},
        languages=tuple(document.languages),
        overrides={name: _override(document, name) for name in document.overrides},
        rotas=draft.rotas,
        providers={name: _provider(document, name) for name in document.providers},
        log_out=_log_out(document),
        notify=notify_rules(document),
        categories=_categories(document),
        short_abandon=document.inbox.short_abandon if document.inbox else SHORT,
        paging={name: _paging(document, name) for name in document.rotas},
        handovers={name: rules for name in document.rotas if (rules := _handover(document, name)) is not None},
        trunks=tuple(document.trunks),
        number=clinic_number(document),
        selftest=tuple(each.replace(tzinfo=document.local) for each in document.clinic.selftest.clocks),
        reports=tuple(rule.saved(name) for name, rule in document.reports.items()),
        sites=sites(document),
        spoken={number: did.language for number, did in document.dids.items() if did.language},
        zone=document.local,
    )


def _mailbox(document: Document, name: str) -> MailboxRules:
    box = document.mailboxes[name]
    return MailboxRules(name, box.number or "", box.keep or document.clinic.keep, box.readers)


def _categories(document: Document) -> dict[str, Category]:
    written = {
        name: Category(name, **{**dict(one), "hours": one.hours or "", "queue": one.queue or ""})
        for name, one in document.categories.items()
    }
    return with_general(written, next(iter(document.hours), ""))


def _queue(document: Document, name: str) -> QueueRules:
    written = document.queues[name]
    promised = written.target and written.target.promised()
    options = {"whisper": written.whisper or "", "site": written.site or "", "target": promised}
    return QueueRules(name, **{**dict(written), **options})


def _paging(document: Document, name: str) -> PageRules:
    written = document.rotas[name].page
    return PageRules(**{**dict(written), "supervisor": written.supervisor or "", "say": written.say or ""})


def _handover(document: Document, name: str) -> HandoverRules | None:
    written = document.rotas[name].handover
    if written is None or not written.confirm:
        return None
    return HandoverRules(written.ahead, written.ring, written.tries, written.pause)


def _phone(extension: str, written: Phone) -> PhoneRules:
    return PhoneRules(extension, written.mailbox or "", written.shown, written.supervises)


def _agent(document: Document, name: str) -> AgentRules:
    written = document.agents[name]
    spoken = {speaks(code): level for code, level in (written.languages or {document.language: 1}).items()}
    skills, queues = {**written.skills, **spoken}, dict(written.queues)
    return AgentRules(name, written.phone or "", queues, skills, written.licences, written.number or "")


def _log_out(document: Document) -> LogOutRules:
    written = document.clinic.log_out
    return LogOutRules(written.idle or timedelta(0), written.unreachable, written.closing or "")


def _provider(document: Document, name: str) -> ProviderRules:
    written = document.providers[name]
    languages = written.languages or (document.language,)
    return ProviderRules(name, written.phone or "", written.mobile or "", languages, written.specialities)


def _override(document: Document, name: str) -> OverrideRules:
    written = document.overrides[name]
    during = tuple(
        (planned.from_.replace(tzinfo=document.local), planned.to.replace(tzinfo=document.local))
        for planned in written.during
    )
    return OverrideRules(
        name,
        written.title,
        frozenset(written.dids or document.dids),
        written.hours or "",
        written.flow or "",
        written.say or "",
        during,
    )


def _good(found: Iterable[Mistake]) -> bool:
    return all(mistake.warning for mistake in found)


def rules_from(
    file: str,
    raw: bytes | str,
    today: date,
    version: str = "",
    fetch: Callable[[str], bytes] | None = None,
    *,
    prove: bool = True,
) -> Rules:
    """`parse` and `compile_rules` in one."""
    return compile_rules(parse(file, raw, fetch), today, version, prove=prove)


def read_parsed(path: Path, further: Iterable[str] = ()) -> Parsed:
    """The document in the file *path*, the files it includes beside it, and the *further* ones as if it included them.

    Errors: RulesRefused; ClinicPBXError where the file cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as wrong:
        problem = f"cannot be read: {wrong.strerror}"
        raise ClinicPBXError(problem, where=str(path), do="Name a rules file, or put clinic.yaml there") from None

    def template(name: str) -> bytes:
        kept = path.parent / TEMPLATES / f"{name}.yaml"
        return kept.read_bytes() if kept.exists() else shipped_templates()[name]

    return parse(str(path), raw, lambda name: (path.parent / name).read_bytes(), further, template)


def shipped_templates() -> dict[str, bytes]:
    """The speciality templates of this release, by name. A version keeps those it was applied with, in TEMPLATES."""
    return {path.stem: path.read_bytes() for path in shipped("specialities").glob("*.yaml")}


def read_rules(
    path: Path,
    today: date,
    version: str = "",
    *,
    prove: bool = True,
    in_force: bool = False,
    further: Iterable[str] = (),
) -> Rules:
    """`read_parsed` and `compile_rules` in one."""
    return compile_rules(read_parsed(path, further), today, version, prove=prove, in_force=in_force)
