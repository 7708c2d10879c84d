"""The self-test: what is pressed, what must be heard, what is found wrong."""
