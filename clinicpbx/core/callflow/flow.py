"""Steps, and what follows which outcome."""

from collections.abc import Mapping
from dataclasses import dataclass

from clinicpbx.core.callflow.step import Step


@dataclass(frozen=True, slots=True)
class Node:
    """*next* maps an outcome to the name of a step; an outcome without one ends the call. *where*: file:line."""

    kind: str
    step: Step
    next: Mapping[str, str]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    start: str
    nodes: Mapping[str, Node]
