"""``vocred doctor``: whether a service's data are what they have to be. It never writes.

It may run while the service runs: it reads one committed state of each database. What it finds is one line a
check, with what to do; the exit status is 1 when something is wrong.
"""

import json
import os
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from ledger.transport import Transport
from vocred.operating import files, instances
from vocred.operating.checks import Check, Outcome, run
from vocred.operating.instances import SERVICES, Instance

_MODULES = {service: f"vocred.operating.of_{service}" for service in SERVICES}


@click.command()
@click.argument("services", nargs=-1, type=click.Choice(SERVICES))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--offline", is_flag=True, help="Leave out what asks the ledger.")
def doctor(services: tuple[str, ...], as_json: bool, offline: bool) -> None:
    """Check the data of SERVICES; of every one whose HOME is set, when none is named. Writes nothing."""
    named = services or tuple(instances.present(os.environ))
    if not named:
        raise click.UsageError(
            "name a service, or set ISSUER_HOME, LEDGER_HOME, VERIFIER_HOME or WALLET_HOME"
        )
    found = {service: examine(service, os.environ, offline=offline, say=not as_json) for service in named}
    sound = all(outcome.passed for outcomes in found.values() for outcome in outcomes)
    if as_json:
        click.echo(json.dumps(_document(found, sound=sound), ensure_ascii=False))
    elif sound:
        click.echo("nothing is wrong")
    if not sound:
        raise click.exceptions.Exit(1)


def examine(
    service: str,
    environ: Mapping[str, str],
    *,
    offline: bool,
    say: bool = False,
    now: int | None = None,
    http: Transport | None = None,
) -> list[Outcome]:
    """Run every check of one service.

    Args:
        service: The service.
        environ: Its settings.
        offline: Leave out what asks the ledger.
        say: Print each outcome as it comes.
        now: Seconds since 1970; the clock's when absent.
        http: How the ledger is asked; the usual way when absent.
    """
    moment = int(time.time()) if now is None else now
    outcomes: list[Outcome] = []
    opened: list[Instance] = []

    def settings() -> str:
        opened.append(instances.read(service, environ, http=http))
        return "complete"

    def note(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if say:
            _print(service, outcome)

    for outcome in run([Check("settings", settings, "set what the message names")]):
        note(outcome)
    for instance in opened:
        for outcome in run(checks(instance, offline=offline, now=moment)):
            note(outcome)
    return outcomes


def checks(instance: Instance, *, offline: bool, now: int) -> list[Check]:
    """Return what is checked of an instance, files first; without its database, there is nothing else."""
    if instance.database is not None and not instance.database.is_file():
        return files.checks(instance)
    of_service = import_module(_MODULES[instance.service])
    found: list[Check] = [*files.checks(instance), *of_service.checks(instance, now=now)]
    if not offline:
        found += of_service.ledger_checks(instance, now=now)
    return found


def _print(service: str, outcome: Outcome) -> None:
    if outcome.passed:
        click.echo(f"ok    {service}: {outcome.check}: {outcome.said}")
    else:
        click.echo(f"WRONG {service}: {outcome.check}: {outcome.said} [{outcome.code}]")
        click.echo(f"      {outcome.advice}")


def _document(found: Mapping[str, list[Outcome]], *, sound: bool) -> dict[str, Any]:
    return {
        "sound": sound,
        "services": {
            service: [outcome.document() for outcome in outcomes] for service, outcomes in found.items()
        },
    }
