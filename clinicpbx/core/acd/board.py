"""The live view of queues and agents: plain values, ready for JSON."""

from collections import Counter
from datetime import datetime
from typing import Any

from clinicpbx.core.acd.agent import Agent, Free, Resting, WrapUp
from clinicpbx.core.acd.floor import Floor
from clinicpbx.core.acd.modes import Mode
from clinicpbx.core.acd.queue import Caller, Queue

Row = dict[str, Any]
STATES = ("free", "offered", "talking", "wrap-up", "resting", "busy", "paused", "unreachable", "logged out")


def queue_rows(floor: Floor, at: datetime) -> list[Row]:
    """One row a queue: callers *waiting* and *ringing*, *longest_wait* in seconds, and its members by state.

    *logged_in* counts those who are, whatever they do. *until*, *by*: of its mode; null and "" where it is open.
    """
    ringing = Counter(caller.queue for caller in floor.callers.values() if caller.offer is not None)
    return [_queue_row(queue, ringing[name], at) for name, queue in sorted(floor.queues.items())]


def _queue_row(queue: Queue, ringing: int, at: datetime) -> Row:
    people = queue.people
    since = min((caller.since for caller in people), default=at)
    states = Counter(agent.state for agent in queue.members.values())
    return {
        "queue": queue.name,
        "mode": queue.mode.value,
        "until": queue.decided.until.isoformat() if queue.decided is not None and queue.decided.until else None,
        "by": queue.decided.who if queue.mode is not Mode.OPEN and queue.decided is not None else "",
        "waiting": len(people),
        "callbacks": len(queue.waiting) - len(people),
        "ringing": ringing,
        "longest_wait": round(max((at - since).total_seconds(), 0.0), 1),
        "staffed": queue.staffed,
        "logged_in": sum(agent.logged_in for agent in queue.members.values()),
        **{state.replace("-", "_").replace(" ", "_"): states[state] for state in STATES},
    }


def caller_rows(floor: Floor, queue: str, at: datetime) -> list[Row]:
    """One row a caller of *queue*, in their order: *needs* is what is asked of an agent now, *waited* in seconds."""
    here = sorted((caller for caller in floor.callers.values() if caller.queue == queue), key=lambda each: each.place)
    return [_caller_row(caller, at) for caller in here]


def _caller_row(caller: Caller, at: datetime) -> Row:
    stage = caller.stages[caller.stage]
    needs = [name if level == 1 else f"{name} {level}" for name, level in stage.skills]
    return {
        "queue": caller.queue,
        "call": caller.call,
        "kind": "call-back" if caller.callback else "caller",
        "waited": round(max((at - caller.since).total_seconds(), 0.0), 1),
        "priority": caller.priority,
        "needs": ", ".join([*needs, *([stage.agent] if stage.agent else [])]),
        "rings": " ".join(caller.offer.phones) if caller.offer is not None else "",
        "passed": " ".join(sorted(caller.passed)),
    }


def agent_rows(floor: Floor) -> list[Row]:
    """One row an agent; *desk*: hot where the phone is not the agent's own. *queue* and *call* are those of the offer,
    the talk or the wrap-up. *since*: ISO 8601."""
    return [_agent_row(agent) for _, agent in sorted(floor.agents.items())]


def _agent_row(agent: Agent) -> Row:
    queue, call = "", ""
    match agent.activity:
        case Free() | Resting():
            pass
        case WrapUp(queue=queue):
            pass
        case bound:
            queue, call = bound.queue, bound.call
    return {
        "agent": agent.name,
        "phone": agent.phone.extension,
        "desk": "hot" if agent.phone.extension not in ("", agent.rules.phone) else "",
        "state": agent.state,
        "reason": agent.paused or agent.why,
        "since": agent.state_since.isoformat(),
        "logged_in": agent.logged_in,
        "reachable": agent.phone.reachable,
        "queue": queue,
        "call": call,
        "queues": sorted(agent.queues),
        "skills": dict(sorted(agent.rules.skills.items())),
        "licences": list(agent.rules.licences),
        "taken": agent.taken,
    }
