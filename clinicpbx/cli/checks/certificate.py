"""The TLS certificate that phones see."""

from collections.abc import Iterator
from datetime import UTC, datetime

from clinicpbx.adapters.asterisk.certificate import days_left
from clinicpbx.cli.checks import CHECKS
from clinicpbx.cli.checks._check import Check, Finding, House

RENEW_BELOW = 30  # days
DO = "put a new one into HOME/asterisk/tls and restart Asterisk"


def look(house: House) -> Iterator[Finding]:
    days = days_left(house.instance, datetime.now(UTC))
    if days is None:
        yield Finding("wrong", "the TLS certificate cannot be read: secure phones cannot register", DO)
    elif days < RENEW_BELOW:
        yield Finding("wrong", f"the TLS certificate expires in {int(days // 1)} days", DO)
    else:
        yield Finding("well", f"{int(days)} days left")


CHECKS.register("certificate")(Check("TLS certificate", look))
