"""Messages: how long they are kept."""
