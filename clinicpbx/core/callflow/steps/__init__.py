"""Call-flow steps, one to a file, found by this folder."""
