"""The demonstration's clinic: the example's rules, open today, and a PIN for the nurses' mailbox."""

import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clinicpbx.adapters.asterisk.files import OWNER, write_if_changed
from clinicpbx.adapters.vault.pins import PinRefused, Pins
from clinicpbx.demo.morning import NURSE_MAILBOX
from clinicpbx.paths import Instance
from clinicpbx.private import Private

REASON = "open for the demonstration"


def open_today(clinic: Path) -> str:
    """Write an exception into the rules: open from yesterday to tomorrow, for no zone lies outside of it. The line."""
    today = datetime.now(UTC).date()
    first, last = today - timedelta(days=1), today + timedelta(days=1)
    line = f"      - {{from: {first}, to: {last}, open: 00:00-24:00, reason: {REASON}}}\n"
    text = re.sub(rf"^.*{REASON}.*\n", "", clinic.read_text(), flags=re.MULTILINE)
    clinic.write_text(text.replace("    exceptions:\n", f"    exceptions:\n{line}", 1))
    return line.strip()


def nurses_pin(instance: Instance) -> str:
    """The PIN of the nurses' mailbox, drawn once and kept in keys/demo.pin; empty where somebody has set another."""
    path, pins = instance.keys / "demo.pin", Pins(instance)
    if path.exists():
        return str(json.loads(path.read_text())[NURSE_MAILBOX])
    if NURSE_MAILBOX in pins.mailboxes():
        return ""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(4))
        try:
            pins.set_pin(NURSE_MAILBOX, Private(pin))
        except PinRefused:
            continue
        write_if_changed(path, json.dumps({NURSE_MAILBOX: pin}) + "\n", OWNER)
        return pin
