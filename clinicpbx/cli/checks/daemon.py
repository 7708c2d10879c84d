"""The daemon answers, is connected, and keeps up."""

from collections.abc import Iterator

from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House

START = "systemctl restart clinicpbx-daemon, then journalctl -u clinicpbx-daemon"
MOST_WAITING = 1000  # rows of the journal


def look(house: House) -> Iterator[Finding]:
    told = house.told
    if not told:
        yield Finding("wrong", "the daemon does not answer: calls take the fallback", START)
        return
    if not told.get("healthy"):
        connected = "" if told.get("asterisk") else ", and is not connected to Asterisk"
        yield Finding("wrong", f"the daemon is not healthy{connected}: calls take the fallback", START)
    if (waiting := told.get("journal_waiting", 0)) > MOST_WAITING:
        yield Finding("wrong", f"{waiting} rows wait for journal.db", "is its disk full, or journal.db locked?")
    for row in told.get("unsealed", ()):
        yield Finding("wrong", f"{row['recordings']} recordings wait to be sealed, in memory only", row["why"])
    if told.get("healthy"):
        yield Finding("well", f"it answers, by rules {told.get('rules', '')}, {told.get('calls', 0)} calls")


CHECKS.register("daemon")(Check("Daemon", look))
