"""What the templates of Asterisk's files are given: plain lines, each value checked for its place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from clinicpbx.core.callflow.flow import Node
from clinicpbx.core.rulebook import DEFAULT_RING, Rulebook
from clinicpbx.rules import quoting
from clinicpbx.rules.document import Address, Document, Fallback
from clinicpbx.rules.feature_codes import agent_numbers, desks, feature_codes

Where = Callable[..., str]
Line = Mapping[str, Any]

# RFC 5139 names of the fields of an address.
_CIVIC = {
    "country": "country",
    "state": "A1",
    "city": "A3",
    "street": "RD",
    "house_number": "HNO",
    "building": "BLD",
    "floor": "FLR",
    "room": "ROOM",
    "postal_code": "PC",
}


def phone_lines(document: Document, where: Where) -> list[Line]:
    return [
        {
            "extension": quoting.digits(extension),
            "name": phone.name,
            "location": quoting.name(phone.location) if phone.location else "",
            "elin": quoting.digits(document.locations[phone.location].elin) if phone.location else "",
            "shown": _shown_number(document, phone.site),
            "lamps": [quoting.name(mailbox) for mailbox in phone.shown],
            "secure": phone.secure,
            "where": where("phones", extension),
        }
        for extension, phone in document.phones.items()
    ]


def _shown_number(document: Document, site: str | None) -> str:
    """What phones of *site* show outside; "" where that is the clinic's number."""
    number = document.sites[site].caller_id if site else None
    return quoting.digits(number) if number else ""


def trunk_lines(document: Document, where: Where) -> list[Line]:
    return [
        {
            "name": quoting.name(name),
            "host": quoting.host(trunk.host),
            "port": trunk.port,
            "transport": trunk.transport,
            "channels": trunk.channels,
            "where": where("trunks", name),
        }
        for name, trunk in document.trunks.items()
    ]


def did_lines(document: Document, where: Where) -> list[Line]:
    return [
        {
            "number": quoting.digits(number),
            "spellings": spellings(number),
            "flow": quoting.name(did.entered(number)),
            "language": quoting.language(did.language or document.language),
            "where": where("dids", number),
        }
        for number, did in document.dids.items()
    ]


def spellings(number: str) -> list[str]:
    """The other ways a carrier may write the full *number*: without +, and in North America as ten digits."""
    bare = quoting.digits(number).removeprefix("+")
    return [bare, *([bare[1:]] if len(bare) == 11 and bare.startswith("1") else [])]


def internal_lines(document: Document, book: Rulebook, where: Where) -> list[Line]:
    """Extensions that are no phones: queues, flows and mailboxes, as far as the rulebook has a flow for them."""
    numbers = {extension: where("extensions", extension) for extension in document.extensions}
    for name, mailbox in document.mailboxes.items():
        if mailbox.number:
            numbers.setdefault(mailbox.number, where("mailboxes", name))
    return [
        {"extension": quoting.digits(number), "flow": quoting.name(book.entries[number]), "where": place}
        for number, place in numbers.items()
        if number in book.entries and number not in document.phones
    ]


def queue_phones(document: Document, queue: str | None) -> list[str]:
    """The phones of the agents of *queue*, each once."""
    found = [agent.phone for agent in document.agents.values() if queue is not None and queue in agent.queues]
    return [quoting.digits(phone) for phone in dict.fromkeys(found) if phone and phone in document.phones]


def fallback_lines(document: Document, book: Rulebook, where: Where) -> list[Line]:
    """Per DID and internal number: whom to ring and who takes the message while the daemon is away."""
    known = [did.fallback for did in document.dids.values() if did.fallback]
    spare = known[0] if known else None
    found = [_fallback(document, book, n, d.fallback or spare, where("dids", n)) for n, d in document.dids.items()]
    owners = {box.number: name for name, box in document.mailboxes.items() if box.number}
    for line in internal_lines(document, book, where):
        rule, own = document.extensions.get(line["extension"]), spare
        if rule and rule.queue and spare:
            own = Fallback(queue=rule.queue, mailbox=spare.mailbox)
        elif owner := owners.get(line["extension"]):
            own = Fallback(mailbox=owner)
        found.append(_fallback(document, book, line["extension"], own, line["where"]))
    return found


def _fallback(document: Document, book: Rulebook, entry: str, rule: Fallback | None, where: str) -> Line:
    mailbox = rule.mailbox if rule else next(iter(document.mailboxes), "general")
    prompts = document.prompts
    greeting = "fallback" if "fallback" in prompts else _greeting(book, mailbox)
    return {
        "entry": quoting.digits(entry),
        "phones": queue_phones(document, rule.queue) if rule else list(map(quoting.digits, document.phones)),
        "queue": quoting.name(rule.queue) if rule and rule.queue else "",
        "shut": variable("SHUT", rule.queue) if rule and rule.queue else "",
        "desks": variable("DESKS", rule.queue) if rule and rule.queue else "",
        "hours": quoting.name(rule.hours) if rule and rule.hours else "",
        "overrides": override_lines(document, entry),
        "mailbox": quoting.name(mailbox),
        "greeting": quoting.name(greeting) if greeting in prompts else "",
        "thanks": "fallback-thanks" if "fallback-thanks" in prompts else "",
        "where": where,
    }


def override_lines(document: Document, entry: str) -> list[Line]:
    """The overrides under which the phones of *entry* are not rung: the variable with their end, and planned times."""
    return [
        {
            "variable": variable("OVERRIDE", name),
            "during": [(int(a.timestamp()), int(b.timestamp())) for a, b in _planned(document, name)],
        }
        for name, override in document.overrides.items()
        if override.keeps_phones_quiet and entry in (override.dids or document.dids)
    ]


def _planned(document: Document, name: str) -> Iterator[tuple[datetime, datetime]]:
    zone = document.local
    for planned in document.overrides[name].during:
        yield planned.from_.replace(tzinfo=zone), planned.to.replace(tzinfo=zone)


def variable(what: str, name: str) -> str:
    """Asterisk's global variable with what the daemon tells the fallback of *name*, in which nothing is a capital.

    OVERRIDE: the end of one in epoch seconds; SHUT: until when a queue lets nobody new in; DESKS: the phones of its
    agents who work elsewhere than the rules say.
    """
    return f"CPBX_{what}_{quoting.name(name).replace('-', 'X')}"


def _greeting(book: Rulebook, mailbox: str) -> str:
    """The greeting of the first voicemail step of *mailbox*."""
    steps = (node.step for node in nodes(book, "voicemail") if getattr(node.step, "mailbox", "") == mailbox)
    return next((str(greeting) for step in steps if (greeting := getattr(step, "greeting", ""))), "")


def nodes(book: Rulebook, kind: str) -> Iterator[Node]:
    """Every step of that *kind* in every flow."""
    for flow in book.flows.values():
        yield from (node for node in flow.nodes.values() if node.kind == kind)


def dial_targets(document: Document, book: Rulebook) -> list[Line]:
    """Every target of a dial step, once: a phone of the clinic, or an outside number written in the rules."""
    found: dict[str, Line] = {}
    for node in nodes(book, "dial"):
        key = str(getattr(node.step, "key", ""))
        phone = key if key in document.phones else ""
        if phone or key.startswith("+"):
            where = node.where.rpartition("/")[2]
            found.setdefault(quoting.digits(key), {"key": key, "phone": phone, "where": where, "language": ""})
    return list(found.values())


def person_targets(document: Document, book: Rulebook, where: Where) -> list[Line]:
    """Every number by which a provider may be rung, once, where a step rings providers; *language* asks for the key."""
    found: dict[str, Line] = {}
    if any(True for kind in ("on_call", "refer") for _ in nodes(book, kind)):
        for name, provider in book.providers.items():
            place = where("providers", name)
            language = quoting.language(next(iter(provider.languages), document.language))
            for key in filter(None, (provider.phone, provider.mobile)):
                phone = key if key == provider.phone else ""
                found.setdefault(
                    quoting.digits(key), {"key": key, "phone": phone, "where": place, "language": language}
                )
    return list(found.values())


def alert_prompts(book: Rulebook) -> list[str]:
    """The prompts that alerts say, each once."""
    said = (str(getattr(node.step, "prompt", "")) for node in nodes(book, "alert"))
    return [quoting.name(prompt) for prompt in dict.fromkeys(said)]


def code_lines(document: Document) -> list[Line]:
    """Every feature code; what follows it is an argument of its flow."""
    return [
        {
            "dialled": quoting.code(each.dialled),
            "flow": f"code-{quoting.name(each.code)}",
            "argument": _argument(each.argument),
        }
        for each in feature_codes(document)
    ]


def _argument(value: str) -> str:
    """A name, an extension, or nothing."""
    return quoting.name(value) if value[:1].isalpha() else quoting.digits(value) if value else ""


def emergency_view(document: Document, where: Where) -> Line:
    rules = document.emergency
    trunks = {line["name"]: line for line in trunk_lines(document, where)}
    return {
        "numbers": [quoting.digits(number) for number in rules.numbers],
        "dialled": [(quoting.digits(key), quoting.digits(number)) for key, number in sorted(rules.meant.items())],
        "notify": [quoting.digits(phone) for phone in rules.notify if phone in document.phones],
        "trunks": [trunks[trunk] for trunk in document.emergency_trunks],
        "caller_id": clinic_number(document),
        "rounds": 11,
    }


def clinic_number(document: Document) -> str:
    """The number shown to the outside where nothing nearer is known; "" where the rules name none."""
    chosen = document.outbound.caller_id if document.outbound else next(iter(document.dids), "")
    return quoting.digits(chosen) if chosen else ""


def location_lines(document: Document, where: Where) -> list[Line]:
    return [
        {"name": quoting.name(name), "civic": list(_civic(location.address)), "where": where("locations", name)}
        for name, location in document.locations.items()
    ]


def _civic(address: Address) -> Iterator[tuple[str, str]]:
    for field, element in _CIVIC.items():
        if value := getattr(address, field):
            yield element, value


def agent_lamps(document: Document) -> Sequence[str]:
    """What has a lamp for a login and one for a pause: desks, and agents by their number, wherever they are."""
    return [quoting.digits(number) for number in (*desks(document), *agent_numbers(document))]


def mode_lamps(document: Document) -> list[Line]:
    """The queues whose mode some phone may change: the code, which is the lamp's name as well, and the queue."""
    modes = (each for each in feature_codes(document) if each.code == "mode")
    return [{"dialled": quoting.code(each.dialled), "queue": quoting.name(each.argument)} for each in modes]


def default_ring() -> int:
    return int(DEFAULT_RING.total_seconds())
