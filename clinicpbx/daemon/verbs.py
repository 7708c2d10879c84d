"""What the control socket can be asked."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import Server

from clinicpbx import __version__
from clinicpbx.adapters.vault.publickeys import PublicKeys
from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.roles import FREE, VERBS
from clinicpbx.daemon.asker import Doorkeeper, Peer
from clinicpbx.daemon.audit_trail import noting
from clinicpbx.daemon.control import Verb, serve_control
from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings

if TYPE_CHECKING:
    from clinicpbx.daemon.app import Daemon

Wish = Mapping[str, Any]


async def serve_verbs(daemon: "Daemon", instance: Instance, settings: Settings) -> Server:
    """The control socket of *daemon*: who asks needs the role of the command that asks for the verb."""
    door = Doorkeeper(instance, settings, noting(instance), PublicKeys(instance).verifier)
    known = verbs(daemon)
    return await serve_control(instance.control, known, partial(leaves, door, known))


def leaves(door: Doorkeeper, known: Iterable[str], peer: Peer) -> dict[str, Verb]:
    """What *peer* must be granted, by verb; those that are free need nothing."""

    def asking(verb: str) -> Verb:
        return lambda wish: door.let_in(door.login(peer, str(wish.get("login", ""))), VERBS[verb], wish)

    return {verb: asking(verb) for verb in known if VERBS.get(verb) not in FREE}


def verbs(daemon: "Daemon") -> dict[str, Verb]:
    """The daemon's verbs by name. Those about an agent take `agent`, pause also `reason`; instants are ISO 8601."""
    queues = daemon.queues

    def reload(wish: Wish) -> Any:
        return {"version": daemon.reload_rules().version}

    return {
        "rules.reload": reload,
        "overrides.reload": lambda wish: daemon.overrides.reload(),
        "calls": lambda wish: _calls(daemon),
        "status": lambda wish: _status(daemon),
        "queues": lambda wish: queues.status()["queues"],
        "agents": lambda wish: queues.status()["agents"],
        "floor": lambda wish: {**queues.status(), "callbacks": daemon.callbacks.rows()},
        "callers": lambda wish: queues.callers(wish["queue"]),
        **_promises(daemon),
        **{name: _kept(daemon, verb) for name, verb in _changes(daemon).items()},
    }


def _calls(daemon: "Daemon") -> Any:
    now = daemon.clock()
    return [
        {
            "call": call.call,
            "flow": call.machine.flow,
            "step": call.machine.at_step,
            "version": call.machine.version,
            "language": call.machine.language,
            "seconds": int((now - call.arrived.at).total_seconds()),
            "in_dialplan": call.away,
        }
        for call in daemon.dispatcher.calls.values()
    ]


def _promises(daemon: "Daemon") -> dict[str, Verb]:
    pages = daemon.pages
    return {
        "callbacks": lambda wish: daemon.callbacks.rows(),
        "callback.number": lambda wish: daemon.callbacks.number(wish["callback"]),
        "oncall.pages": lambda wish: pages.rows(),
        "oncall.number": lambda wish: pages.number(wish["page"]),
        "oncall.reload": lambda wish: pages.reload_covers(),
        "oncall.standing": lambda wish: [asdict(cover) for cover in pages.standing()],
    }


def _status(daemon: "Daemon") -> dict[str, Any]:
    heartbeat, unsealed = daemon.supervisor.heartbeat, daemon.mailboxes.recordings.unsealed
    return {
        "release": __version__,
        "rules": daemon.rulebooks.current().version,
        "asterisk": daemon.connected,
        "healthy": daemon.supervisor.healthy,
        "heartbeat": datetime.fromtimestamp(heartbeat, UTC) if heartbeat else None,
        "calls": len(daemon.dispatcher.calls),
        "journal_waiting": daemon.journal.waiting,
        "selftest_failing": sorted({row["entry"] for row in daemon.selftests.rows() if not row["ok"]}),
        **daemon.upkeep.told(),
        "unsealed": [{"recordings": count, "why": why} for why, count in unsealed.items()],
    }


def _changes(daemon: "Daemon") -> dict[str, Verb]:
    queues = daemon.queues
    return {
        "callback.close": lambda wish: daemon.callbacks.close(wish["callback"], wish["outcome"]),
        "inbox.call": lambda wish: daemon.items.ring(wish),
        "oncall.accept": lambda wish: daemon.pages.accept(wish["page"], wish["who"]),
        "oncall.close": lambda wish: daemon.pages.close(wish["page"], wish["who"], wish["outcome"]),
        "oncall.taken": lambda wish: daemon.items.taken(wish["calls"], wish["who"], wish.get("outcome", "")),
        "oncall.confirm": lambda wish: daemon.pages.confirm(wish["rota"]),
        "selftest.rows": lambda wish: daemon.selftests.rows(),
        "selftest.begin": lambda wish: daemon.selftests.begin(),
        "selftest.keep": lambda wish: daemon.selftests.keep(wish["row"]),
        "agent.login": lambda wish: queues.log_in(wish["agent"], _phone(daemon, wish.get("phone", ""))),
        "agent.logout": lambda wish: queues.log_out(wish["agent"]),
        "agent.pause": lambda wish: queues.pause(wish["agent"], wish.get("reason", "")),
        "queue.add": lambda wish: queues.join_queue(wish["agent"], wish["queue"], int(wish.get("penalty", 0))),
        "queue.remove": lambda wish: queues.leave_queue(wish["agent"], wish["queue"]),
        "queue.mode": lambda wish: queues.decide(
            wish["queue"], Mode(wish["mode"]), _instant(wish.get("until")), str(wish.get("who", ""))
        ),
        "agent.unpause": lambda wish: queues.unpause(wish["agent"]),
    }


def _phone(daemon: "Daemon", extension: str) -> str:
    if extension and extension not in daemon.rulebooks.current().phones:
        raise ClinicPBXError(f"no phone {extension!r}", do="See `clinicpbx codes`")
    return extension


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _kept(daemon: "Daemon", verb: Verb) -> Verb:
    """What was answered is on disk: who was told so may rely on it."""

    def change(wish: Wish) -> Any:
        answer = verb(wish)
        daemon.journal.commit()
        return answer

    return change
