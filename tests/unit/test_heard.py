"""What a phone got is read as the RFCs say."""

from pathlib import Path

import pytest

from clinicpbx.demo.heard import headers_of, is_complete_wav, lamp_of
from tests.support.sound import loudness, pitch, tone

pytestmark = pytest.mark.unit

NOTIFY = "NOTIFY sip:x SIP/2.0\r\nFrom: <sip:a@b>\r\nVia: one\r\nVia: two\r\n\r\n"


def test_headers_by_lower_case_name_the_first_of_each() -> None:
    assert headers_of(NOTIFY + "body: no header") == {"from": "<sip:a@b>", "via": "one"}


@pytest.mark.parametrize(
    ("body", "lamp"),
    [
        (
            "Messages-Waiting: yes\r\nMessage-Account: sip:x\r\nVoice-Message: 3/1 (0/0)\r\n",
            {"waiting": True, "new": 3, "old": 1},
        ),
        ("Messages-Waiting: no\r\n", {"waiting": False, "new": 0, "old": 0}),
        ("", None),
    ],
)
def test_a_lamp_is_read_from_a_message_summary(body: str, lamp: object) -> None:
    assert lamp_of(NOTIFY + body) == lamp


def test_a_recording_is_complete_once_its_header_says_so(tmp_path: Path) -> None:
    whole = tone(tmp_path / "whole.wav", hertz=1000)
    (tmp_path / "part.wav").write_bytes(whole.read_bytes()[:-100])
    assert is_complete_wav(str(whole))
    assert not is_complete_wav(str(tmp_path / "part.wav"))
    assert not is_complete_wav(str(tmp_path / "none.wav"))


def test_a_tone_has_the_pitch_and_loudness_it_was_made_with(tmp_path: Path) -> None:
    made = tone(tmp_path / "tone.wav", hertz=1000, level=10000)
    assert pitch(made) == pytest.approx(1000, abs=5)
    assert loudness(made) == pytest.approx(7071, rel=0.01)
