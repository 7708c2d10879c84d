"""The demonstration's clinic: the example's rules, open today, and a PIN for the nurses' mailbox."""

import json
import re
import secrets
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from clinicpbx.adapters.asterisk.files import OWNER, write_if_changed
from clinicpbx.adapters.vault.pins import PERSON, PinRefused, Pins
from clinicpbx.daemon.overrides import SwitchedOn, keep, switched_on
from clinicpbx.demo.morning import NURSE_MAILBOX
from clinicpbx.demo.night import CLINICIAN, NIGHT
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.private import Private
from clinicpbx.rules.compile import read_rules
from clinicpbx.shipped import shipped

SIP = 5060
MARK = "for the demonstration"
REASON = f"open {MARK}"


def open_today(clinic: Path, today: date) -> str:
    """Write an exception into the rules: open from yesterday to tomorrow, for no zone lies outside of it. The line.

    What the demonstration wrote another time is taken out, and so are the example's own exceptions of these days.
    """
    first, last = today - timedelta(days=1), today + timedelta(days=1)
    line = f"      - {{from: {first}, to: {last}, open: 00:00-24:00, reason: {REASON}}}\n"
    own = rf"^ +- \{{date: ({first}|{today}|{last}),.*\n"
    text = re.sub(rf"^.*{MARK}.*\n|{own}", "", clinic.read_text(), flags=re.MULTILINE)
    clinic.write_text(text.replace("    exceptions:\n", f"    exceptions:\n{line}", 1))
    return line.strip()


def night_falls(instance: Instance) -> None:
    """The rules include night.yaml, and the override in it is on: it has an end of its own."""
    rules = instance.rules / f"{NIGHT}.yaml"
    if not rules.exists():
        rules.write_bytes((shipped("examples") / "harbor" / rules.name).read_bytes())
    instance.clinic.write_text(f"include: {rules.name}  # {MARK}\n{instance.clinic.read_text()}")
    now = datetime.now(UTC)
    on = SwitchedOn(NIGHT, now, now + timedelta(hours=12), "demo", MARK)
    keep(instance, {**switched_on(instance, now), NIGHT: on})


def morning_breaks(instance: Instance) -> None:
    """The night is over."""
    keep(instance, {name: on for name, on in switched_on(instance, datetime.now(UTC)).items() if name != NIGHT})


def clinicians_pin(instance: Instance) -> str:
    """The PIN of who is on call, drawn anew."""
    return _draw(instance, PERSON.format(CLINICIAN))


def carrier(instance: Instance) -> IPv4Address:
    """The far end of the first trunk, which the demonstration plays. Errors: ClinicPBXError where that is not ours."""
    rules = read_rules(instance.clinic, datetime.now(UTC).date())
    host = next((trunk.host for trunk in rules.document.trunks.values() if trunk.port == SIP), "")
    with suppress(ValueError):
        if (address := IPv4Address(host)).is_loopback:
            return address
    do = "Play the demonstration on an instance of the example: clinicpbx prepare --example harbor"
    raise ClinicPBXError("the first trunk leads out of this machine", where=str(instance.clinic), do=do)


def nurses_pin(instance: Instance) -> str:
    """The PIN of the nurses' mailbox, drawn once and kept in keys/demo.pin; empty where somebody has set another."""
    path, pins = instance.keys / "demo.pin", Pins(instance)
    if path.exists():
        return str(json.loads(path.read_text())[NURSE_MAILBOX])
    if NURSE_MAILBOX in pins.mailboxes():
        return ""
    pin = _draw(instance, NURSE_MAILBOX)
    write_if_changed(path, json.dumps({NURSE_MAILBOX: pin}) + "\n", OWNER)
    return pin


def _draw(instance: Instance, name: str) -> str:
    """A new PIN for *name*, which the rules for PINs allow."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(4))
        with suppress(PinRefused):
            Pins(instance).set_pin(name, Private(pin))
            return pin
