"""A rendered extensions.conf as contexts, extensions and applications, read as Asterisk reads it."""

import re
from dataclasses import dataclass, field

from clinicpbx.errors import ClinicPBXError

_EXTEN = re.compile(r"(?P<exten>[^,]+),(?P<priority>n|1|hint)(?:\((?P<label>[a-z0-9]+)\))?,(?P<call>.+)", re.ASCII)
_CALL = re.compile(r"(?P<app>[A-Za-z]+)\((?P<args>.*)\)", re.ASCII)


class DialplanRefused(ClinicPBXError):
    """The rendered dialplan is not what this version may write."""

    exit_code = 65


@dataclass(frozen=True, slots=True)
class Line:
    exten: str
    label: str
    app: str
    args: str


@dataclass(slots=True)
class Context:
    name: str
    includes: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)

    @property
    def extensions(self) -> set[str]:
        return {line.exten for line in self.lines}


def parse_dialplan(text: str) -> dict[str, Context]:
    """Context by name. Errors: DialplanRefused for a line of another form than our templates write."""
    found: dict[str, Context] = {}
    here: Context | None = None
    exten = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith(";"):
            continue
        if line.startswith("["):
            name = line[1:-1]
            if line[-1] != "]" or name in found:
                raise DialplanRefused(f"no new context: {line}", where=f"extensions.conf:{number}")
            here = found[name] = Context(name)
            continue
        key, arrow, value = (part.strip() for part in line.partition("=>"))
        if here is None or not arrow:
            raise DialplanRefused(f"neither context nor extension: {line}", where=f"extensions.conf:{number}")
        if key == "include":
            here.includes.append(value)
        elif key == "exten":
            exten = _add(here, value, number)
        elif key == "same" and exten:
            _add(here, f"{exten},{value}", number)
        else:
            raise DialplanRefused(f"unknown word {key!r}", where=f"extensions.conf:{number}")
    return found


def _add(context: Context, value: str, number: int) -> str:
    found = _EXTEN.fullmatch(value)
    if not found:
        raise DialplanRefused(f"no extension: {value}", where=f"extensions.conf:{number}")
    exten = found["exten"]
    if found["priority"] == "hint":
        context.hints[exten] = found["call"]
        return exten
    call = _CALL.fullmatch(found["call"])
    if not call or (found["priority"] == "1") != (exten not in context.extensions):
        raise DialplanRefused(f"no application, or a priority out of order: {value}", where=f"extensions.conf:{number}")
    context.lines.append(Line(exten, found["label"] or "", call["app"], call["args"]))
    return exten


def split_arguments(args: str) -> list[str]:
    """*args* at its outer commas."""
    parts, depth, quoted = [""], 0, False
    for sign in args:
        quoted ^= sign == '"'
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
