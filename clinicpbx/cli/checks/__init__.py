"""What `clinicpbx doctor` looks at, one check to a file, found by this folder."""

from clinicpbx.cli.checks._check import Check
from clinicpbx.core.registry import Registry

CHECKS: Registry[Check] = Registry("check", __name__)
