"""What of the clinic's values may stand in Asterisk's files: everything else is refused or left out."""

import re

from clinicpbx.errors import ClinicPBXError

_PLAIN = re.compile(r"[A-Za-z0-9_.+*/:@ -]*", re.ASCII)
_WORD = re.compile(r"[^\w .'-]+")
_UNSHOWN = re.compile(r'["\\;<>\[\]$]+')


class RenderRefused(ClinicPBXError):
    """A value that would mean something to Asterisk where a plain word is expected."""

    exit_code = 65


class Checked(str):
    """A text that has been made safe for its place."""

    __slots__ = ()


def quote(value: object) -> str:
    """The one way of a value into a file: a number, a plain word, or a text made safe for its place.

    Plain words hold no comma, semicolon, bracket, quote, `$`, `&`, `|`, `#`, `=` or line break: they can start no
    context, extension, option, variable, comment or `#exec`. Errors: RenderRefused.
    """
    if isinstance(value, Checked):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    raise RenderRefused(f"{value!r} cannot be written into Asterisk's configuration", do="Use letters, digits, - and _")


def sure(text: str) -> Checked:
    """A constant of a template, never a value."""
    return Checked(text)


def words(text: str) -> Checked:
    """A name for a dialplan line: letters, digits, blanks, `.`, `'` and `-`; all else is left out."""
    return Checked(" ".join(_WORD.sub(" ", _one_line(text)).split()))


def shown(text: str) -> Checked:
    """A text in double quotes for a value of pjsip.conf or geolocation.conf; what cannot stand there is left out."""
    return Checked('"' + " ".join(_UNSHOWN.sub(" ", _one_line(text)).split()) + '"')


def digits(text: str) -> str:
    """*text*, where it is a number as dialled, with or without +. Errors: RenderRefused."""
    return _like(r"\+?[0-9]{1,16}", text, "a number")


def code(text: str) -> str:
    """*text*, where it is a feature code. Errors: RenderRefused."""
    return _like(r"\*[0-9]{1,6}", text, "a feature code")


def name(text: str) -> str:
    """*text*, where it is a name of the rules. Errors: RenderRefused."""
    return _like(r"[a-z][a-z0-9_-]{0,63}", text, "a name")


def language(text: str) -> str:
    """*text*, where it is a language code. Errors: RenderRefused."""
    return _like(r"[a-z]{2,3}([-_][A-Z]{2})?", text, "a language")


def host(text: str) -> str:
    """*text*, where it is a host name or an IPv4 address. Errors: RenderRefused."""
    return _like(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,253})", text, "a host")


def zone(text: str) -> str:
    """*text*, where it is the name of a time zone. Errors: RenderRefused."""
    return _like(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}", text, "a time zone")


def _like(pattern: str, text: str, what: str) -> str:
    if not re.fullmatch(pattern, text, re.ASCII):
        raise RenderRefused(f"{text!r} is not {what}")
    return text


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise RenderRefused(f"{text!r} holds control characters or line breaks")
    return text
