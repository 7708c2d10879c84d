"""What a neighbour answered."""

from dataclasses import dataclass

MOST = 200  # characters of a foreign answer that are kept


@dataclass(frozen=True, slots=True)
class Answer:
    """*taken*: it has the notice now. *said*: its own words, or why there are none."""

    taken: bool
    said: str

    def __post_init__(self) -> None:
        plain = "".join(sign if sign.isprintable() else " " for sign in self.said[:MOST])
        object.__setattr__(self, "said", " ".join(plain.split()))


def trouble(fault: Exception) -> Answer:
    """Not taken, for the *fault* that came instead of an answer."""
    silent = "no answer in time" if isinstance(fault, TimeoutError) else type(fault).__name__
    return Answer(False, str(fault) or silent)
