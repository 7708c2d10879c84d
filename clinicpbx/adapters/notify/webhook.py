"""Signed JSON to a URL, as Standard Webhooks 1.0 has it (standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clinicpbx.adapters.notify.answer import Answer, trouble
from clinicpbx.adapters.notify.http import ask
from clinicpbx.errors import ClinicPBXError

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a secret, by the specification


def read_secret(text: str, where: str) -> bytes:
    """The bytes of `whsec_…`; ClinicPBXError for anything else, which names *where* it stands."""
    try:
        found = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except binascii.Error:
        found = b""
    if not SHORTEST <= len(found) <= LONGEST:
        what = f"is no secret of a webhook: {PREFIX} and {SHORTEST} to {LONGEST} bytes in base64"
        raise ClinicPBXError(what, where=where, do=f'Write the output of: echo "{PREFIX}$(openssl rand -base64 32)"')
    return found


def signature(secret: bytes, name: str, seconds: int, body: bytes) -> str:
    """Of the message *name*, sent *seconds* after the epoch: `v1,` and the HMAC-SHA256 of `name.seconds.body`."""
    signed = hmac.new(secret, f"{name}.{seconds}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed.digest()).decode()


async def post(url: str, secret: bytes, name: str, document: Mapping[str, Any], now: datetime) -> Answer:
    """Gives *document* to *url*; taken where it answers 2xx. Receivers drop doubles by *name*."""
    body, seconds = json.dumps(document, ensure_ascii=False).encode(), int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "ClinicPBX",
        "Idempotency-Key": name,
        "webhook-id": name,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(secret, name, seconds, body),
    }
    try:
        status, reason, _ = await ask("POST", url, headers, body)
    except OSError as fault:
        return trouble(fault)
    return Answer(200 <= status < 300, f"{status} {reason}")
