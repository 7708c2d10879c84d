"""Mailboxes and messages, as decisions."""
