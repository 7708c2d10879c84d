"""The call-journey map: all that a caller can meet is on it, once, and nothing that a clinic writes breaks the page."""

import json
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clinicpbx.rules.compile import read_rules, rules_from
from clinicpbx.rules.journey import Journey, journey
from clinicpbx.rules.journey.drawing import draw
from clinicpbx.rules.journey.layout import layout
from clinicpbx.rules.journey.mermaid import mermaid

pytestmark = pytest.mark.unit
HARBOR = Path(__file__).parents[3] / "examples" / "harbor" / "clinic.yaml"
TODAY = date(2026, 11, 24)
SMALL = """
clinic: {name: Small Clinic}
languages: {en: English}
sites: {main: {timezone: America/New_York}}
mailboxes: {desk: {title: Front desk}}
locations:
  desk: {elin: "+12075550110", address: {street: 1 Main Street, city: Portland, state: ME, postal_code: "04101"}}
trunks: {carrier: {host: 192.0.2.10}}
phones: {201: {name: Reception, location: desk, mailbox: desk}}
dids: {"+12075550100": {name: Main line, flow: main, fallback: {mailbox: desk}}}
flows:
  main:
    steps:
      hello: {answer: , then: ask}
      ask: {menu: {prompt: ask}, next: {0: person, 1: news, 2: message, timeout: message, invalid: message}}
      person: {dial: {extension: 201}, next: {noanswer: message, busy: message, failed: message}}
      news: {play: news, then: ask}
      message: {voicemail: {mailbox: desk}, next: {done: bye, empty: bye}}
      bye: {hangup: }
prompts: {ask: {en: SAID}, news: {en: We are open.}}
"""


def small(said: str = "Press 1 for news.") -> Journey:
    text = SMALL.replace("SAID", json.dumps(said, ensure_ascii=False))
    return journey(rules_from("clinic.yaml", text, TODAY), "+12075550100")


def test_steps_and_outcomes_in_the_words_of_people() -> None:
    found = small()
    titles = ["+12075550100", "Menu: ask", "Rings 201", "Says: news", "Message for Front desk"]
    assert [box.title for box in found.boxes] == titles
    arrows = {(arrow.source, arrow.target): arrow.label for arrow in found.arrows}
    assert arrows == {
        ("", "ask"): "",
        ("ask", "person"): "0",
        ("ask", "news"): "1",
        ("ask", "message"): "2, else",
        ("person", "message"): "not reached",
        ("news", "ask"): "",
    }


def test_the_example_clinic_shows_every_queue_mailbox_and_phone_that_callers_reach() -> None:
    found = journey(read_rules(HARBOR, TODAY), "+12075550100")
    titles = {box.title for box in found.boxes}
    assert {"frontdesk (queue)", "nurse (clinical queue)", "Rings 206", "Message for Nurses"} <= titles
    hours = next(box for box in found.boxes if box.title == "Open? (clinic)")
    assert hours.lines[:2] == ("Mon–Fri  08:00-17:00", "Sat  09:00-12:00")


def test_the_page_is_well_formed_and_every_box_is_on_it_without_overlap() -> None:
    found = journey(read_rules(HARBOR, TODAY), "+12075550100")
    page = ElementTree.fromstring(draw(found, "today"))
    rects = [rect for rect in page.iter("{http://www.w3.org/2000/svg}rect") if rect.get("rx") == "8"]
    assert len(rects) == len(found.boxes)
    places = [tuple(float(rect.get(key, "")) for key in ("x", "y", "width", "height")) for rect in rects]
    for index, (x, y, width, height) in enumerate(places):
        for a, b, wide, high in places[index + 1 :]:
            assert x + width <= a or a + wide <= x or y + height <= b or b + high <= y
    _, _, whole, tall = map(float, page.get("viewBox", "").split())
    assert all(x >= 0 and x + width <= whole and y + height <= tall for x, y, width, height in places)


@given(said=st.text(st.characters(exclude_categories=("C",)), max_size=200))
def test_no_text_breaks_the_page_or_the_flowchart(said: str) -> None:
    assume(said.strip() and not re.search("[\\u2028\\u2029\\x85]", said))
    found = small(said)
    ElementTree.fromstring(draw(found, said))
    lines = mermaid(found).splitlines()
    assert len(lines) == 2 + len(found.boxes) + len(found.arrows)
    assert all(re.fullmatch(r'  b\d+(\W+"[^"\[\]{}|]*"\W+| -->(\|"[^"|]*"\|)? b\d+)', line) for line in lines[2:])


NAMES = st.integers(2, 9).map(lambda count: [str(number) for number in range(count)])


@given(names=NAMES, chosen=st.data())
def test_arrows_go_down_one_layer_after_another(names: list[str], chosen: st.DataObject) -> None:
    pairs = st.tuples(st.sampled_from(names), st.sampled_from(names))
    edges = list(dict.fromkeys(chosen.draw(st.lists(pairs, max_size=30))))
    placed = layout(names, edges)
    layer = {name: depth for depth, row in enumerate(placed.layers) for name in row}
    assert sum(map(len, placed.layers)) == len(layer)
    reached = {source for source, _ in edges if source in layer}
    assert placed.layers[0] == ("0",)
    for edge in edges:
        if edge[0] in reached and edge not in placed.back:
            assert [layer[name] for name in placed.paths[edge]] == list(range(layer[edge[0]], layer[edge[1]] + 1))
