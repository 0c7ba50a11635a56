"""What every command of ``vocred issuer`` begins and ends with: an open issuer, officers, one printed object.

Each part of the issuer has its commands in a ``commands`` module of its own, which stands on this one.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from sqlite_utils import Database

from issuer import anchoring, approval, officers, settings
from issuer.audit import Actor
from issuer.errors import ForbiddenError, IssuerError, SameOfficerError
from issuer.ledger_client import connect_ledger, connect_mirrors
from issuer.migrations import migrations
from issuer.parts import Parts, make_parts
from ledger.client import Transport
from web import database
from web.errors import SettingsError
from web.migrations import require_current

SETTLE_SECONDS = 60
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Outside:
    """What a command takes from outside besides the environment; tests hand over their own."""

    clock: Callable[[], float] = time.time
    http: Transport | None = None


@dataclass(frozen=True)
class Session:
    """An open issuer: its database, its collaborators, and the moment of the command."""

    db: Database
    parts: Parts
    now: int

    def officer(self, name: str) -> Actor:
        """Return an officer who has shown the passphrase.

        Raises:
            ForbiddenError: The environment holds none for that name.
            SignInRefusedError: It is wrong.
        """
        passphrase = passphrase_of(name)
        actor = Actor(name, "command line")
        officers.authenticate(self.db, name=name, passphrase=passphrase, actor=actor, now=self.now)
        return actor


@contextmanager
def opened(*, ledger: bool = False) -> Iterator[Session]:
    """Open the issuer of the environment for one command.

    Args:
        ledger: Whether the command speaks with the ledger.

    Raises:
        SettingsError: No issuer is set up in ``ISSUER_HOME``, or a setting is missing.
    """
    read = settings.read(os.environ)
    if not read.database.is_file():
        raise SettingsError("no issuer is set up in ISSUER_HOME; run: vocred issuer init")
    require_current(read.database, migrations, command="vocred issuer migrate")
    parts = _parts(read) if ledger else make_parts(read)
    db = database.connect(read.database)
    try:
        yield Session(db, parts, now())
    finally:
        db.close()


def _parts(read: settings.IssuerSettings) -> Parts:
    """Return the collaborators of a command that speaks with the ledger, and with the mirrors."""
    http = _outside().http
    client = connect_ledger(read, http=http)
    return make_parts(read, ledger=client, mirrors=connect_mirrors(read, client) if http is None else None)


def now() -> int:
    """Return the time in whole seconds since 1970."""
    return int(_outside().clock())


def _outside() -> Outside:
    context = click.get_current_context(silent=True)
    return (context.find_object(Outside) if context is not None else None) or Outside()


def passphrase_of(name: str) -> str:
    """Return an officer's passphrase from ``ISSUER_PASSPHRASE_<NAME>``.

    Raises:
        ForbiddenError: It is not set.
    """
    officers.check_name(name)
    passphrase = os.environ.get(f"ISSUER_PASSPHRASE_{name.upper()}", "")
    if not passphrase:
        raise ForbiddenError(f"set ISSUER_PASSPHRASE_{name.upper()}: every officer named gives a passphrase")
    return passphrase


def governance_passphrase(*, following: bool = False) -> str:
    """Return the passphrase of the member's governance key, for one act.

    Args:
        following: Instead that of the key that is to follow: ``ISSUER_GOVERNANCE_PASSPHRASE_NEXT``.

    Raises:
        ForbiddenError: It is not set.
    """
    name = "ISSUER_GOVERNANCE_PASSPHRASE" + ("_NEXT" if following else "")
    passphrase = os.environ.get(name, "")
    if not passphrase:
        raise ForbiddenError(f"set {name}: it opens the governance key for this act")
    return passphrase


def approve_act(session: Session, actor: Actor, act_id: str) -> Mapping[str, Any]:
    """Approve an act as its second officer, and return what came of it."""
    (outcome,) = approval.approve(session.db, session.parts, actor=actor, act_ids=[act_id], now=session.now)
    if outcome.error is not None:
        raise outcome.error
    return outcome.result


def two(
    session: Session,
    first: Actor,
    second: Actor,
    *,
    kind: str,
    subject: str,
    arguments: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """Have one officer submit an act and the other approve it; a refused one is withdrawn again."""
    if first.name == second.name:
        raise SameOfficerError("two different officers are needed")
    # A command that was killed in between has left its act behind: it is taken up again.
    left = approval.listing(session.db, kind=kind, subject=subject)
    if left and left[0].maker == first.name and left[0].arguments == (arguments or {}):
        act_id = left[0].id
    else:
        act_id = approval.submit(
            session.db,
            session.parts,
            actor=first,
            kind=kind,
            subject=subject,
            arguments=arguments,
            now=session.now,
        )
    try:
        return approve_act(session, second, act_id)
    except IssuerError:
        approval.withdraw(session.db, actor=first, act_id=act_id, now=session.now)
        raise


def settle(session: Session) -> anchoring.AnchoringState:
    """Do rounds until nothing waits or one fails; another process may be doing them already."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        state = anchoring.anchor_pending(session.db, session.parts, now=now(), at_once=True)
        done = not state.pending and not anchoring.due(session.db, session.parts, now=now())
        if done or state.problem is not None or time.monotonic() > end:
            return state
        time.sleep(LOOK_SECONDS)


def say(document: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what a command did: one JSON object, or a line for each of its members."""
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    for name, value in document.items():
        click.echo(
            f"{name}: {value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)}"
        )
