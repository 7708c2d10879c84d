"""Effects: everything that touches the world outside the process."""
