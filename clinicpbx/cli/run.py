"""Run one of the instance's processes in the foreground, as systemd does."""

import importlib
import os
from typing import Any, cast

import click

from clinicpbx.paths import Instance
from clinicpbx.settings import read_settings


@click.group()
def command() -> None:
    """Run one of the instance's processes in the foreground, as systemd does.

    Each ends cleanly at SIGTERM; callers who wait stay in Asterisk for the next daemon.
    """


@command.command()
@click.pass_obj
def daemon(instance: Instance) -> None:
    """The call daemon: call flows, queues, voicemail."""
    from clinicpbx.daemon.app import run_daemon

    run_daemon(instance, read_settings(instance))


@command.command()
@click.pass_obj
def listener(instance: Instance) -> None:
    """The listener that turns what Asterisk wrote into call records."""
    module = cast(Any, importlib.import_module("clinicpbx.daemon.listener"))
    module.run_listener(instance, read_settings(instance))


@command.command()
@click.pass_context
def rescuer(ctx: click.Context) -> None:
    """The rescuer: sends waiting callers to the fallback while the daemon is dead or hangs."""
    from clinicpbx.daemon.rescuer import main

    ctx.exit(main(str(ctx.obj.home)))


@command.command()
@click.pass_obj
def asterisk(instance: Instance) -> None:
    """Asterisk itself, with the instance's configuration; this process becomes it."""
    from clinicpbx.adapters.asterisk.instance import asterisk_command, make_instance

    settings = read_settings(instance)
    make_instance(instance, settings)
    words = asterisk_command(instance, settings)
    os.execvp(words[0], words)  # noqa: S606
