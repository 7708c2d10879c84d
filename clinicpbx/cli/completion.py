"""Prints the completion script for bash, zsh or fish."""

import click
from click.shell_completion import get_completion_class

from clinicpbx.cli.output import say

VARIABLE = "_CLINICPBX_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    Examples:
      clinicpbx completion bash > /etc/bash_completion.d/clinicpbx
      clinicpbx completion fish > ~/.config/fish/completions/clinicpbx.fish
    """
    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(completion(ctx.find_root().command, {}, "clinicpbx", VARIABLE).source())
    say(f"Completion for {shell} printed; put it where your shell looks for it.")
