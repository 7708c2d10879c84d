"""Proof about the rendered dialplan: which contexts a call can reach, and that no trunk reaches the outside."""

import re
from collections.abc import Iterable, Iterator, Mapping

from clinicpbx.rules.dialplan_parse import Context, DialplanRefused, Line, parse_dialplan, split_arguments

FROM_TRUNK = "cpbx-from-trunk"
# Where the daemon may send a call that is in Stasis.
BY_DAEMON = ("cpbx-offer", "cpbx-dial", "cpbx-person", "cpbx-fallback", "cpbx-rescue", "cpbx-selftest")
CHOSEN_BY_RULES = ("cpbx-dial", "cpbx-person")
PATTERNS = "cpbx-outbound"

SPY = "ChanSpy"
_JUMPS = {"Gosub", "Goto", "GotoIf", "GotoIfTime", "Return"}
_SOUND = {"Playback", "Read", "Record", "SayDigits"}
_CALLS = {"Answer", "Dial", "Hangup", "Originate", "Pickup", "Stasis"}
APPLICATIONS = frozenset(
    _JUMPS | _SOUND | _CALLS | {SPY, "CELGenUserEvent", "ExecIf", "MSet", "NoOp", "Set", "UserEvent", "Wait"}
)
_HARMLESS = frozenset({"Set", "Playback", "Wait"})
_FORBIDDEN = re.compile(r"\b(SHELL|EVAL|EVAL_EXTEN|FILE|CURL|ENV|AGI|SYSTEM|REALTIME|DB|ODBC\w*)\(", re.ASCII)
_PHONE = re.compile(r"PJSIP/phone-[0-9]+", re.ASCII)
_OUTSIDE = re.compile(r"PJSIP/[+0-9]+@trunk-[a-z0-9_-]+", re.ASCII)
_CALLEE = re.compile(r"U\(([a-z-]+)[^)]*\)", re.ASCII)  # Dial's: a subroutine for whoever answers
_RING = "${CPBX_RING}"
_RING_GUARD = '${REGEX("^PJSIP/phone-[0-9]+(&PJSIP/phone-[0-9]+)*$" ${CPBX_RING})}'


def check_dialplan(text: str, asked: Iterable[str] = ()) -> None:
    """Refuse a dialplan with an unknown application or function, a pattern outside cpbx-outbound, a jump into nowhere,
    or a way from a trunk to the outside, or into another's call.

    *asked*: contexts that the clinic's flows hand callers to; those that are not rendered belong to the administrator
    and are not looked at.

    The one exception: a constant number in cpbx-dial or cpbx-person, which the clinic's own rules name. Errors:
    DialplanRefused.
    """
    contexts = parse_dialplan(text)
    for context in contexts.values():
        for line in context.lines:
            _check_line(context, line)
    ways = {name: set(_ways(context, contexts)) for name, context in contexts.items()}
    reached = reachable(ways, FROM_TRUNK, *BY_DAEMON, *(name for name in asked if name in contexts))
    for name in sorted(reached):
        for line in contexts[name].lines:
            if line.app == SPY:
                raise DialplanRefused(f"a call from a trunk reaches {SPY} in {name}", where="extensions.conf")
            for target in outside(line):
                if name not in CHOSEN_BY_RULES or not _OUTSIDE.fullmatch(target):
                    raise DialplanRefused(f"a call from a trunk reaches {target} in {name}", where="extensions.conf")


def reachable(ways: Mapping[str, set[str]], *start: str) -> set[str]:
    """Every context that can be reached from *start*, itself included."""
    found: set[str] = set()
    ahead = [name for name in start if name in ways]
    while ahead:
        if (name := ahead.pop()) not in found:
            found.add(name)
            ahead += ways[name]
    return found


def outside(line: Line) -> Iterator[str]:
    """The targets of a Dial or Originate that are no phones of the clinic."""
    if line.app in ("Dial", "Originate"):
        for target in split_arguments(line.args)[0].split("&"):
            if not _PHONE.fullmatch(target) and target != _RING:
                yield target


def _check_line(context: Context, line: Line) -> None:
    where = f"extensions.conf [{context.name}] {line.exten}"
    inner = line.args.partition("?")[2] if line.app == "ExecIf" else ""
    apps = {found.partition("(")[0] for found in inner.split(":")} if inner else set()
    if line.app not in APPLICATIONS or not apps <= _HARMLESS:
        raise DialplanRefused(f"{line.app}({line.args}) is not allowed", where=where)
    if found := _FORBIDDEN.search(line.args):
        raise DialplanRefused(f"the function {found.group(1)} is not allowed", where=where)
    if line.exten.startswith("_") and context.name != PATTERNS:
        raise DialplanRefused("a pattern", where=where)
    if line.app == "Dial" and line.args.startswith(_RING):
        guards = [other.args for other in context.lines if other.exten == line.exten and other.app == "GotoIf"]
        if not any(_RING_GUARD in guard for guard in guards):
            raise DialplanRefused("CPBX_RING is dialled without its guard", where=where)


def _ways(context: Context, contexts: Mapping[str, Context]) -> Iterator[str]:
    yield from (name for name in context.includes if name in contexts)
    for line in context.lines:
        if line.app == "Stasis":
            yield from (name for name in BY_DAEMON if name in contexts)
        for target in _targets(line):
            yield from _jump(context, contexts, line, target)


def _targets(line: Line) -> Iterator[str]:
    match line.app:
        case "Goto":
            yield line.args
        case "Gosub":
            yield line.args.partition("(")[0]
        case "GotoIf" | "GotoIfTime":
            yield from filter(None, _branches(line.args))
        case "Dial":
            yield from (f"{found},s,1" for found in _CALLEE.findall(",".join(split_arguments(line.args)[2:])))
        case "Originate":
            yield ",".join(split_arguments(line.args)[2:5])


def _branches(args: str) -> list[str]:
    """The labels behind the outer `?`, split at the outer `:`."""
    depth = 0
    for position, sign in enumerate(args):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "?" and not depth:
            rest, parts = args[position + 1 :], [""]
            for mark in rest:
                depth += (mark in "([{") - (mark in ")]}")
                if mark == ":" and not depth:
                    parts.append("")
                else:
                    parts[-1] += mark
            return parts
    return []


def _jump(context: Context, contexts: Mapping[str, Context], line: Line, target: str) -> Iterator[str]:
    """The context that *target* (label; exten,priority; context,exten,priority) leads to."""
    where = f"extensions.conf [{context.name}] {line.exten}"
    parts = split_arguments(target)
    name = parts[0] if len(parts) == 3 else context.name
    if name not in contexts:
        raise DialplanRefused(f"{line.app} into the unknown context {name!r}", where=where)
    if len(parts) == 1:
        known = parts[0] in {other.label for other in context.lines if other.exten == line.exten}
    else:
        known = "${" in parts[-2] or parts[-2] in contexts[name].extensions
    if not known:
        raise DialplanRefused(f"{line.app} to {target!r}, which is nowhere", where=where)
    yield name
