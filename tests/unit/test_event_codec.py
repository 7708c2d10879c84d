"""Every event there is goes into the journal and comes back the same."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.core.events import CallArrived, DtmfReceived, Event
from clinicpbx.daemon import event_codec
from clinicpbx.private import Private

pytestmark = pytest.mark.unit

AT = datetime(2030, 1, 7, 15, 0, 0, 123456, tzinfo=UTC)
PLAIN: dict[Any, Any] = {
    str: st.text(),
    int: st.integers(-(2**63), 2**63),
    bool: st.booleans(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    timedelta: st.timedeltas(timedelta(0), timedelta(days=9)),
    Private[str]: st.builds(Private, st.text()),
}


def values(hint: Any) -> Any:
    """Any value a field of type *hint* may have."""
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{each.name: values(hints[each.name]) for each in fields(hint)})
    match get_args(hint):
        case (inner, none) if none is type(None):
            return st.none() | values(inner)
        case (inner, dots) if dots is ...:
            return st.lists(values(inner), max_size=4).map(tuple)
    return st.from_type(hint)


@pytest.mark.parametrize("kind", sorted(event_codec.KINDS))
def test_every_kind_comes_back_the_same(kind: str) -> None:
    @given(event=values(event_codec.KINDS[kind]))
    def comes_back(event: Event) -> None:
        name, body = event_codec.encode(event)
        assert name == kind
        assert event_codec.decode(name, event.at, body) == event

    comes_back()


def test_all_classes_of_events_are_known() -> None:
    assert set(event_codec.KINDS) == {kind.__name__ for kind in Event.__subclasses__()}
    assert {"CallArrived", "MailboxOpened", "CommandRefused", "HungUp"} <= set(event_codec.KINDS)


def test_a_field_that_an_older_release_did_not_have_takes_its_default() -> None:
    body = b'{"flow":"main","entry":"1","version":"7"}'
    assert event_codec.decode("CallArrived", AT, body) == CallArrived(at=AT, flow="main", entry="1", version="7")


def test_a_kind_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError):
        event_codec.decode("Teleported", AT, b"{}")


def test_the_body_holds_what_the_type_holds() -> None:
    assert event_codec.encode(DtmfReceived(at=AT, digit="7")) == ("DtmfReceived", b'{"digit":"7"}')
