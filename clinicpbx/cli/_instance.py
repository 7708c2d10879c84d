"""What commands need of the instance: that it is there, and the names in it, checked and completed."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from clinicpbx.errors import ClinicPBXError
from clinicpbx.paths import Instance

if TYPE_CHECKING:
    from clinicpbx.core.rulebook import Rulebook
    from clinicpbx.rules.compile import Rules

P = ParamSpec("P")
R = TypeVar("R")
Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def there(instance: Instance) -> None:
    """ClinicPBXError where *instance* was never prepared: a wrong --home must not look like an empty clinic."""
    if not instance.keys.is_dir():
        do = f"Name another with --home, or make it: clinicpbx --home {instance.home} prepare"
        raise ClinicPBXError("there is no instance here", where=str(instance.home), do=do)


def rules_in_force(instance: Instance) -> "Rules":
    """The rules that were applied. Errors: ClinicPBXError where there are none."""
    from clinicpbx.rules.compile import read_rules

    in_force = instance.current / "rules" / instance.clinic.name
    return read_rules(in_force, datetime.now(UTC).date(), in_force=True)


def rules_known(instance: Instance) -> "Rules":
    """The rules that were applied, else those that would be. Errors: ClinicPBXError."""
    from clinicpbx.rules.compile import read_rules

    if (instance.current / "rules" / instance.clinic.name).exists():
        return rules_in_force(instance)
    return read_rules(instance.clinic, datetime.now(UTC).date(), prove=False)


def pass_instance(body: Callable[Concatenate[Instance, P], R]) -> Callable[P, R]:
    """Like click.pass_obj, for commands that cannot do without a prepared instance."""

    @wraps(body)
    def checked(instance: Instance, /, *args: P.args, **kwargs: P.kwargs) -> R:
        there(instance)
        return body(instance, *args, **kwargs)

    return click.pass_obj(checked)


def named(names: Callable[[Instance], Iterable[str]]) -> Complete:
    """Completion with what *names* says of the instance; nothing where it cannot say."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        with suppress(Exception):
            return [name for name in names(_instance(ctx)) if name.startswith(incomplete)]
        return []

    return complete


def ask_names(question: str, column: str) -> Complete:
    """Completion with a column of the daemon's answer to *question*."""

    def names(instance: Instance) -> list[str]:
        from clinicpbx.daemon.control_client import ask_daemon

        return [row[column] for row in ask_daemon(instance, {"do": question})]

    return named(names)


def mailboxes(instance: Instance) -> list[str]:
    """Mailboxes of the rules in force, and those that hold messages."""
    from clinicpbx.adapters.vault.letterbox import Letterbox
    from clinicpbx.daemon.rulebooks import Rulebooks

    found = set(Letterbox(instance).mailboxes())
    with suppress(ClinicPBXError):
        found |= set(Rulebooks(instance).load(datetime.now(UTC).date()).mailboxes)
    return sorted(found)


def book_in_force(instance: Instance) -> "Rulebook":
    """The rulebook in force; an empty one, with the defaults, where there is none."""
    from clinicpbx.core.rulebook import Rulebook
    from clinicpbx.daemon.rulebooks import Rulebooks

    try:
        return Rulebooks(instance).load(datetime.now(UTC).date())
    except ClinicPBXError:
        return Rulebook("", {})


class Mailbox(click.ParamType[str]):
    """The name of a mailbox that there is."""

    name = "MAILBOX"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from clinicpbx.adapters.vault.names import checked

        assert ctx is not None
        instance = _instance(ctx)
        there(instance)
        known = mailboxes(instance)
        if checked(value, "mailbox") not in known:
            raise ClinicPBXError(f"no mailbox {value!r}", do=f"There are {', '.join(known) or 'none yet'}")
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        return [click.shell_completion.CompletionItem(name) for name in named(mailboxes)(ctx, param, incomplete)]


def _instance(ctx: click.Context) -> Instance:
    """While completing no command has run: only the words on the line are known."""
    return Instance.at(ctx.find_root().params.get("home"))
