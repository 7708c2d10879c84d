"""Asterisk's manager interface: a wake-up and a live view."""
