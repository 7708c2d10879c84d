"""Run one of the instance's processes in the foreground, as systemd does."""

import importlib
import os
import sys
from typing import Any, cast

import click

from clinicpbx.cli._instance import pass_instance
from clinicpbx.paths import Instance
from clinicpbx.settings import read_settings


@click.group()
def command() -> None:
    """Run one of the instance's processes in the foreground, as systemd does.

    Each ends cleanly at SIGTERM; callers who wait stay in Asterisk for the next daemon.

    \b
    Examples:
      clinicpbx run asterisk
      clinicpbx --home ./instance run daemon
    """


@command.command()
@pass_instance
def daemon(instance: Instance) -> None:
    """The call daemon: call flows, queues, voicemail.

    \b
    Example:
      clinicpbx run daemon
    """
    from clinicpbx.daemon.run import run_daemon

    run_daemon(instance, read_settings(instance))


@command.command()
@pass_instance
def vault(instance: Instance) -> None:
    """The vault: alone it opens messages, and notes who hears them.

    \b
    Example:
      clinicpbx run vault
    """
    from clinicpbx.daemon.vault_process import run_vault

    run_vault(instance, read_settings(instance))


@command.command()
@pass_instance
def listener(instance: Instance) -> None:
    """The listener that turns what Asterisk wrote into call records.

    \b
    Example:
      clinicpbx run listener
    """
    module = cast(Any, importlib.import_module("clinicpbx.daemon.listener"))
    module.run_listener(instance, read_settings(instance))


@command.command()
@pass_instance
def notifier(instance: Instance) -> None:
    """The notifier: tells people what happened, by mail, webhooks and messages to phones.

    \b
    Example:
      clinicpbx run notifier
    """
    from clinicpbx.daemon.notifier import run_notifier

    run_notifier(instance, read_settings(instance))


@command.command()
@pass_instance
def rescuer(instance: Instance) -> None:
    """The rescuer: sends waiting callers to the fallback while the daemon is dead or hangs.

    \b
    Example:
      clinicpbx run rescuer
    """
    from clinicpbx.daemon.rescuer import main

    sys.exit(main(str(instance.home)))


@command.command()
@click.pass_obj
def asterisk(instance: Instance) -> None:
    """Asterisk itself, with the instance's configuration; this process becomes it.

    \b
    Example:
      clinicpbx run asterisk
    """
    from clinicpbx.adapters.asterisk.instance import asterisk_command, make_instance

    settings = read_settings(instance)
    make_instance(instance, settings)
    words = asterisk_command(instance, settings)
    os.execvp(words[0], words)  # noqa: S606
