"""Checks of the rules, one to a file, found by this folder."""
