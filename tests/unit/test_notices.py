"""What people are told: never more than a kind, an id, a time and the clinic's name; and how long it is tried."""

import base64
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.adapters.notify.answer import Answer
from clinicpbx.adapters.notify.mail import letter
from clinicpbx.adapters.notify.webhook import read_secret, signature
from clinicpbx.core.notify.daily import Daily, Figures, day_due, figures_of
from clinicpbx.core.notify.kinds import KINDS, is_id, of_fact
from clinicpbx.core.notify.letter import Notice, document, line, subject, text
from clinicpbx.core.notify.retry import LONGEST, PATIENCE, next_try
from clinicpbx.core.notify.targets import MailServer
from clinicpbx.daemon.notifier_metrics import NotifierMetrics, failed_notices
from clinicpbx.errors import ClinicPBXError

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 20, 5, tzinfo=UTC)
SERVER = MailServer("mail.example", 587, "starttls", "pbx@clinic.example")
EASTERN = ZoneInfo("America/New_York")
ONE_LINE = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=80)
IDS = st.from_regex(r"[A-Za-z][A-Za-z0-9._:-]{0,99}", fullmatch=True)


def test_a_mail_says_what_when_and_where_to_look() -> None:
    notice = Notice("0f", "callback_unreached", "clinic-1.7", NOW)
    assert text(notice, "Harbor", EASTERN).splitlines()[:6] == [
        "A patient was not reached by call-back.",
        "",
        "Clinic:  Harbor",
        "Time:    Tuesday 2026-11-24 15:05 EST",
        "About:   clinic-1.7",
        "Look:    clinicpbx callback list",
    ]


def test_a_second_time_is_told_and_looked_up_under_the_same_id() -> None:
    told = line(Notice("a", "breached", "17#2", NOW), "Harbor")
    assert told == "Harbor: A request is past its time (17#2). clinicpbx inbox show 17"


@given(clinic=ONE_LINE, kind=st.sampled_from(sorted(KINDS)), about=IDS)
def test_what_is_sent_is_a_fixed_text_with_the_id_and_the_clinic_in_it(clinic: str, kind: str, about: str) -> None:
    """Hence nothing that anybody said, dialled or is called can be in it."""
    told, fixed = Notice("a", kind, about, NOW), Notice("a", kind, "{about}", NOW)
    for write in (subject, line, lambda notice, name: text(notice, name, EASTERN)):
        template = write(fixed, "{clinic}")
        assert write(told, clinic) == template.replace("{about}", about).replace("{clinic}", clinic)
    told_as = document(told, clinic)
    assert told_as["data"] == {"clinic": clinic, "kind": kind, "about": about, "look": told_as["data"]["look"]}
    assert (told_as["type"], told_as["timestamp"]) == (f"clinicpbx.{kind}", "2026-11-24T20:05:00+00:00")


OF_TODAY: Figures = {"open": [*range(1, 51)], "overdue": [3, 1], "due_today": [], "came": [50]}


def test_a_day_is_told_as_counts_and_ids() -> None:
    notice = Notice("0f", "daily", "2026-11-24", NOW, OF_TODAY)
    lines = text(notice, "Harbor", EASTERN).splitlines()
    assert lines[0] == "What is open."
    assert lines[5] == "Look:    clinicpbx inbox today"
    shown = ", ".join(map(str, range(1, 41)))
    wanted = [f"Open:      50  ({shown} and 10 more)", "Overdue:   2  (3, 1)", "Due today: 0", "Came:      1  (50)"]
    assert lines[7:11] == wanted
    counts = "50 open, 2 overdue, 0 due today, 1 came"
    assert line(notice, "Harbor") == f"Harbor: What is open (2026-11-24). {counts}. clinicpbx inbox today"
    assert document(notice, "Harbor")["data"]["items"] == OF_TODAY


def test_nothing_but_ids_is_taken_from_a_detail() -> None:
    detail = {"open": [1, "+12075550142", True, 2.5, None, [7]], "to": ["manager"], "who": "Ana Lopez"}
    assert figures_of("daily", detail) == {"open": [1], "overdue": [], "due_today": [], "came": []}
    assert figures_of("breached", {"open": [1]}) == {}


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-24T12:59:59+00:00", ""),
        ("2026-11-24T13:00:00+00:00", "2026-11-24"),
        ("2026-11-25T04:59:00+00:00", "2026-11-24"),  # nobody ran before: later is better than never
        ("2026-11-25T05:00:00+00:00", ""),
        ("2026-07-04T12:00:00+00:00", "2026-07-04"),  # the clocks show 8 an hour sooner, and on a holiday
    ],
)
def test_the_day_begins_by_the_clinics_clock(now: str, day: str) -> None:
    assert day_due(Daily(time(8), ()), EASTERN, datetime.fromisoformat(now)) == day


@pytest.mark.parametrize("clock", [time(1, 30), time(2, 30), time(8)])
@pytest.mark.parametrize("change", [datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)])
def test_when_the_clocks_change_each_day_is_told_once_and_none_is_left_out(clock: time, change: datetime) -> None:
    minutes = (change + timedelta(minutes=n) for n in range(3 * 24 * 60))
    told = [day for day, _ in groupby(filter(None, (day_due(Daily(clock, ()), EASTERN, at) for at in minutes)))]
    days = [(change + timedelta(days=n)).date().isoformat() for n in range(-1, 3)]
    assert sorted(set(told)) == days
    assert told == days, "never again for a day before"


@given(clinic=ONE_LINE.map(str.strip).filter(bool), about=IDS)
def test_a_mail_is_read_as_it_was_written(clinic: str, about: str) -> None:
    notice = Notice("a", "breached", about, NOW)
    words = subject(notice, clinic), text(notice, clinic, EASTERN)
    sent = letter(SERVER, "manager@clinic.example", notice.id, *words, NOW).as_bytes()
    read = message_from_bytes(sent, policy=policy.default)
    body = read.get_body()
    assert body is not None
    assert body.get_content().splitlines() == words[1].splitlines()
    assert "".join(str(read["Subject"]).split()) == "".join(words[0].split())


@given(number=st.from_regex(r"\+?[0-9]{10,15}", fullmatch=True), gap=st.sampled_from(["", "-", ".", ":"]))
def test_a_telephone_number_is_no_id(number: str, gap: str) -> None:
    assert not is_id(number)
    assert not is_id(gap.join(number))


@pytest.mark.parametrize("about", ["Ana Lopez", "clinic-1\r\nBcc: x", "", "#1", "-1", "é", "x" * 101, "12075550100"])
def test_what_is_no_id_is_not_told(about: str) -> None:
    assert not is_id(about)
    assert of_fact("notify", "", {"kind": "breached", "about": about}) is None


@pytest.mark.parametrize("about", ["4711", "4711#2", "clinic-1795492433.26.5", "rota:2026-11-24T08:00", "2026-11-24"])
def test_ids_are_ids(about: str) -> None:
    assert is_id(about)


def test_a_fact_tells_of_its_own_call_unless_it_names_another_thing() -> None:
    assert of_fact("notify", "clinic-1.2", {"kind": "page_unanswered"}) == ("page_unanswered", "clinic-1.2")
    assert of_fact("notify", "clinic-1.2", {"kind": "breached", "about": 17}) == ("breached", "17")


@pytest.mark.parametrize("body", [{}, {"kind": "nothing"}, {"kind": None, "about": []}, {"kind": {}, "about": "1"}])
def test_a_fact_that_makes_no_sense_stops_nothing(body: dict[str, object]) -> None:
    assert of_fact("notify", "clinic-1.2", body) is None
    assert of_fact("ended", "clinic-1.2", {"kind": "breached"}) is None


@given(clinic=st.text(max_size=80))
def test_no_name_makes_a_second_header(clinic: str) -> None:
    """A name with a line end is refused; the rules refuse it before."""
    words = subject(Notice("a", "breached", "1", NOW), clinic), "text"
    try:
        sent = letter(SERVER, "manager@clinic.example", "a", *words, NOW).as_bytes()
    except ValueError:
        return
    names = [name for name, _ in message_from_bytes(sent, policy=policy.default).items()]
    assert len(names) == len(set(names)) == 9, names


def test_a_mail_is_the_same_mail_each_time() -> None:
    mails = [letter(SERVER, "m@clinic.example", "0f", "s", "Zürich", NOW + timedelta(hours=n)) for n in range(2)]
    assert {mail["Message-ID"] for mail in mails} == {"<0f@clinic.example>"}
    assert all(byte < 128 for byte in mails[0].as_bytes())


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's reference implementation."""
    secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "")
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "text", ["", "secret", "whsec_", "whsec_$$$$", "whsec_" + base64.b64encode(b"short").decode(), "whsec_" + "A" * 100]
)
def test_what_is_no_secret_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ClinicPBXError, match=r"ops\.secret") as refused:
        read_secret(text, "keys/webhook-ops.secret")
    assert text.removeprefix("whsec_") in ("", "secret") or text.removeprefix("whsec_") not in str(refused.value)


@given(draws=st.lists(st.floats(0, 1), min_size=60, max_size=60))
def test_pauses_grow_to_an_hour_and_end_after_a_day(draws: list[float]) -> None:
    at, then = NOW, None
    for tries, draw in enumerate(draws, 1):
        then = next_try(tries, NOW, at, draw)
        if then is None:
            break
        assert timedelta(0) < then - at <= LONGEST * 1.5
        at = then
    assert then is None
    assert NOW + PATIENCE - LONGEST * 1.5 <= at <= NOW + PATIENCE


def test_the_first_pause_is_seconds_and_what_failed_together_is_not_tried_together() -> None:
    first, last = next_try(1, NOW, NOW, 0.0), next_try(1, NOW, NOW, 1.0)
    assert first
    assert last
    assert (first - NOW, last - NOW) == (timedelta(seconds=5), timedelta(seconds=15))
    assert next_try(10**6, NOW, NOW, 0.5) == NOW + LONGEST


def test_what_is_given_up_is_read_from_the_metrics(tmp_path: Path) -> None:
    metrics, path = NotifierMetrics(), tmp_path / "notifier.prom"
    assert failed_notices(path) == 0
    metrics.count({"waiting": 2, "sent": 40, "failed": 3}, 7.5)
    metrics.write(path)
    assert failed_notices(path) == 3
    path.write_text("torn {")
    assert failed_notices(path) == 0


def test_a_foreign_answer_is_one_short_line() -> None:
    assert Answer(False, "550 no\r\n such\x1b[31m user " + "x" * 999).said.startswith("550 no such [31m user xxx")
    assert len(Answer(False, "x" * 999).said) == 200
