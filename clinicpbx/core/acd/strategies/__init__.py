"""Queue strategies, one to a file, found by this folder."""
