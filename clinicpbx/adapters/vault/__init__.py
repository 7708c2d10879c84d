"""Sealed messages and their keys."""
