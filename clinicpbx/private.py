"""A value about a patient: it can be used, but it does not print."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Private(Generic[T]):
    """Holds *value*; its text, its repr and its format are always `<private>`."""

    value: T

    def __repr__(self) -> str:
        return "<private>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<private>"
