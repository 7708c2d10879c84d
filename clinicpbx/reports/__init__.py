"""Reports, one to a file, found by this folder."""
