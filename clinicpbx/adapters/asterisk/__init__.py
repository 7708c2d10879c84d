"""Asterisk's configuration: installed, reloaded, verified."""
