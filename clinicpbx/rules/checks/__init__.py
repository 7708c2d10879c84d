"""Checks of the rules, one to a file, found by this folder."""

from collections.abc import Callable, Iterable

from clinicpbx.core.registry import Registry
from clinicpbx.errors import Mistake
from clinicpbx.rules.flows import Draft

Check = Callable[[Draft], Iterable[Mistake]]

CHECKS: Registry[Check] = Registry("check", "clinicpbx.rules.checks")
