"""``vocred``: the one command line. A service's commands are imported when they are asked for."""

import os
import sys
from importlib import import_module

import click

_COMMANDS = {
    "backup": ("vocred.operating.backup:backup", "Copy a service's data while it runs."),
    "demo": ("vocred.demo:demo", "Run the life of a credential on this machine."),
    "doctor": ("vocred.operating.doctor:doctor", "Check a service's data; write nothing."),
    "issuer": ("issuer.cli:cli", "Import, approve, sign, anchor, revoke."),
    "ledger": ("ledger.cli:cli", "Keep the consortium's ledger: keys, proposals, votes."),
    "restore": ("vocred.operating.restore:restore", "Put a backup in a stopped service's place."),
    "serve": ("vocred.serving:serve", "Run a service and its workers."),
    "verify": ("verifier.cli:verify", "Check a certificate's file, link or code."),
    "wallet": ("wallet.cli:cli", "Claim, list and share certificates."),
}


class _LazyGroup(click.Group):
    """Knows the names and help of its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        return getattr(import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(_COMMANDS.items())])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vocred")
def cli() -> None:
    """Issue, hold, share and verify vocational-education credentials."""


def main() -> None:
    """Run the command line; a refusal of ours is one line on stderr and exit status 1."""
    try:
        # What click returns here is the status of a command that ended itself; ours return nothing else.
        sys.exit(cli(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output is gone; Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        # A place that somebody named: one that is not there, or may not be written.
        click.echo(f"{error.filename}: {os.strerror(error.errno or 0)} [FILE_ERROR]", err=True)
        sys.exit(1)
    except Exception as error:
        if not all(isinstance(getattr(error, name, None), str) for name in ("code", "type", "title")):
            raise
        click.echo(f"{error.title}: {error} [{error.code}]", err=True)
        sys.exit(1)
