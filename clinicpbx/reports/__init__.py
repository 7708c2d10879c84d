"""Reports, one to a file, found by this folder."""

from clinicpbx.core.registry import Registry
from clinicpbx.reports._report import Report

REPORTS: Registry[Report] = Registry("report", __name__)
