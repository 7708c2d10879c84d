"""A SIP MESSAGE to a phone, through Asterisk."""

import base64
import json
from typing import Any

from clinicpbx.adapters.notify.answer import Answer, trouble
from clinicpbx.adapters.notify.http import ask

SECONDS = 3.0
SENDER = "clinicpbx"


async def tell_phone(address: str, password: str, extension: str, text: str) -> Answer:
    """Has Asterisk, whose ARI is at *address*, send *text* to the phone of *extension*.

    Asterisk does not tell what the phone answered, and takes a message for a phone that is gone: one that does not
    answer OPTIONS is not tried. *text*: at most some hundred characters, a UDP packet has to hold it.
    """
    endpoint = f"http://{address}/ari/endpoints/PJSIP/phone-{extension}"
    token = base64.b64encode(f"notifier:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    try:
        status, reason, found = await ask("GET", endpoint, headers, seconds=SECONDS)
        if status == 200 and _state(found) != "online":
            return Answer(False, f"the phone {extension} is not reachable")
        if status == 200:
            wish = json.dumps({"from": SENDER, "body": text}).encode()
            status, reason, _ = await ask("PUT", f"{endpoint}/sendMessage", headers, wish, seconds=SECONDS)
    except OSError as fault:
        return trouble(fault)
    return Answer(status == 202, f"Asterisk: {status} {reason}")


def _state(found: bytes) -> Any:
    try:
        return json.loads(found).get("state")
    except (ValueError, AttributeError):
        return None
