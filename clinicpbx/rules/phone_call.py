"""What the dialplan does by itself with a number that a phone dials: each rule that decides, in its order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinicpbx.rules.compile import Rules
from clinicpbx.rules.dialled import PICK_UP
from clinicpbx.rules.explain import Line
from clinicpbx.rules.feature_codes import SUPERVISING, FeatureCode, agent_numbers, feature_codes
from clinicpbx.rules.outbound_routes import outbound_view

_PREMIUM_EXCHANGE = "976"
_SIGNS = {"N": "[2-9]", "X": "[0-9]", "Z": "[1-9]", ".": ".+", "+": r"\+"}


def phone_call(rules: Rules, dialled: str, caller: str, at: datetime) -> list[Line]:
    """What comes of *dialled* without the daemon's flows: emergency, feature codes, phones, the outside.

    *caller*: the extension of the phone that dials; another text is no phone. Empty where a flow answers the number.
    """
    call = _PhoneCall(rules, dialled, caller if caller in rules.document.phones else "", at)
    if dialled in rules.document.emergency.dialled:
        return list(call.emergency())
    if code := next((each for each in feature_codes(rules.document) if each.dialled == dialled), None):
        return list(call.code(code))
    if dialled.startswith(PICK_UP) and dialled.removeprefix(PICK_UP) in rules.document.phones:
        return list(call.pick_up(dialled.removeprefix(PICK_UP)))
    if dialled in rules.document.phones:
        return list(call.phone())
    return [] if dialled in rules.book.entries else list(call.outside())


@dataclass(frozen=True, slots=True)
class _PhoneCall:
    rules: Rules
    dialled: str
    caller: str
    at: datetime

    def line(self, path: tuple[str, ...], what: str, why: str) -> Line:
        return Line(self.at, "", what, why, str(self.rules.places.of(path)))

    def emergency(self) -> Iterator[Line]:
        document, phone = self.rules.document, self.rules.document.phones.get(self.caller)
        rules = document.emergency
        if self.dialled in rules.numbers:
            why = "no prefix, no permission, no limit: by Asterisk alone"
            yield self.line(("emergency", "numbers", self.dialled), "an emergency call", why)
        else:
            number = next(n for n in rules.numbers if self.dialled.endswith(n))
            prefix = self.dialled.removesuffix(number)
            yield self.line(("emergency", "also_with_prefix", prefix), "an emergency call", f"means {number}")
        if phone and phone.location:
            location, path = document.locations[phone.location], ("locations", phone.location)
            stands = f"{self.caller} stands in {phone.location}"
            yield self.line((*path, "elin"), f"shows {location.elin}, which can be called back", stands)
            spoken = (location.address.street, location.address.city, location.address.floor, location.address.room)
            yield self.line((*path, "address"), f"tells the place: {', '.join(filter(None, spoken))}", stands)
        for told in rules.notify:
            yield self.line(
                ("emergency", "notify", told), f"rings {told}", "is told who called, while the call is made"
            )
        for name in document.emergency_trunks:
            trunk = document.trunks[name]
            yield self.line(("trunks", name), f"leaves by {name}, {trunk.host}:{trunk.port}", "tried again ten times")

    def code(self, dialled: FeatureCode) -> Iterator[Line]:
        document, code = self.rules.document, dialled.code
        about = f", about {dialled.argument}" if dialled.argument else ""
        yield self.line(("codes", code), f"the feature code {code}{about}", f"flow code-{code}")
        phone = document.phones.get(self.caller)
        if phone is None:
            return
        agent = next(((name, agent) for name, agent in document.agents.items() if agent.phone == self.caller), None)
        if code == "voicemail":
            path = ("phones", self.caller, "mailbox")
            what = f"asks for the PIN of {phone.mailbox}, plays its messages" if phone.mailbox else "says there is none"
            yield self.line(path, what, f"the mailbox of phone {self.caller}" if phone.mailbox else "no mailbox")
        elif code in SUPERVISING:
            queues = ", ".join(phone.supervises)
            path = ("phones", self.caller, "supervises")
            yield self.line(path, f"may do so in {queues}" if queues else "may not", "noted in the record either way")
        elif code == "count":
            yield self.line(("queues", dialled.argument), f"says how many wait in {dialled.argument}", "now")
        elif code == "mode":
            path = ("phones", self.caller, "supervises")
            may = "says its mode, and changes it" if dialled.argument in phone.supervises else "may not"
            yield self.line(path, may, "noted in the audit log either way")
        elif code == "login" and dialled.argument in (numbers := agent_numbers(document)):
            path = ("agents", numbers[dialled.argument], "number")
            yield self.line(path, f"asks for the PIN of {numbers[dialled.argument]}, who works here then", "any phone")
        elif code == "login" and agent is None and agent_numbers(document) and not dialled.argument:
            yield self.line(("phones", self.caller), "asks for an agent's number and PIN", "it is nobody's phone")
        elif agent is None:
            yield self.line(("phones", self.caller), "says that it cannot be done", "no agent works at this phone")
        else:
            name, queues = agent[0], ", ".join(agent[1].queues)
            doing = {
                "login": f"logs {name} in to {dialled.argument or queues}, or out",
                "pause": f"{name} pauses, or goes on",
                "wrap_up": f"{name} is ready for the next call",
                "more_time": f"{name} has more time after the call",
            }
            what = doing.get(code, f"{name}'s last call: {dialled.argument}")
            yield self.line(("agents", name), what, f"{name} works at phone {self.caller}")

    def pick_up(self, extension: str) -> Iterator[Line]:
        yield self.line(("phones", extension), f"takes the call that rings at {extension}", "pick-up")

    def phone(self) -> Iterator[Line]:
        phone = self.rules.document.phones[self.dialled]
        yield self.line(("phones", self.dialled), f"rings {phone.name}", "a phone, called by Asterisk alone")

    def outside(self) -> Iterator[Line]:
        document, view = self.rules.document, outbound_view(self.rules.document)
        route = _route(view, self.dialled)
        if route is None or not self.caller:
            return
        number = f"{route['before']}{self.dialled[route['cut'] :]}"
        kind = str(route["kind"])
        yield self.line(("outbound",), f"an outside number: {number}", f"the pattern {route['pattern'].lstrip('_')}")
        if not view["shortest"] <= len(self.dialled) <= view["most"]:
            yield self.line(("outbound",), "refused", "too short or too long for an outside number")
            return
        if number[:5] in view["never"] or (
            kind == "local" and view["country_code"] == "1" and number[5:8] == _PREMIUM_EXCHANGE
        ):
            yield self.line(("outbound",), "refused", "a premium number, which no phone may call")
            return
        chosen = next((one for one in view["chosen"] if number.startswith(one["begins"])), None)
        if chosen is not None:
            yield from self.by_route(str(chosen["route"]), view)
            return
        if kind == "local" and number[:5] in view["far"]:
            kind = "international"
            yield self.line(("outbound",), "counts as international", f"{number[:5]} lies abroad and costs like it")
        allow = document.phones[self.caller].allow
        path = ("phones", self.caller, "allow")
        if self.caller not in view["may"][kind]:
            yield self.line(path, "refused", f"this is {kind}, phone {self.caller} may call {allow}")
            return
        yield self.line(path, "allowed", f"phone {self.caller} may call {allow}")
        yield from self.leaves(list(document.trunks), view)

    def by_route(self, name: str, view: Any) -> Iterator[Line]:
        """The call goes the way of an outbound route."""
        document = self.rules.document
        assert document.outbound is not None
        route, path = document.outbound.routes[name], ("outbound", "routes", name)
        yield self.line(path, f"takes the route {name}", f"begins with {' or '.join(route.begins)}")
        if route.allow == "nobody" or self.caller not in view["may"][route.allow]:
            yield self.line((*path, "allow"), "refused", f"the route is for {route.allow}")
            return
        yield self.line((*path, "allow"), "allowed", f"the route is for {route.allow}")
        yield from self.leaves(list(route.trunks or document.trunks), view)

    def leaves(self, trunks: list[str], view: Any) -> Iterator[Line]:
        """What is shown, and the trunks that are tried."""
        document, site = self.rules.document, self.rules.document.phones[self.caller].site
        own = document.sites[site].caller_id if site else None
        if own:
            yield self.line(("sites", str(site), "caller_id"), f"shows {own}", f"phone {self.caller} is of {site}")
        else:
            path = ("outbound", "caller_id")
            yield self.line(path, f"shows {view['caller_id']}", "as for every call to the outside")
        for name in trunks:
            trunk = document.trunks[name]
            yield self.line(
                ("trunks", name), f"leaves by {name}, {trunk.host}:{trunk.port}", "the first that can take it"
            )


def _route(view: Any, dialled: str) -> Any:
    """The route whose pattern Asterisk would take: of those that match the one with the longest fixed beginning."""
    fitting = [route for route in view["routes"] if re.fullmatch(_expression(route["pattern"]), dialled, re.ASCII)]
    return max(fitting, key=lambda route: len(re.split("[NXZ.]", route["pattern"])[0]), default=None)


def _expression(pattern: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in pattern.removeprefix("_"))
