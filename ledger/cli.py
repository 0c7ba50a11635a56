"""``vocred ledger``: what a member's governance officer does, and the beginning of a ledger.

A command opens the sealed key of ``--as MEMBER`` for one act, signs, and talks to the node at
``LEDGER_URL``; what the node answers is checked against the pin. Files lie in ``LEDGER_HOME``: ``pin`` (or
``LEDGER_PIN``), ``keys/``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from crypto import cbor, jcs, strict_json
from crypto.keys import PrivateKey
from ledger import governance_keys, proposing
from ledger.client import LedgerClient, StatementRefusedError, Transport
from ledger.core.genesis import DEFAULT_DELAY, make_genesis
from ledger.core.members import ACCREDITOR
from ledger.governance_keys import GovernanceKey
from ledger.proof.pins import Pin, PinStore
from ledger.proposing import InputError, PartySignature
from ledger.registry import GOVERNANCE, member_key
from ledger.settings import DATABASE, KEYS, PIN, RECEIPT_KEY, write_key
from ledger.statements import key_possession, parse_statement, sign_agreement, sign_statement
from web.errors import SettingsError


@dataclass(frozen=True)
class Outside:
    """What a command takes from outside: settings, time, the way to the node, randomness, opened keys."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Callable[[], float] = time.time
    http: Transport | None = None
    random: Callable[[int], bytes] = os.urandom
    open_key: Callable[..., GovernanceKey] = governance_keys.open_key


PIN_STORE = "pin.seen"
DEFAULT_DAYS = 7
_SEQUENCE_TRIES = 5

F = TypeVar("F", bound=Callable[..., Any])

as_member = click.option("--as", "member", required=True, metavar="MEMBER", help="Whose key signs.")
as_json = click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
a_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def cli() -> None:
    """Keep the consortium's ledger: keys, proposals, votes."""


@cli.command()
@as_member
@click.option("--did", required=True, help="The operator's DID.")
@click.option("--name-zh", required=True, help="Its name in Chinese.")
@click.option("--name-en", required=True, help="Its name in English.")
@click.option("--credit-code", required=True, help="Its unified social credit code.")
@click.option("--role", "roles", multiple=True, default=("operator",), show_default=True)
@click.option("--type", "types", multiple=True, help="A type that it may grant; it is an accreditor then.")
@click.option("--delay", type=click.IntRange(0), default=DEFAULT_DELAY, show_default=True)
@as_json
def init(
    *,
    member: str,
    did: str,
    name_zh: str,
    name_en: str,
    credit_code: str,
    roles: Sequence[str],
    types: Sequence[str],
    delay: int,
    as_json_: bool,
) -> None:
    """Begin a new ledger, with MEMBER as its first member and single operator.

    Votes on members and keys take effect --delay seconds after they are decided; it never changes.
    """
    home = _home(make=True)
    if (home / DATABASE).exists() or (home / PIN).exists():
        raise InputError("there is a ledger in LEDGER_HOME already; nothing was changed")
    made = _make_key(home, member, did=did, algorithm="Ed25519")
    receipt_key = PrivateKey.generate("Ed25519")
    operator = {
        "did": did,
        "names": {"zh": name_zh, "en": name_en},
        "code": credit_code,
        "roles": sorted({*roles, *([ACCREDITOR] if types else [])}),
        "types": sorted(set(types)),
        "governance": made.key.public.cose_key,
        "submission": None,
        "receipt": receipt_key.public.cose_key,
    }
    genesis = make_genesis(time=_now(), members=[operator], signers=[did], delay=delay)
    write_key(home / RECEIPT_KEY, receipt_key)
    # Only the first command of a ledger opens a database; the others start without one.
    from ledger.core.machine import Core

    Core.create(home / DATABASE, genesis).close()
    (home / PIN).write_bytes(Pin.from_genesis(genesis).to_bytes())
    _say(as_json_, genesis.chain_id, chainId=genesis.chain_id, pin=str(home / PIN), did=did)


@cli.command()
@as_member
@click.option("--did", required=True, help="The DID for which the key will speak.")
@click.option("--algorithm", type=click.Choice(["Ed25519", "P-256"]), default="Ed25519", show_default=True)
@as_json
def keygen(member: str, did: str, algorithm: str, as_json_: bool) -> None:
    """Make a governance key, sealed under LEDGER_PASSPHRASE_<MEMBER>, and print its public half.

    The JSON is what a member of the consortium needs to propose the admission.
    """
    chain_id = _pin(_home(make=True)).chain_id
    made = _make_key(_home(), member, did=did, algorithm=algorithm)
    proof = key_possession(made.key, chain_id=chain_id, did=did, role=GOVERNANCE)
    public = cbor.encode(made.key.public.cose_key).hex()
    possession = {GOVERNANCE: proof.hex()}
    _say(as_json_, f"{member} {did} {public}", name=member, did=did, governance=public, possession=possession)


@cli.command()
@click.argument("agreement", type=a_file)
@as_member
@click.option("--expires", help="When the vote ends: a date, a time or seconds; else in seven days.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Else AGREEMENT.MEMBER.sig")
@as_json
def sign(agreement: Path, member: str, expires: str | None, out: Path | None, as_json_: bool) -> None:
    """Sign AGREEMENT (JSON) as one of its parties.

    All parties sign for the same end of the vote, and the proposal ends then.
    """
    key, now = _open_key(member), _now()
    end = proposing.moment(expires) if expires else proposing.end_of_day(now, days=DEFAULT_DAYS)
    terms = proposing.agreement_terms(_read_json(agreement), chain_id=_pin(_home()).chain_id, expires=end)
    if key.did not in terms.parties:
        raise InputError(f"{key.did} is no party of this agreement")
    signed = PartySignature(key.did, end, sign_agreement(terms, party=key.did, key=key.key))
    place = out or agreement.with_name(f"{agreement.name}.{member}.sig")
    place.write_bytes(jcs.canonicalize(signed.to_json()))
    _say(as_json_, str(place), file=str(place), digest=terms.digest.hex(), **signed.to_json())


@cli.group()
def propose() -> None:
    """Propose something to the members; proposing is not voting."""


def _proposal(command: F) -> F:
    """Add the options that every proposal has."""
    expires = click.option("--expires", help="When the vote ends: a date, a time or seconds; else in 7 days.")
    return as_member(expires(as_json(command)))


@propose.command("admit")
@click.option("--keys", type=a_file, required=True, help="What the new member's keygen printed (--json).")
@click.option("--name-zh", required=True)
@click.option("--name-en", required=True)
@click.option("--credit-code", required=True, help="Its unified social credit code.")
@click.option("--role", "roles", multiple=True, required=True, help="Such as college, enterprise, body.")
@click.option("--type", "types", multiple=True, help="A type that it may grant, as an accreditor.")
@_proposal
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
        _read_json(keys),
        names=names,
        credit_code=credit_code,
        roles=[*roles, *([ACCREDITOR] if types else [])],
        types=types,
    )
    _propose(action, **common)


@propose.command("remove")
@click.argument("did")
@_proposal
def propose_remove(did: str, **common: Any) -> None:
    """Remove the member DID."""
    _propose(["remove", {"member": did}], **common)


@propose.command("issuer.put")
@click.option("--registration", type=a_file, required=True, help="What `vocred issuer registration` printed.")
@click.option("--number", type=click.IntRange(0, (1 << 20) - 1), help="Else the smallest free one.")
@click.option("--keys", type=a_file, help="For an issuer that is no member: what its keygen printed.")
@_proposal
def propose_issuer(registration: Path, number: int | None, keys: Path | None, **common: Any) -> None:
    """Register an issuer, or bring its record up to date."""
    client, now, given = _client(), _now(), _read_json(registration)
    did = str(given.get("did"))
    snapshot, _ = client.snapshot([member_key(did)], now=now)
    member = snapshot.member(did)
    action = proposing.put_issuer(
        given,
        number=proposing.free_number(client, did=did, now=now) if number is None else number,
        governance=None if member is None else member.governance_key.cose_key,
        keys=None if keys is None else _read_json(keys),
    )
    _propose(action, **common)


@propose.command("accredit")
@click.option("--issuer", required=True, help="The issuer's DID.")
@click.option("--type", "credential_type", required=True, help="Such as GraduationCertificate.")
@click.option("--from", "start", required=True, help="Since when: a date, a time or seconds.")
@click.option("--until", help="The first moment that is no longer covered; else without end.")
@_proposal
def propose_accredit(issuer: str, credential_type: str, start: str, until: str | None, **common: Any) -> None:
    """Let an issuer issue a type."""
    end = None if until is None else proposing.moment(until)
    action = proposing.accredit(
        issuer, credential_type=credential_type, start=proposing.moment(start), end=end
    )
    _propose(action, **common)


@propose.command("wallet.put")
@click.option("--registration", type=a_file, required=True, help="JSON: tag, url, key, keyProof.")
@_proposal
def propose_wallet(registration: Path, **common: Any) -> None:
    """Register a wallet that share links may name."""
    _propose(proposing.put_wallet(_read_json(registration)), **common)


def _agreement(command: F) -> F:
    """Add what the commands for a signed agreement have in common."""
    signatures = click.option(
        "--signature", "signatures", type=a_file, multiple=True, required=True, help="One per party."
    )
    return click.argument("agreement", type=a_file)(signatures(_proposal(command)))


@propose.command("agreement.start")
@_agreement
def propose_start(agreement: Path, signatures: Sequence[Path], **common: Any) -> None:
    """Put AGREEMENT, signed by all its parties, in force; the node keeps its document."""
    _propose_agreement(agreement, signatures, make=proposing.start_agreement, **common)


@propose.command("agreement.amend")
@_agreement
def propose_amend(agreement: Path, signatures: Sequence[Path], **common: Any) -> None:
    """Put AGREEMENT, the next version of one in force, signed by all its parties, in its place."""
    _propose_agreement(agreement, signatures, make=proposing.amend_agreement, **common)


def _propose_agreement(
    agreement: Path, signatures: Sequence[Path], *, make: Callable[..., list[Any]], **common: Any
) -> None:
    document = _read_json(agreement)
    signed = [PartySignature.from_json(_read_json(path)) for path in signatures]
    end = proposing.moment(common["expires"]) if common["expires"] else signed[0].expires
    client = _client()
    terms = proposing.agreement_terms(document, chain_id=client.chain_id, expires=end)
    _propose(make(terms, signed), **{**common, "expires": str(end)})
    # The node takes a document once the ledger names it; a crash before this line is mended by repeating it.
    client.put_document(jcs.canonicalize(document))


@propose.command("agreement.end")
@click.argument("agreement_id")
@_proposal
def propose_end(agreement_id: str, **common: Any) -> None:
    """End the agreement with that identifier, in all its versions."""
    _propose(proposing.end_agreement(agreement_id), **common)


@cli.command()
@click.argument("proposal")
@click.argument("answer", type=click.Choice(["yes", "no"]))
@as_member
@as_json
def vote(proposal: str, answer: str, member: str, as_json_: bool) -> None:
    """Vote yes or no on PROPOSAL (its id, or the beginning of it)."""
    client, now = _client(), _now()
    proposal_id = _find(client, proposal)
    _submit(client, member, "vote", {"proposal": proposal_id, "yes": answer == "yes"}, now=now)
    _tell(client, proposal_id, as_json_)


@cli.command()
@click.argument("proposal")
@as_member
@as_json
def withdraw(proposal: str, member: str, as_json_: bool) -> None:
    """Take one's own PROPOSAL back."""
    client, now = _client(), _now()
    proposal_id = _find(client, proposal)
    _submit(client, member, "withdraw", {"proposal": proposal_id}, now=now)
    _tell(client, proposal_id, as_json_)


def _propose(action: list[Any], *, member: str, expires: str | None, as_json_: bool) -> None:
    client, now = _client(), _now()
    end = proposing.moment(expires) if expires else proposing.end_of_day(now, days=DEFAULT_DAYS)
    statement = _submit(client, member, "propose", {"action": action, "expires": end}, now=now)
    _tell(client, parse_statement(statement).proposal_id, as_json_)


def _submit(client: LedgerClient, member: str, kind: str, body: Any, *, now: int) -> bytes:
    """Sign a governance statement and bring it into the log; return its bytes."""
    key = _open_key(member)
    for _ in range(_SEQUENCE_TRIES):
        seq = client.next_seq(key.did, GOVERNANCE, now=now)
        statement = sign_statement(kind, body, seq=seq, issuer=key.did, chain_id=client.chain_id, key=key.key)
        try:
            client.submit(statement)
        except StatementRefusedError as error:
            # The same member's other command was a moment earlier and took the number.
            if error.code != "TX_SEQUENCE":
                raise
            refusal = error
        else:
            return statement
    raise refusal


def _tell(client: LedgerClient, proposal_id: bytes, as_json_: bool) -> None:
    """Say how a proposal stands."""
    found = client.listed(f"/v1/proposals/{proposal_id.hex()}")
    line = f"{found['id']} {found['action']} {found['status']}"
    if found["status"] == "open":
        line += f" ({len(found['yes'])} of {found['members']} yes, {found['missing']} more needed)"
    found.pop("singleOperator", None)
    _say(as_json_, line, **found)


def _find(client: LedgerClient, text: str) -> bytes:
    """Return the id of the one proposal that begins with ``text``: the open ones, and the newest others."""
    listed = [proposal.id.hex() for proposal in client.proposals(now=_now())]
    found = [proposal_id for proposal_id in listed if proposal_id.startswith(text.lower())]
    if len(found) != 1:
        raise InputError(f"{len(found)} proposals begin with {text}")
    return bytes.fromhex(found[0])


def _say(as_json_: bool, line: str, **values: Any) -> None:
    click.echo(jcs.canonicalize(values).decode() if as_json_ else line)


def _outside() -> Outside:
    return click.get_current_context().find_object(Outside) or Outside()


def _now() -> int:
    return int(_outside().clock())


def _home(*, make: bool = False) -> Path:
    text = _outside().environ.get("LEDGER_HOME", "").strip()
    if text and make:
        Path(text).mkdir(mode=0o700, parents=True, exist_ok=True)
    if not text or not Path(text).is_dir():
        raise SettingsError("LEDGER_HOME must name an existing directory")
    return Path(text)


def _pin(home: Path) -> Pin:
    place = Path(_outside().environ.get("LEDGER_PIN") or home / PIN)
    if not place.is_file():
        raise SettingsError("set LEDGER_PIN to the pin file that the operator handed over")
    return Pin.from_bytes(place.read_bytes())


def _client() -> LedgerClient:
    url = _outside().environ.get("LEDGER_URL", "").strip()
    if not url:
        raise SettingsError("set LEDGER_URL to the address of a ledger node")
    home = _home()
    place = Path(_outside().environ.get("LEDGER_PIN") or home / PIN)
    _pin(home)
    return LedgerClient(url, pins=PinStore.start(home / PIN_STORE, pin_file=place), http=_outside().http)


def _make_key(home: Path, member: str, *, did: str, algorithm: str) -> GovernanceKey:
    return governance_keys.make(
        home / KEYS,
        member,
        did=did,
        algorithm=algorithm,
        environ=_outside().environ,
        random=_outside().random,
    )


def _open_key(member: str) -> GovernanceKey:
    return _outside().open_key(_home() / KEYS, member, environ=_outside().environ)


def _read_json(path: Path) -> Mapping[str, Any]:
    value = strict_json.parse(path.read_bytes())
    if not isinstance(value, Mapping):
        raise InputError(f"{path.name} holds no JSON object")
    return value
