"""Asterisk's REST interface."""
