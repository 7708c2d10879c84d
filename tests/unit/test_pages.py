"""Pages: nobody is paged for what somebody accepted, nobody is forgotten, and a person is rung for one at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicpbx.core.commands import Hangup
from clinicpbx.core.oncall.actions import Action, Ask, Hear, Keep, Tell
from clinicpbx.core.oncall.commands import HANDOVER, MESSAGE, RED_FLAG, KeepPage, RingPerson
from clinicpbx.core.oncall.duty import Cover, on_duty, stint
from clinicpbx.core.oncall.page import State
from clinicpbx.core.oncall.pages import GRACE, SOON, Pages
from clinicpbx.core.oncall.rules import HandoverRules, PageRules
from clinicpbx.core.rulebook import ProviderRules
from clinicpbx.core.schedule.oncall import Rota, Shift
from clinicpbx.daemon import page_codec
from clinicpbx.private import Private
from tests.support.books import KIDS, book
from tests.support.tape import T0

pytestmark = pytest.mark.unit
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
RING = timedelta(seconds=25)
WHO = {
    "chen": ProviderRules("chen", mobile="+12075550161"),
    "egan": ProviderRules("egan", phone="206"),
    "boss": ProviderRules("boss", mobile="+12075550163"),
}
RULES = PageRules(ring=RING, rounds=2, pause=MINUTE, again=5 * MINUTE, supervisor="boss")
BOOK = replace(
    book(),
    providers=WHO,
    paging={"kids": RULES},
    trunks=("one", "two"),
    number="+12075550100",
)


def wish(name: str = "c1.3", kind: str = MESSAGE, **more: object) -> KeepPage:
    message = name.partition(".")[0] if kind == MESSAGE else ""
    made = KeepPage(name, kind, "kids", T0, Private("+12075550142"), "es", "+12075550100", "desk", message)
    return replace(made, **more)  # type: ignore[arg-type]


def words(actions: list[Action]) -> list[str]:
    found = []
    for action in actions:
        match action:
            case Keep(page=page):
                found.append(page.state.value)
            case Ask(command=RingPerson(attempt=attempt, number=number, trunk=trunk)):
                found.append(f"ring {number}{f' by {trunk}' if trunk else ''} as {attempt.rpartition('.')[2]}")
            case Ask(command=Hangup(), attempt=attempt):
                found.append(f"hang up {attempt.rpartition('.')[2]}")
            case Hear():
                found.append("not yours")
            case Tell(event=event, who=who):
                found.append(f"“{event}{f' {who}' if who else ''}”")
    return found


def rung(actions: list[Action]) -> list[str]:
    return [word for word in words(actions) if not word.startswith("“")]


def begun(*more: KeepPage) -> Pages:
    made = Pages(BOOK)
    for one in more or (wish(),):
        made.keep(one, T0)
    return made


def live(name: str = "c1.3.a1") -> Pages:
    made = begun()
    assert made.answered(name, T0)[0] is not None
    return made


def test_from_the_message_to_the_acceptance_and_the_outcome() -> None:
    made = Pages(BOOK)
    assert words(made.keep(wish(), T0)) == [
        *("later", "“begun”", "ringing", "“rung chen”"),
        "ring +12075550161 by one as a1",
    ]
    assert made.keep(wish(), T0) == []
    assert made.keep(wish("c1.9"), T0) == [], "of the same message"
    page, actions = made.answered("c1.3.a1", T0)
    assert page is not None
    assert words(actions) == ["live", "“answered chen”"]
    assert made.answered("c1.3.a1", T0) == (None, [])
    accepted, actions = made.accept("c1.3", "chen", T0)
    assert (accepted, words(actions)) == (True, ["accepted", "“accepted chen”"])
    assert made.accept("c1.3", "chen", T0) == (True, []), "pressed twice"
    assert made.accept("c1.3", "egan", T0) == (False, []), "the first has it"
    assert words(made.ended("c1.3.a1", T0)) == ["“hung up chen”", "accepted"]
    assert made.deadline is None
    assert made.due(T0 + timedelta(days=9)) == []
    assert words(made.close("c1.3", "chen", "advised", T0)) == ["done", "“closed chen”"]
    assert made.known == {}


def test_round_after_round_then_the_supervisor_then_people_are_told_and_it_begins_anew() -> None:
    made, at, seen = begun(), T0, list[str]()
    for attempt in range(1, 7):
        at += RING
        seen += words(made.not_taken(f"c1.3.a{attempt}", "NOANSWER", at))
        if (deadline := made.deadline) is not None and made.known["c1.3"].state is State.LATER:
            seen.append(str(deadline - at))
            at = deadline
            seen += words(made.due(at))
    assert [word for word in seen if word.startswith("ring ") or word[0] in "0123456789"] == [
        *("ring 206 as a2", "0:01:00"),
        *("ring +12075550161 by one as a3", "ring 206 as a4", "ring +12075550163 by one as a5", "0:05:00"),
        *("ring +12075550161 by one as a6", "ring 206 as a7"),
    ]
    assert seen.count("“unanswered”") == seen.count("“told”") == 1


def test_another_trunk_is_tried_where_one_cannot_take_the_call() -> None:
    made = begun()
    assert rung(made.not_taken("c1.3.a1", "CHANUNAVAIL", T0)) == ["ringing", "ring +12075550161 by two as a2"]
    assert rung(made.not_taken("c1.3.a2", "CONGESTION", T0)) == ["ringing", "ring 206 as a3"]
    assert made.not_taken("c1.3.a2", "BUSY", T0) == [], "of an attempt that is over"


def test_who_answers_and_does_not_accept_passes_it_on() -> None:
    made = live()
    assert rung(made.ended("c1.3.a1", T0)) == ["ringing", "ring 206 as a2"]
    assert made.ended("c1.3.a1", T0) == []


def test_where_asterisk_does_not_answer_nobody_has_missed_anything() -> None:
    made = begun()
    assert words(made.postpone("c1.3.a1", T0)) == ["later", "“postponed chen”"]
    assert made.due(T0 + SOON - SECOND) == []
    assert rung(made.due(T0 + SOON)) == ["ringing", "ring +12075550161 by one as a2"]


def test_a_phone_that_rings_for_ever_does_not() -> None:
    made = begun()
    assert rung(made.due(T0 + RING + GRACE)) == ["hang up a1", "ringing", "ring 206 as a2"]


def test_a_person_is_rung_for_one_page_at_a_time() -> None:
    made = begun(wish("c1.3"), wish("c2.3"), wish("c3.3", RED_FLAG))
    assert [page.state for page in made.known.values()] == [State.RINGING, State.WAITING, State.WAITING]
    made.answered("c1.3.a1", T0)
    made.accept("c1.3", "chen", T0)
    made.close("c1.3", "chen", "advised", T0)
    assert [page.state for page in made.known.values()] == [State.WAITING, State.WAITING], "still on the line"
    assert rung(made.ended("c1.3.a1", T0)) == ["ringing", "ring +12075550161 by one as a1"]
    assert made.known["c3.3"].state is State.RINGING, "the red flag goes first"
    assert "“engaged chen”" in words(made.due(T0 + RING))
    assert made.known["c2.3"].rung == "egan"


def test_what_people_accept_or_close_does_not_ring_any_more() -> None:
    made = begun()
    accepted, actions = made.accept("c1.3", "egan", T0)
    assert (accepted, rung(actions)) == (True, ["hang up a1", "accepted"])
    assert made.not_taken("c1.3.a1", "NOANSWER", T0) == []
    made = live()
    assert rung(made.close("c1.3", "ana", "seen", T0)) == ["not yours", "done"]
    with pytest.raises(KeyError):
        made.close("c1.3", "ana", "seen", T0)


def test_a_red_flag_rests_only_with_an_outcome() -> None:
    made = begun(wish(kind=RED_FLAG))
    made.answered("c1.3.a1", T0)
    made.accept("c1.3", "chen", T0)
    assert words(made.ended("c1.3.a1", T0)) == ["“hung up chen”", "“no outcome chen”", "later"]
    assert rung(made.due(T0 + 5 * MINUTE)) == ["ringing", "ring +12075550161 by one as a2"]


def test_nobody_on_call_is_told_at_once_and_again() -> None:
    nobody = replace(BOOK, rotas={})
    assert rung(Pages(nobody).keep(wish(), T0))[-1] == "ring +12075550163 by one as a1", "but the supervisor"
    made = Pages(replace(nobody, paging={}))
    assert words(made.keep(wish(), T0))[-3:] == ["later", "“unanswered”", "“told”"]
    assert words(made.due(T0 + 5 * MINUTE)) == ["later", "“unanswered”", "“told”"]


def test_after_a_start_everything_goes_on() -> None:
    def restored(made: Pages, *calls: str) -> tuple[list[str], Pages]:
        kept = [page_codec.decode(page_codec.encode(page)) for page in made.known.values()]
        after = Pages(BOOK)
        return rung(after.restore(kept, set(calls), T0)), after

    done, after = restored(begun())
    assert done == []
    assert after.seen({"c1.3.a1"}, T0) == [], "it rings still"
    assert rung(after.seen(set(), T0)) == ["ringing", "ring +12075550161 by one as a2"]
    assert restored(live())[0] == ["ringing", "ring 206 as a2"]
    assert restored(live(), "c1.3.a1")[0] == []
    accepted = live()
    accepted.accept("c1.3", "chen", T0)
    assert restored(accepted)[0] == ["accepted"], "nobody is rung for what is accepted"


# ---------------------------------------------------------------------- shifts

NIGHT = Shift(T0 - MINUTE, T0 + 60 * MINUTE, "chen", "egan")
HANDED = replace(
    BOOK,
    rotas={"kids": Rota(KIDS.zone, KIDS.weekly[:0], (NIGHT,))},
    handovers={"kids": HandoverRules(tries=2, pause=MINUTE)},
)
NAME = f"handover-kids-{NIGHT.start:%Y%m%dT%H%M}"


def taken_over() -> Pages:
    made = Pages(HANDED)
    made.shifts(T0)
    return made


def test_a_shift_is_confirmed_and_over_at_its_end() -> None:
    made = Pages(HANDED)
    assert rung(made.shifts(T0)) == ["later", "ringing", "ring +12075550161 by one as a1"]
    assert made.shifts(T0) == []
    made.answered(f"{NAME}.a1", T0)
    assert words(made.accept(NAME, "chen", T0)[1]) == ["accepted", "“accepted chen”"]
    made.ended(f"{NAME}.a1", T0)
    assert made.standing() == ()
    assert made.deadline == NIGHT.end
    assert words(made.due(NIGHT.end)) == ["done", "“closed”"]


def test_who_does_not_confirm_is_the_backup_of_the_backup_until_they_do() -> None:
    made = taken_over()
    assert rung(made.not_taken(f"{NAME}.a1", "NOANSWER", T0)) == ["later"]
    assert rung(made.due(T0 + MINUTE)) == ["ringing", "ring +12075550161 by one as a2"]
    actions = words(made.not_taken(f"{NAME}.a2", "NOANSWER", T0))
    assert actions[1:] == ["“promoted egan”", "“told”", "ringing", "“rung egan”", "ring 206 as a3"]
    duty = on_duty("kids", HANDED.rotas["kids"], made.standing(), T0)
    assert duty == Shift(NIGHT.start, NIGHT.end, "egan", "chen")
    assert rung(made.keep(wish(), T0))[-1] == "waiting", "egan is rung already"
    made.answered(f"{NAME}.a3", T0)
    made.accept(NAME, "egan", T0)
    assert made.standing() != ()
    assert made.accept(NAME, "chen", T0)[0], "later, by the command line"
    assert made.standing() == ()


def test_where_nobody_confirms_people_are_told_and_all_are_rung_again() -> None:
    made, at = taken_over(), T0
    seen = list[str]()
    for attempt in range(1, 5):
        seen += words(made.not_taken(f"{NAME}.a{attempt}", "BUSY", at))
        if made.known[NAME].state is State.LATER:
            at = made.known[NAME].when
            seen += words(made.due(at))
    assert seen.count("“told”") == 2
    assert seen[-1] == "ring +12075550161 by one as a5"


def test_a_handover_without_a_backup_is_told_too() -> None:
    alone = replace(HANDED, rotas={"kids": Rota(KIDS.zone, (), (replace(NIGHT, backup=""),))})
    made = Pages(alone)
    made.shifts(T0)
    made.not_taken(f"{NAME}.a1", "BUSY", T0)
    made.due(T0 + MINUTE)
    assert words(made.not_taken(f"{NAME}.a2", "BUSY", T0))[-1] == "“told”"
    assert made.standing() == ()


def test_covers_win_with_the_rotas_backup_or_their_own() -> None:
    cover = Cover("kids", "boss", T0, T0 + MINUTE)
    rota = HANDED.rotas["kids"]
    assert on_duty("kids", rota, (cover,), T0) == Shift(T0, T0 + MINUTE, "boss", "egan")
    assert on_duty("kids", rota, (replace(cover, who="egan"),), T0) == Shift(T0, T0 + MINUTE, "egan", "")
    assert on_duty("kids", rota, (replace(cover, backup="chen"),), T0) == Shift(T0, T0 + MINUTE, "boss", "chen")
    assert on_duty("kids", rota, (cover,), T0 + MINUTE) == NIGHT
    assert on_duty("other", rota, (cover,), T0) == NIGHT
    made = Pages(HANDED, (cover,))
    assert rung(made.shifts(T0))[-1] == "ring +12075550163 by one as a1"


def test_a_stint_is_all_the_shifts_that_the_same_person_has_in_a_row() -> None:
    hour = 60 * MINUTE
    two = Rota(KIDS.zone, (), (Shift(T0, T0 + hour, "chen"), Shift(T0 + hour, T0 + 2 * hour, "chen", "egan")))
    assert stint(two, T0 + hour) == Shift(T0, T0 + 2 * hour, "chen", "egan")
    assert stint(two, T0 + 2 * hour) is None
    assert stint(KIDS, T0) is None, "always on call: nothing is handed over"
    assert stint(replace(KIDS, single=(replace(NIGHT, who="egan"),)), T0 + 61 * MINUTE).start == NIGHT.end  # type: ignore[union-attr]


def test_it_is_kept_to_the_letter_and_printed_without_the_number() -> None:
    for made in (live(), taken_over()):
        [kept] = made.known.values()
        assert page_codec.decode(page_codec.encode(kept)) == kept
        assert "2075550142" not in repr(kept)


KINDS = st.sampled_from((MESSAGE, RED_FLAG, HANDOVER))
INPUTS = st.lists(
    st.tuples(
        st.sampled_from(
            ("keep", "answered", "not_taken", "postpone", "accept", "ended", "close", "due", "restart", "shifts")
        ),
        st.sampled_from(("c1.3", "c2.3", "c3.3-red", NAME)),
        st.sampled_from(tuple(WHO)),
    ),
    max_size=80,
)


@given(INPUTS)
def test_whatever_happens_nobody_is_rung_for_what_is_accepted_and_nothing_is_forgotten(
    inputs: list[tuple[str, str, str]],
) -> None:
    made, at, owed, owners = Pages(HANDED), T0, set[str](), dict[str, str]()
    for what, name, who in inputs:
        at += 7 * SECOND
        attempt = made.known[name].attempt if name in made.known else f"{name}.a1"
        actions = list[Action]()
        match what:
            case "keep" if name != NAME:
                actions = made.keep(wish(name, RED_FLAG if "red" in name else MESSAGE), at)
            case "answered":
                actions = made.answered(attempt, at)[1]
            case "not_taken":
                actions = made.not_taken(attempt, "BUSY", at)
            case "postpone":
                actions = made.postpone(attempt, at)
            case "accept":
                accepted, actions = made.accept(name, who, at)
                assert not accepted or made.known[name].owner == who
            case "ended":
                actions = made.ended(attempt, at)
            case "close" if name in made.known:
                actions = made.close(name, who, "seen", at)
            case "due" if made.deadline is not None:
                at = max(at, made.deadline)
                actions = made.due(at)
            case "restart":
                kept = [page_codec.decode(page_codec.encode(page)) for page in made.known.values()]
                made = Pages(HANDED)
                actions = [*made.restore(kept, set(), at), *made.seen(set(), at)]
            case "shifts":
                actions = made.shifts(at)
        for action in actions:
            match action:
                case Keep(page=page):
                    owed = owed - {page.id} if page.state is State.DONE else owed | {page.id}
                    owners |= {page.id: page.owner}
                case Ask(command=RingPerson(attempt=ring)):
                    assert owners.get(ring.rpartition(".a")[0], "") == "", "rung for what is accepted"
        assert set(made.known) == owed
        busy = [page.engages for page in made.known.values() if page.engages]
        assert len(busy) == len(set(busy)), "two pages ring the same person"
        for page in made.known.values():
            rests = page.state in (State.ACCEPTED, State.LIVE)
            assert rests or (made.deadline is not None and page.when >= made.deadline)
