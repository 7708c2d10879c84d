"""The pure core: what should happen, given what has happened."""
