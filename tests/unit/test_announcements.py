"""What a waiting caller hears."""

import pytest

from clinicpbx.core.acd.announcements import place_media

pytestmark = pytest.mark.unit


def test_the_first_is_next() -> None:
    assert place_media(1) == ("sound:queue-youarenext",)


def test_others_hear_their_place() -> None:
    assert place_media(7) == ("sound:queue-thereare", "number:7", "sound:queue-callswaiting")
