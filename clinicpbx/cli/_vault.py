"""The command line's questions to the vault process, and confirmation of what cannot be undone."""

import sys
from typing import Any

import click

from clinicpbx.paths import Instance


def vault(instance: Instance, do: str, **wish: object) -> Any:
    """The vault's answer. It knows who asks by itself; root says whom it acts for."""
    from clinicpbx.daemon.login import login_behind
    from clinicpbx.daemon.vault_client import ask_vault

    return ask_vault(instance, do, login=login_behind(instance), **wish)


def confirm(question: str, yes: bool) -> None:
    """Asks at a terminal; UsageError without one unless *yes*."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("without a terminal give --yes")
    click.confirm(question, abort=True, err=True)


def secret_line(prompt: str, *, twice: bool = False) -> str:
    """A secret: asked for at a terminal, else one line of stdin; never an argument."""
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True))
    return sys.stdin.readline().rstrip("\n")
