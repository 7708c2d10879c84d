"""Before a command is done: whether this login may, and its row in the audit log."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import click

from clinicpbx.cli.output import say
from clinicpbx.core.audit.entry import Entry, Value
from clinicpbx.core.roles import ACTS, Act, acts_of, may
from clinicpbx.daemon.login import Login, login
from clinicpbx.errors import ClinicPBXError, NotPermitted
from clinicpbx.paths import Instance
from clinicpbx.settings import Settings, read_settings

GUARDED = {key.split(" --")[0] for key, act in ACTS.items() if not act.asked}


def guard(command: click.Command, words: str) -> click.Command:
    """*command*, known as *words*, and those below it: each that core.roles names asks for leave first."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            guard(below, f"{words} {name}")
    body = command.callback
    if words in GUARDED and body is not None and not hasattr(body, "asks_for_leave"):
        command.callback = _asking(body, words)
    return command


def _asking(body: Callable[..., Any], words: str) -> Callable[..., Any]:
    @wraps(body)
    def asking(*args: Any, **kwargs: Any) -> Any:
        context = click.get_current_context()
        instance = context.find_object(Instance)
        # a group with a command of its own, and an instance that is not there, have nothing to ask for
        if context.invoked_subcommand is not None or instance is None or not instance.keys.is_dir():
            return body(*args, **kwargs)
        with _noted(instance, words, context.params) as results:
            results.append(body(*args, **kwargs))
        return results[0]

    asking.asks_for_leave = True  # type: ignore[attr-defined]
    return asking


@contextmanager
def _noted(instance: Instance, words: str, parameters: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Rows for the command before it is done, and after it for what came of it. Errors: NotPermitted, noted as well."""
    settings = read_settings(instance)
    who = login(instance, settings)
    acts = acts_of(words, [name for name, value in parameters.items() if value is True])
    for act in acts:
        _ask(instance, settings, who, words, act, parameters)
    results: list[Any] = []
    try:
        yield results
    except Exception:
        if any(act.action for act in acts):
            with suppress(ClinicPBXError):
                note(instance, settings, Entry(who.name, "failed", _object(acts[0], parameters), {"command": words}))
        raise
    for act in acts:
        if act.result:
            note(instance, settings, Entry(who.name, act.result, str(results[0])))


def _ask(
    instance: Instance, settings: Settings, who: Login, words: str, act: Act, parameters: Mapping[str, Any]
) -> None:
    thing, by_glass = _object(act, parameters), False
    if not may(act, who.roles, False):
        by_glass = may(act, who.roles, act.clinical and _glass(instance, who))
        if not by_glass:
            # whoever may not write here either is refused all the same
            with suppress(ClinicPBXError):
                note(instance, settings, Entry(who.name, "refused", thing, {"command": words}))
            raise _refusal(settings, who, act)
    if act.action or by_glass:
        detail = _detail(act, parameters) | ({"break_glass": True} if by_glass else {})
        note(instance, settings, Entry(who.name, act.action or words.replace(" ", "."), thing, detail))


def _glass(instance: Instance, who: Login) -> bool:
    from clinicpbx.daemon.break_glass import broken_here

    return any(glass.login == who.name for glass in broken_here(instance, datetime.now(UTC)))


def _refusal(settings: Settings, who: Login, act: Act) -> NotPermitted:
    groups = ", ".join(sorted(getattr(settings, f"group_{role}") for role in act.roles))
    glass = '; in an emergency: clinicpbx break-glass --reason "…"' if act.clinical else ""
    needed = " or ".join(sorted(act.roles))
    return NotPermitted(f"{who.name} may not: it takes the role {needed}", do=f"Unix groups {groups}{glass}")


def note(instance: Instance, settings: Settings, entry: Entry) -> None:
    """Writes *entry*; says so where it waits for the database. ClinicPBXError where it can be written nowhere."""
    from clinicpbx.daemon.audit_trail import record

    try:
        waits = not record(instance, settings, entry)
    except OSError as error:
        what, do = f"no audit row can be written ({error.strerror})", "What is not noted is not done"
        raise ClinicPBXError(what, where=str(instance.audit), do=do) from None
    # before the listener first ran there is no database to be away
    if waits and (settings.database_url or instance.database.exists()):
        say("the database is away: the audit log's row waits in a file")


def _object(act: Act, parameters: Mapping[str, Any]) -> str:
    return "/".join(str(parameters[name]) for name in act.object if parameters.get(name))


def _detail(act: Act, parameters: Mapping[str, Any]) -> dict[str, Value]:
    found = {name: parameters.get(name) for name in act.detail}
    return {name: _plain(value) for name, value in found.items() if value not in (None, "", False)}


def _plain(value: object) -> Value:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, bool | int | str):
        return value
    return [str(one) for one in value] if isinstance(value, Sequence) else str(value)
