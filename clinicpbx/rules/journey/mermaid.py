"""A journey as Mermaid text, for wikis and code reviews."""

from clinicpbx.rules.journey.graph import Box, Journey

_SHAPES = {"entry": ("([", "])"), "choice": ("{{", "}}"), "message": ("[/", "/]")}


def mermaid(journey: Journey) -> str:
    """A flowchart. Texts are escaped as entity codes: none of them can end its label."""
    ids = {box.name: f"b{number}" for number, box in enumerate(journey.boxes)}
    lines = [
        f"%% {_plain(journey.title)}",
        "flowchart TD",
        *(f"  {ids[box.name]}{_shape(box)}" for box in journey.boxes),
    ]
    for arrow in journey.arrows:
        label = f"|{_quoted(arrow.label)}|" if arrow.label else ""
        lines.append(f"  {ids[arrow.source]} -->{label} {ids[arrow.target]}")
    return "\n".join(lines) + "\n"


def _shape(box: Box) -> str:
    opening, closing = _SHAPES.get(box.look, ("[", "]"))
    return opening + _quoted("\n".join((box.title, *box.lines))) + closing


def _quoted(text: str) -> str:
    inside = "".join(c if c.isalnum() or c in " ,.:;-+\n" else f"#{ord(c)};" for c in text)
    return '"' + inside.replace("\n", "<br/>") + '"'


def _plain(text: str) -> str:
    return " ".join(text.split())
