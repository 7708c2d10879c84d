"""The live view of `clinicpbx top`: who waits, how long, who is free; anew every second."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import DataTable, Footer, Static

from clinicpbx.errors import ClinicPBXError

Row = Mapping[str, Any]
Rows = Sequence[Row]
EVERY = 1.0  # seconds
WARN, ALARM = 60, 180  # seconds of waiting
DOING = ("free", "talking", "wrap-up", "paused", "away")
QUEUES = ("queue", "waiting", "longest", "call-backs", "ringing", *DOING, "mode")
CALLERS = ("queue", "call", "waited", "priority", "needs", "rings")
AGENTS = ("agent", "phone", "state", "for", "queue", "taken")
COLOURS = {
    "free": "green",
    "offered": "yellow",
    "talking": "cyan",
    "wrap-up": "blue",
    "resting": "blue",
    "paused": "magenta",
    "unreachable": "red",
}


class Wallboard(App[None]):
    """*ask* gives `queues`, `callers`, `agents` and `callbacks`; what it raises is shown, and asked again."""

    TITLE = "ClinicPBX"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit")]
    CSS = """
    #said { height: 1; padding: 0 1; background: $panel; }
    #said.bad { background: $error; color: $text; }
    #queues { height: auto; max-height: 40%; }
    #lower { height: 1fr; }
    #lower > VerticalScroll { width: 1fr; }
    .title { text-style: bold; padding: 0 1; }
    """

    def __init__(self, ask: Callable[[], Mapping[str, Rows]], now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        super().__init__()
        self._ask, self._now = ask, now

    def compose(self) -> ComposeResult:
        yield Static("", id="said")
        yield _table("queues", QUEUES)
        with Horizontal(id="lower"):
            with VerticalScroll():
                yield Static("Waiting", classes="title")
                yield _table("callers", CALLERS)
            with VerticalScroll():
                yield Static("Agents", classes="title")
                yield _table("agents", AGENTS)
        yield Footer()

    def on_mount(self) -> None:
        self.look()
        self.set_interval(EVERY, self.look)

    def look(self) -> None:
        """Ask, and show; the screen keeps what it has while nothing answers."""
        said = self.query_one("#said", Static)
        try:
            seen = self._ask()
        except ClinicPBXError as error:
            said.update(str(error))
            said.add_class("bad")
            return
        said.remove_class("bad")
        said.update(_summary(seen, self._now()))
        self._fill("queues", [_queue(row) for row in seen["queues"]])
        self._fill("callers", [_caller(row) for row in seen["callers"]])
        self._fill("agents", [_agent(row, self._now()) for row in seen["agents"]])

    def _fill(self, name: str, rows: Sequence[Sequence[Text]]) -> None:
        table = self.query_one(f"#{name}", DataTable)
        place = table.scroll_offset
        table.clear()
        table.add_rows(rows)
        table.scroll_to(*place, animate=False)


def _table(name: str, columns: Sequence[str]) -> "DataTable[Text]":
    table: DataTable[Text] = DataTable(id=name, cursor_type="none", zebra_stripes=True)
    for column in columns:
        table.add_column(column, key=column)
    return table


def _summary(seen: Mapping[str, Rows], now: datetime) -> str:
    waiting = sum(row["waiting"] for row in seen["queues"])
    free = sum(row["state"] == "free" for row in seen["agents"])
    unreached = sum(row["state"] == "unreached" for row in seen["callbacks"])
    late = f", {unreached} call-backs need a person" if unreached else ""
    return f"{now:%H:%M:%S} UTC: {waiting} waiting, {free} free, {len(seen['callbacks'])} to call back{late}"


def _queue(row: Row) -> list[Text]:
    away = row["unreachable"] + row["busy"] + row["resting"]
    numbers = (row["callbacks"], row["ringing"], row["free"], row["talking"], row["wrap_up"], row["paused"], away)
    style = "" if row["staffed"] else "red"
    mode = Text(row["mode"], "dim" if row["mode"] == "open" else "bold red")
    waits = _number(row["waiting"]), _waited(row["longest_wait"])
    return [Text(row["queue"], style), *waits, *map(_number, numbers), mode]


def _caller(row: Row) -> list[Text]:
    kind = "↩ " if row["kind"] == "call-back" else ""
    texts = (f"{kind}{row['call']}", row["needs"], row["rings"])
    call, needs, rings = map(Text, texts)
    return [Text(row["queue"]), call, _waited(row["waited"]), _number(row["priority"]), needs, rings]


def _agent(row: Row, now: datetime) -> list[Text]:
    reason = f" ({row['reason']})" if row["reason"] and row["state"] in ("paused", "logged out") else ""
    state = Text(f"{row['state']}{reason}", COLOURS.get(row["state"], "dim"))
    since = (now - datetime.fromisoformat(row["since"])).total_seconds()
    phone = f"{row['phone']} hot" if row["desk"] else row["phone"]
    return [Text(row["agent"]), Text(phone), state, Text(_clock(since), justify="right"), Text(row["queue"]),
            _number(row["taken"])]  # fmt: skip


def _number(value: int) -> Text:
    return Text(str(value) if value else "·", "" if value else "dim", justify="right")


def _waited(seconds: float) -> Text:
    style = "bold red" if seconds >= ALARM else "yellow" if seconds >= WARN else ""
    return Text(_clock(seconds) if seconds else "·", style or ("" if seconds else "dim"), justify="right")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
