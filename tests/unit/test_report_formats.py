"""The formats of a report: figures stay numbers, no text becomes a formula, a page needs nothing else."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from clinicpbx.reports import REPORTS
from clinicpbx.reports._picture import picture
from clinicpbx.reports._report import Column, Period
from clinicpbx.reports._sheet import Page, Sheet, calls_command
from clinicpbx.reports.formats import BOM, FORMATS, as_file, as_stream

pytestmark = pytest.mark.unit
HOSTILE = ("=1+1", "+1207", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1")
EVIL = "<script>alert(1)</script>"
COLUMNS = (Column("queue", meaning="its name"), Column("calls"), Column("level", "%", "in time"), Column("wait", "s"))
ROWS = [
    {"queue": "nurse", "calls": 12, "level": 91.7, "wait": None},
    {"queue": EVIL, "calls": -3, "level": 0.0, "wait": 12.5},
    *({"queue": text, "calls": 0, "level": None, "wait": 0.0} for text in HOSTILE),
]
PERIOD = Period(datetime(2026, 11, 16, 5, tzinfo=UTC), datetime(2026, 11, 23, 5, tzinfo=UTC), zone="America/New_York")
DRAWN = picture("Level", COLUMNS, ROWS, "level")
COMMAND = "clinicpbx report calls x queue=nurse"
SHEET = Sheet(f"Level {EVIL}", COLUMNS, ROWS, "level = 100 * a & b", ("An edge.",), DRAWN, [COMMAND])
PAGE = Page("level", "Level by queue", "Harbor & Sons", PERIOD, [SHEET])
TWO = replace(PAGE, sheets=[SHEET, replace(SHEET, title="Other", rows=[], picture="")], lines=["A & B."])

WORDY = replace(PAGE, sheets=[replace(SHEET, columns=(*COLUMNS, Column("why")), rows=[{**ROWS[0], "why": EVIL}])])


def test_there_are_these_formats() -> None:
    assert list(FORMATS) == ["csv", "html", "json", "xlsx"]


def test_csv_is_rfc_4180_and_no_cell_is_a_formula() -> None:
    text = as_stream("csv", PAGE).decode()
    head, *lines = csv.reader(io.StringIO(text, newline=""))
    assert head == ["queue", "calls", "level_%", "wait_s"]
    assert lines[0] == ["nurse", "12", "91.7", ""]
    assert lines[1] == [EVIL, "-3", "0.0", "12.5"]  # a number may be negative
    assert [line[0] for line in lines[2:]] == [f"'{text}" for text in HOSTILE]
    assert text.count("\r\n") == 1 + len(ROWS)


def test_a_csv_file_is_marked_for_excel_and_a_stream_is_not() -> None:
    assert as_file("csv", PAGE) == BOM + as_stream("csv", PAGE)
    assert as_file("json", PAGE) == as_stream("json", PAGE)


def test_sheets_follow_one_another_in_csv() -> None:
    assert b"\r\nOther\r\nqueue,calls" in as_stream("csv", TWO)


def test_json_has_the_words_and_the_numbers() -> None:
    found = json.loads(as_stream("json", PAGE))
    assert found["rows"] == ROWS
    assert (found["report"], found["zone"], found["from"]) == ("level", "America/New_York", "2026-11-16T05:00:00+00:00")
    assert found["columns"][2] == {"name": "level", "unit": "%", "meaning": "in time"}
    assert [sheet["title"] for sheet in json.loads(as_stream("json", TWO))["sheets"]] == [SHEET.title, "Other"]


def workbook(page: Page) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(as_stream("xlsx", page))) as files:
        return {name: files.read(name).decode() for name in files.namelist()}


def test_a_workbook_has_typed_cells_and_nothing_runs() -> None:
    days = Sheet("Days", (Column("day"), Column("at"), Column("share", "%")),
                 [{"day": "2026-11-16", "at": datetime(2026, 11, 16, 17, 30, tzinfo=UTC), "share": 25.0}])  # fmt: skip
    files = workbook(replace(PAGE, sheets=[SHEET, days]))
    assert not any("<f>" in text or "<hyperlink" in text for text in files.values())
    assert 'state="frozen"' in files["xl/worksheets/sheet1.xml"]
    cells = ElementTree.fromstring(files["xl/worksheets/sheet2.xml"])
    space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    values = {cell.get("r"): cell.findtext("x:v", namespaces=space) for cell in cells.iterfind(".//x:c", space)}
    # days since 1899-12-30; 17:30 UTC is 12:30 at the clinic
    assert (values["A2"], values["C2"]) == ("46342", "0.25")
    assert float(values["B2"] or 0) == pytest.approx(46342 + 12.5 / 24)
    texts = files["xl/sharedStrings.xml"]
    assert all(text in texts for text in ("=1+1", "@SUM(A1)", "&lt;script&gt;"))
    assert 'formatCode="0.0%"' in files["xl/styles.xml"]


def test_the_same_figures_make_the_same_workbook() -> None:
    assert as_stream("xlsx", PAGE) == as_stream("xlsx", PAGE)


class Tags(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("page", [PAGE, TWO, WORDY], ids=["report", "week", "words"])
def test_a_page_loads_nothing_runs_nothing_and_escapes_everything(page: Page) -> None:
    text = as_stream("html", page).decode()
    tags = Tags(text).seen
    assert {"script", "link", "img", "iframe"} & {tag for tag, _ in tags} == set()
    assert not [name for _, found in tags for name in found if name in ("src", "href") or name.startswith("on")]
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", text)
    assert "default-src 'none'" in text
    assert "Harbor &amp; Sons" in text
    assert EVIL not in text


def test_a_page_can_be_read_by_a_screen_reader() -> None:
    text = as_stream("html", PAGE).decode()
    tags = Tags(text).seen
    assert [found["scope"] for tag, found in tags if tag == "th"] == ["col"] * len(COLUMNS) + ["row"] * len(ROWS)
    names = [tag for tag, _ in tags]
    assert names.index("figure") < names.index("figcaption") < names.index("svg") < names.index("table")
    assert {"html", "title", "main", "caption", "h1"} <= set(names)
    assert ("html", {"lang": "en"}) in tags
    assert "clinicpbx report calls x queue=nurse" in text
    assert "@page" in text


def test_what_a_page_of_several_sheets_says_once() -> None:
    text = as_stream("html", TWO).decode()
    assert text.count("its name") == 1
    assert "Nothing in this period." in text
    assert "<li>A &amp; B.</li>" in text


def test_the_picture_follows_what_a_row_stands_for() -> None:
    days = [{"day": f"2026-11-{n:02}", "calls": n} for n in (1, 2, 5)]
    over_time = picture("Calls", (Column("day"), Column("calls")), days, "calls")
    assert "<polyline" in over_time
    assert "2026-11-03: 0" in over_time  # a day without a row had no call
    queues = [{"queue": "a", "calls": 1}, {"queue": "b", "calls": 2}]
    assert "<polyline" not in picture("Calls", (Column("queue"), Column("calls")), queues, "calls")
    week = [{"weekday": "Monday", "quarter": "08:15", "calls": 3}]
    heat = picture("Demand", (Column("weekday"), Column("quarter"), Column("calls")), week, "calls")
    assert "Monday 08:15: 3 calls" in heat
    assert "Sunday" in heat
    assert picture("Nothing", COLUMNS, [], "level") == ""


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_a_picture_of_a_column_that_it_has(name: str) -> None:
    report = REPORTS[name]
    assert report.chart in {column.name for column in report.columns}


def test_the_command_for_the_calls_behind_a_row_can_be_pasted() -> None:
    row = {"queue": "it's; rm -rf /", "calls": 3}
    found = calls_command("service_level", (Column("queue"), Column("calls")), PERIOD, row)
    assert "'queue=it'\"'\"'s; rm -rf /'" in found
    assert found.endswith("--from 2026-11-16T00:00:00-05:00 --to 2026-11-23T00:00:00-05:00")
