"""Asterisk's manager interface: a wake-up, a live view, and queue_log."""
