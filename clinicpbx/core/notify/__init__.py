"""Telling people what happened: of which kinds, whom, in which words, and how often it is tried."""
