"""What is heard from AMI, as tiny facts: any field of an event may be forged by a caller's name."""

from collections.abc import Iterable, Mapping
from enum import Enum

from clinicpbx.core.acd.queue_log import Transferred


class Heard(Enum):
    """WAKE_UP: rows may have come. RESTARTED: Asterisk began or ends; its old channels are gone."""

    WAKE_UP = "wake-up"
    RESTARTED = "restarted"


EVENTS = {"Hangup": Heard.WAKE_UP, "FullyBooted": Heard.RESTARTED, "Shutdown": Heard.RESTARTED}


def heard(event: Mapping[str, object]) -> Heard | None:
    """What *event* hints at, None for nothing of ours."""
    return EVENTS.get(str(event.get("Event", "")))


def channels(answer: Iterable[Mapping[str, object]]) -> frozenset[str] | None:
    """The uniqueids in an answer to CoreShowChannels; None where it is not whole.

    The count at its end must agree: a caller's number with line ends in it can tear a channel's event apart.
    """
    found: set[str] = set()
    count = None
    for message in answer:
        if message.get("Event") == "CoreShowChannel" and message.get("Uniqueid"):
            found.add(str(message["Uniqueid"]))
        elif message.get("Event") == "CoreShowChannelsComplete":
            count = str(message.get("ListItems", ""))
    return frozenset(found) if count == str(len(found)) else None


def transferred(event: Mapping[str, str]) -> Transferred | None:
    """Of BlindTransfer and AttendedTransfer those that took a call from its party, as app_queue names them."""
    if event.get("Result") != "Success":
        return None
    call = event.get("TransfereeUniqueid", "")
    match event.get("Event"), event.get("DestType"):
        case "BlindTransfer", _:
            to = event.get("Extension", ""), event.get("Context", "")
            return Transferred(call, event.get("TransfererUniqueid", ""), "BLINDTRANSFER", to)
        case "AttendedTransfer", "Bridge":
            return _attended(call, event, "BRIDGE", "DestBridgeUniqueid")
        case "AttendedTransfer", "App":
            return _attended(call, event, "APP", "DestApp")
        case "AttendedTransfer", "Link":
            return _attended(call, event, "LINK", "LocalOneChannel", "LocalTwoChannel")
    return None


def _attended(call: str, event: Mapping[str, str], kind: str, *names: str) -> Transferred:
    to = (kind, *(event.get(name, "") for name in names))
    return Transferred(call, event.get("OrigTransfererUniqueid", ""), "ATTENDEDTRANSFER", to)
