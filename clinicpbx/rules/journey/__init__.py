"""The call-journey map of a clinic: what callers of each number go through, as a picture."""

from clinicpbx.rules.journey.graph import Journey, journey

__all__ = ["Journey", "journey"]
