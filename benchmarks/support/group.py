"""The rules of a group of clinics, of any size, as YAML text."""

from collections.abc import Iterator

LANGUAGES = ("en", "es", "fr")
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
HEAD = """\
clinic: {name: Group}
languages: {en: English, es: Español, fr: Français}
emergency: {notify: ["1000"]}
outbound: {caller_id: "+12075550000"}
trunks: {first: {host: 192.0.2.1, channels: 200}, second: {host: 192.0.2.2, channels: 200}}
"""

STEPS = """\
      ask: {{language: {{prompt: choose, keys: {{1: en, 2: es, 3: fr}}}}, then: hours}}
      hours: {{check_hours: {hours}, next: {{open: menu, lunch: shut, closed: shut, holiday: shut}}}}
      menu:
        menu: {{prompt: main}}
        next: {{0: desk, 1: other, 2: message, timeout: desk, invalid: desk}}
      desk: {{enqueue: {{queue: {desk}}}, next: {{overflow: message, unstaffed: message}}}}
      other: {{enqueue: {{queue: {other}}}, next: {{overflow: desk, unstaffed: again}}}}
      again: {{check_hours: {others}, next: {{open: desk, lunch: message, closed: message, holiday: message}}}}
      shut: {{play: closed, then: message}}
      message: {{voicemail: {{mailbox: {box}}}, next: {{done: bye, empty: bye}}}}
      bye: {{hangup: }}"""


def group(sites: int = 100, phones: int = 2000, queues: int = 300, flows: int = 500) -> str:
    """A group of so many sites; each has its hours, an agent at every phone, a number for every flow."""
    parts = (_sites(sites), _phones(sites, phones, queues), _queues(queues), _flows(sites, queues, flows))
    return HEAD + "".join(f"{line}\n" for part in parts for line in part)


def _sites(sites: int) -> Iterator[str]:
    yield "sites:"
    for n in range(sites):
        yield f"  site{n}: {{timezone: {ZONES[n % len(ZONES)]}}}"
    yield "hours:"
    for n in range(sites):
        yield f"  hours{n}:\n    site: site{n}"
        yield f"    open: {{mon-fri: 0{7 + n % 3}:00-17:{n % 4}5, sat: 09:00-1{n % 4}:00}}"
        yield "    lunch: {mon-fri: 12:00-12:30}\n    holidays: {country: US}"
        yield f"    exceptions: [{{date: 2027-03-{1 + n % 28:02}, closed: true, reason: training}}]"
    yield "locations:"
    for n in range(sites):
        place = f"street: {n} Main St, city: Portland, state: ME, postal_code: '04101', floor: '{n % 9}'"
        yield f"  place{n}: {{elin: '+1207556{n:04}', address: {{{place}}}}}"


def _phones(sites: int, phones: int, queues: int) -> Iterator[str]:
    yield "phones:"
    for n in range(phones):
        yield f"  '{1000 + n}': {{name: Desk {n}, location: place{n % sites}, mailbox: box{n % queues}}}"
    yield "agents:"
    for n in range(phones):
        served = f"[queue{n % queues}, queue{(n + 7) % queues}]"
        yield f"  agent{n}: {{name: Agent {n}, phone: '{1000 + n}', queues: {served}}}"


def _queues(queues: int) -> Iterator[str]:
    yield "queues:"
    yield from (f"  queue{n}: {{ring: 15s, announce_every: 30s}}" for n in range(queues))
    yield "mailboxes:"
    yield from (f"  box{n}: {{title: Box {n}, shared: true}}" for n in range(queues))


def _flows(sites: int, queues: int, flows: int) -> Iterator[str]:
    yield "dids:"
    for n in range(flows):
        spare = f"{{queue: queue{n % queues}, mailbox: box{n % queues}, hours: hours{n % sites}}}"
        yield f"  '+1207555{n:04}': {{name: Line {n}, flow: flow{n}, fallback: {spare}}}"
    yield "prompts:"
    for name in ("choose", "main", "closed"):
        yield f"  {name}: {{{', '.join(f'{language}: Please press a key.' for language in LANGUAGES)}}}"
    yield "flows:"
    for n in range(flows):
        yield from (f"  flow{n}:", "    start: ask", "    steps:")
        yield STEPS.format(
            hours=f"hours{n % sites}",
            others=f"hours{(n + 1) % sites}",
            desk=f"queue{n % queues}",
            other=f"queue{(n + 1) % queues}",
            box=f"box{n % queues}",
        )
