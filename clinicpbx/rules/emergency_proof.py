"""Proof about the rendered dialplan: an emergency number goes to the carrier, and nothing stands between."""

from collections.abc import Iterable, Iterator, Mapping

from clinicpbx.rules.dialplan_parse import Context, DialplanRefused, parse_dialplan, split_arguments

PHONES = "cpbx-phones"
NUMBERS = "cpbx-emergency"
CALL = "cpbx-emergency-call"
AWAY = frozenset({"Goto", "Gosub", "GotoIfTime", "Stasis", "Return", "Pickup"})
"""Applications that leave the call's own lines, or wait for somebody."""


def check_emergency(text: str, dialled: Mapping[str, str], trunks: Iterable[str]) -> None:
    """Refuse a dialplan in which one of the *dialled* forms (→ its number) is rewritten, shadowed, or depends on
    anything but the *trunks*.

    Asterisk searches a context's own lines, then its includes in their order; within one context an exact number wins
    over a pattern. Errors: DialplanRefused.
    """
    contexts = parse_dialplan(text)
    for problem in _problems(contexts, dialled, tuple(trunks)):
        raise DialplanRefused(f"emergency calls: {problem}", where="extensions.conf")


def _problems(contexts: Mapping[str, Context], dialled: Mapping[str, str], trunks: tuple[str, ...]) -> Iterator[str]:
    if missing := {PHONES, NUMBERS, CALL} - contexts.keys():
        yield f"there is no context {', '.join(sorted(missing))}"
        return
    phones, numbers, call = contexts[PHONES], contexts[NUMBERS], contexts[CALL]
    if phones.lines or phones.includes[:1] != [NUMBERS]:
        yield f"{PHONES} looks elsewhere before {NUMBERS}"
    if numbers.includes or call.includes:
        yield "they include something else"
    if more := numbers.extensions ^ dialled.keys():
        yield f"{NUMBERS} does not hold exactly the numbers of the rules: {', '.join(sorted(more))}"
    for form, number in dialled.items():
        lines = [(line.app, line.args) for line in numbers.lines if line.exten == form]
        if lines != [("Goto", f"{CALL},{number},1")]:
            yield f"{form} is not {number}"
        steps = [line for line in call.lines if line.exten == number]
        if away := [line for line in steps if line.app in AWAY or _leaves(line.app, line.args)]:
            yield f"{number} depends on {away[0].app}({away[0].args})"
        called = {split_arguments(line.args)[0].partition("/sip:")[0] for line in steps if line.app == "Dial"}
        if wrong := {f"PJSIP/trunk-{trunk}" for trunk in trunks} ^ called:
            yield f"{number} does not try exactly the trunks of the rules: {', '.join(sorted(wrong))}"


def _leaves(app: str, args: str) -> bool:
    """Does a GotoIf lead to another extension than its own?"""
    return app == "GotoIf" and "," in args.rpartition("?")[2]
