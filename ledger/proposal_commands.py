"""``propose ACTION``: whatever the members can decide, one command for each action.

A command makes the action's body from what people hand over; the group that it is called in signs and says
how the proposal stands: that of ``vocred ledger`` with the key of a desk, that of ``vocred issuer`` with the
key of the member's own service.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ledger import desk, proposing
from ledger.client import LedgerClient
from ledger.core.members import ACCREDITOR
from ledger.proposing import InputError
from ledger.registry import issuer_key, member_key

DEFAULT_DAYS = 7

F = TypeVar("F", bound=Callable[..., Any])


Make = Callable[[LedgerClient, int], list[Any]]
"""Makes the action of a proposal, by what a ledger knows at a moment in seconds."""


class Proposals(click.Group):
    """A group of these commands, and how its proposals are signed and brought before the members."""

    def __init__(self, *arguments: Any, speak: Callable[..., None], **options: Any) -> None:
        """Make an empty group.

        Args:
            arguments: Those of a group.
            speak: Takes a ``Make``, and the values of ``proposal_options``.
            options: Those of a group.
        """
        super().__init__(*arguments, **options)
        self.speak = speak


def _propose(make: Make, **common: Any) -> None:
    """Bring an action before the members, in the way of the group that the command was called in."""
    parent = click.get_current_context().parent
    assert parent is not None  # no command of this module is called but in a group
    assert isinstance(parent.command, Proposals)
    parent.command.speak(make, **common)


def _made(action: list[Any]) -> Make:
    """Return an action that needs nothing of the ledger."""
    return lambda _client, _now: action


def proposal_options(command: F) -> F:
    """Add the options that every proposal has."""
    expires = click.option("--expires", help="When the vote ends: a date, a time or seconds; else in 7 days.")
    return desk.as_member(expires(desk.as_json(command)))


@click.command("admit")
@click.option(
    "--keys", type=desk.a_file, required=True, help="What the new member's keygen printed (--json)."
)
@click.option("--name-zh", required=True)
@click.option("--name-en", required=True)
@click.option("--credit-code", required=True, help="Its unified social credit code.")
@click.option("--role", "roles", multiple=True, required=True, help="Such as college, enterprise, body.")
@click.option("--type", "types", multiple=True, help="A type that it may grant, as an accreditor.")
@proposal_options
def propose_admit(
    *,
    keys: Path,
    name_zh: str,
    name_en: str,
    credit_code: str,
    roles: Sequence[str],
    types: Sequence[str],
    **common: Any,
) -> None:
    """Admit a member."""
    names = {"zh": name_zh, "en": name_en}
    action = proposing.admit(
        desk.read_json(keys),
        names=names,
        credit_code=credit_code,
        roles=[*roles, *([ACCREDITOR] if types else [])],
        types=types,
    )
    _propose(_made(action), **common)


@click.command("remove")
@click.argument("did")
@proposal_options
def propose_remove(did: str, **common: Any) -> None:
    """Remove the member DID."""
    _propose(_made(proposing.remove(did)), **common)


@click.command("signer.set")
@click.option("--keys", type=desk.a_file, help="What the member's `vocred ledger join` printed (--json).")
@click.option("--stop", metavar="DID", help="Instead: this member's node stops signing.")
@click.option(
    "--unannounced", "anyhow", is_flag=True, help="Even where a signer has not said where its node is."
)
@proposal_options
def propose_signer(keys: Path | None, stop: str | None, anyhow: bool, **common: Any) -> None:
    """Let a member's node sign, with these keys from now on, or stop signing."""
    if (keys is None) == (stop is None):
        raise InputError("name --keys, or --stop, and not both")
    if keys is None:
        _propose(_made(proposing.stop_signing(str(stop))), **common)
        return
    action = proposing.set_signer(desk.read_json(keys))

    def make(client: LedgerClient, now: int) -> list[Any]:
        silent = [] if anyhow else proposing.unannounced(client, action[1]["member"], now=now)
        if silent:
            raise InputError(
                f"{', '.join(silent)} first says where its node is: `vocred ledger endpoint --node URL` "
                "(or propose with --unannounced)"
            )
        return action

    _propose(make, **common)


def rotated(command: F) -> F:
    """Add the options of whatever puts another key in the place of one."""
    keys = click.option(
        "--keys",
        type=desk.a_file,
        required=True,
        help="What keygen printed; for submission and document, `vocred issuer registration` (--json).",
    )
    role = click.option("--role", type=click.Choice(proposing.ROTATED_ROLES), required=True)
    theft = click.option(
        "--compromised-since", "theft", help="Since when another may have had the old one: a date or a time."
    )
    return keys(role(theft(command)))


def moment_or_none(text: str | None) -> int | None:
    """Read a date or a time, if one is given."""
    return None if text is None else proposing.moment(text)


@click.command("rotate-lost-key")
@rotated
@click.option("--did", help="Whose; else the DID that the keys name.")
@proposal_options
def propose_rotation(keys: Path, role: str, theft: str | None, did: str | None, **common: Any) -> None:
    """Give a member or issuer another key where its governance key is lost.

    A governance key that is not lost takes the proposal back: `vocred ledger withdraw`.
    """
    since = moment_or_none(theft)
    action = proposing.rotate_lost_key(desk.read_json(keys), role=role, did=did, compromised_since=since)
    _propose(_made(action), **common)


@click.command("suspend-issuer")
@click.argument("did")
@click.option("--from", "start", help="Since when: a date, a time or seconds; else from the effect on.")
@click.option("--until", help="The first moment that is no longer covered; else without end.")
@click.option("--lift", is_flag=True, help="End the suspension that runs, with the effect of the vote.")
@proposal_options
def propose_suspension(did: str, start: str | None, until: str | None, lift: bool, **common: Any) -> None:
    """Suspend the issuer DID: it anchors nothing meanwhile. Or lift, or prolong, its suspension.

    To set another end, name the suspension's own begin with --from.
    """
    if lift and (start or until):
        raise InputError("--lift goes with neither --from nor --until")

    def make(client: LedgerClient, now: int) -> list[Any]:
        if lift:
            begin = running_suspension(client, did, now=now)
            return proposing.suspend_issuer(did, start=begin, end=begin)
        begin = proposing.moment(start) if start else now
        return proposing.suspend_issuer(did, start=begin, end=moment_or_none(until))

    _propose(make, **common)


def running_suspension(client: LedgerClient, did: str, *, now: int) -> int:
    """Return when the suspension began that an issuer is under.

    Raises:
        InputError: It is under none.
    """
    snapshot, _ = client.snapshot([issuer_key(did)], now=now, max_age=0)
    record = snapshot.issuer(did)
    running = [] if record is None else [span.start for span in record.suspensions if now in span]
    if not running:
        raise InputError(f"{did} is not suspended")
    return running[-1]


@click.command("close-issuer")
@click.argument("did")
@proposal_options
def propose_closing(did: str, **common: Any) -> None:
    """Close the issuer DID for good; what it anchored stays, and its final lists hold without an end."""
    _propose(_made(proposing.close_issuer(did)), **common)


@click.command("params")
@click.option("--numbers", type=click.IntRange(0, 1 << 20), required=True, help="Per accreditor.")
@proposal_options
def propose_params(numbers: int, **common: Any) -> None:
    """Change how many issuer numbers each accreditor may give."""
    _propose(_made(proposing.change_params(numbers=numbers)), **common)


@click.command("upgrade")
@click.option("--app-version", type=click.IntRange(2), required=True, help="The next version of the rules.")
@click.option("--height", type=click.IntRange(1), required=True, help="From this block on.")
@proposal_options
def propose_upgrade(app_version: int, height: int, **common: Any) -> None:
    """Let the rules of a newer program be in force from a block on; every node has to run it by then."""
    _propose(_made(proposing.upgrade(app_version=app_version, height=height)), **common)


@click.command("issuer.put")
@click.option(
    "--registration", type=desk.a_file, required=True, help="What `vocred issuer registration` printed."
)
@click.option("--number", type=click.IntRange(0, (1 << 20) - 1), help="Else the smallest free one.")
@click.option("--keys", type=desk.a_file, help="For an issuer that is no member: what its keygen printed.")
@proposal_options
def propose_issuer(registration: Path, number: int | None, keys: Path | None, **common: Any) -> None:
    """Register an issuer, or bring its record up to date."""
    given, own = desk.read_json(registration), None if keys is None else desk.read_json(keys)
    did = str(given.get("did"))

    def make(client: LedgerClient, now: int) -> list[Any]:
        snapshot, _ = client.snapshot([member_key(did)], now=now)
        member = snapshot.member(did)
        return proposing.put_issuer(
            given,
            number=proposing.free_number(client, did=did, now=now) if number is None else number,
            governance=None if member is None else member.governance_key.cose_key,
            keys=own,
        )

    _propose(make, **common)


@click.command("accredit")
@click.option("--issuer", required=True, help="The issuer's DID.")
@click.option("--type", "credential_type", required=True, help="Such as GraduationCertificate.")
@click.option("--from", "start", required=True, help="Since when: a date, a time or seconds.")
@click.option("--until", help="The first moment that is no longer covered; else without end.")
@proposal_options
def propose_accredit(issuer: str, credential_type: str, start: str, until: str | None, **common: Any) -> None:
    """Let an issuer issue a type."""
    end = None if until is None else proposing.moment(until)
    action = proposing.accredit(
        issuer, credential_type=credential_type, start=proposing.moment(start), end=end
    )
    _propose(_made(action), **common)


@click.command("wallet.put")
@click.option("--registration", type=desk.a_file, required=True, help="JSON: tag, url, key, keyProof.")
@proposal_options
def propose_wallet(registration: Path, **common: Any) -> None:
    """Register a wallet that share links may name."""
    _propose(_made(proposing.put_wallet(desk.read_json(registration))), **common)


@click.command("agreement.end")
@click.argument("agreement_id")
@proposal_options
def propose_end(agreement_id: str, **common: Any) -> None:
    """End the agreement with that identifier, in all its versions."""
    _propose(_made(proposing.end_agreement(agreement_id)), **common)


COMMANDS = (
    propose_admit,
    propose_remove,
    propose_signer,
    propose_rotation,
    propose_issuer,
    propose_accredit,
    propose_suspension,
    propose_closing,
    propose_wallet,
    propose_params,
    propose_upgrade,
    propose_end,
)
"""A command for every action but those that carry the signatures of an agreement's parties."""
