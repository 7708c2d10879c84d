"""On call: pages until somebody accepts, covers, and shifts that are handed over."""
