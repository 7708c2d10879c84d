"""A morning at the clinic, with real SIP patients and phones."""
