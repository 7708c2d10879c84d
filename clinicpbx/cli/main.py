"""The command `clinicpbx`: every module here with a `command` is one of its groups, loaded when named."""

import errno
import importlib
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from clinicpbx import __version__
from clinicpbx.errors import ClinicPBXError, NotPermitted
from clinicpbx.paths import Instance

HERE = Path(__file__).parent
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
PLAIN = {"__init__", "main", "output"}


def _names() -> dict[str, str]:
    """Command name → module; a module `on_call` is the command `on-call`."""
    found = (path.stem for path in sorted(HERE.glob("*.py")))
    return {stem.replace("_", "-"): stem for stem in found if stem not in PLAIN and not stem.startswith("_")}


class Commands(click.Group):
    """Lists commands without importing them: the one-line help is the module's docstring."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_names())

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        module = _names().get(name)
        if module is None:
            return None
        from clinicpbx.cli._leave import guard

        command = getattr(importlib.import_module(f"clinicpbx.cli.{module}"), "command", None)
        return guard(command, name) if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and args[0] not in _names() and not args[0].startswith("-"):
            near = get_close_matches(args[0], _names(), 1)
            ctx.fail(f"no command {args[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, _summary(HERE / f"{module}.py")) for name, module in _names().items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _summary(path: Path) -> str:
    """The module's one-line docstring, without running or parsing the module."""
    with path.open(encoding="utf-8") as lines:
        return lines.readline().strip().strip('"')


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the instance (else $CLINICPBX_HOME, else /var/lib/clinicpbx).",
)
@click.version_option(__version__, prog_name="clinicpbx")
@click.pass_context
def command(ctx: click.Context, home: Path | None) -> None:
    """ClinicPBX: no patient request is ever without an owner and an outcome.

    Reading commands take --json. Data goes to stdout, words to stderr. Exit codes: 0 ok, 1 failed, 2 usage,
    65 rules or data refused, 69 Asterisk or database not reachable, 77 not permitted.

    \b
    Examples:
      clinicpbx --home ./instance prepare --example harbor
      clinicpbx rules explain --dial +12075550100 --press 1,1
      clinicpbx calls list --since 24h
    """
    ctx.obj = Instance.at(home)


def main(args: list[str] | None = None) -> Any:
    """Runs the command line; never returns normally."""
    try:
        code = command.main(args, prog_name="clinicpbx", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except ClinicPBXError as error:
        click.echo(f"clinicpbx: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Aborted.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        forbidden = error.errno in FORBIDDEN
        do = ". Run it as root, or as the user of the instance's processes" if forbidden else ""
        click.echo(f"clinicpbx: {place}{error.strerror or error}{do}", err=True)
        sys.exit(NotPermitted.exit_code if forbidden else 1)


if __name__ == "__main__":
    main()
