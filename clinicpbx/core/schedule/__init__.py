"""Opening hours, as decisions."""
