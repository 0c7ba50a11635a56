"""What an officer does with the member's governance key: propose, vote, take back, sign an agreement.

One act, one passphrase:

    1 open      the key, with the officer's role and the passphrase
    2 finish    an earlier statement that was on its way when the answer was lost: the same bytes once more
    3 persist   the signed statement and a line of the log, in one transaction
    4 submit    the bytes to the ledger
    5 note      accepted, or refused and why

A kill between 3 and 5 leaves a prepared statement; the next act, or ``finish``, submits the same bytes, which
is harmless. At most one is on its way, so no number is used twice.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlite_utils import Database

from crypto import jcs
from issuer import audit
from issuer.audit import Actor
from issuer.errors import InvalidActError
from issuer.governance import following, keys, store
from issuer.governance.errors import ActUnderWayError
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger import proposing
from ledger.client import LedgerClient, StatementRefusedError
from ledger.governance_keys import GovernanceKey
from ledger.proposing import PartySignature
from ledger.statements import GOVERNANCE, parse_statement, sign_statement
from ledger.statements import sign_agreement as sign_terms
from web.database import transaction

logger = logging.getLogger(__name__)

VOTE_DAYS = 7
"""How long a proposal is open unless its proposer says otherwise; the ledger allows 30 days."""

_TRIES = 5
_LINES = {
    "propose": "proposal signed",
    "vote": "vote signed",
    "withdraw": "withdrawal signed",
    "key.rotate": "key rotation signed",
    "schema.put": "schema signed",
}

Kind = Literal["propose", "vote", "withdraw", "key.rotate", "schema.put"]


@dataclass(frozen=True)
class Done:
    """A statement of the member that the ledger took.

    Attributes:
        kind: ``propose``, ``vote``, ``withdraw``, ``key.rotate`` or ``schema.put``.
        proposal: Id of the proposal that it made or is about, 32 bytes; None: it is about none.
        entry_index: Index of the statement in the log.
    """

    kind: Kind
    proposal: bytes | None
    entry_index: int


def propose(
    db: Database,
    parts: Parts,
    *,
    actor: Actor,
    passphrase: str,
    action: list[Any],
    expires: int | None = None,
    document: Mapping[str, Any] | None = None,
    now: int,
) -> Done:
    """Open a proposal in the member's name; proposing is not voting.

    Args:
        db: The connection; not in a transaction.
        parts: The collaborators.
        actor: An officer with the role governance.
        passphrase: The governance key's, as typed.
        action: ``[name, body]``, as ``ledger.proposing`` makes it.
        expires: When the vote ends, in seconds; at the end of the seventh day by default.
        document: The agreement's document, for ``agreement.start`` and ``agreement.amend``; the node
            keeps it.
        now: Seconds since 1970.

    Returns:
        The proposal's id and entry.

    Raises:
        ForbiddenError: The officer does not have the role.
        GovernancePassphraseError: It is another passphrase, or there were too many.
        LedgerUnavailableError: The ledger is silent; the same call again goes on.
        StatementRefusedError: The rules refuse it, with their code.
    """
    end = proposing.end_of_day(now, days=VOTE_DAYS) if expires is None else expires
    key = keys.open(db, parts, actor=actor, passphrase=passphrase, now=now)
    ledger = client_of(parts)
    body = {"action": action, "expires": end}
    done = _submit(db, ledger, key, actor=actor, kind="propose", body=body, answer=str(action[0]), now=now)
    if document is not None:
        # The node takes a document once the ledger names it; whoever repeats this mends a kill before it.
        ledger.put_document(jcs.canonicalize(dict(document)))
    return done


def vote(
    db: Database,
    parts: Parts,
    *,
    actor: Actor,
    passphrase: str,
    proposal: bytes,
    yes: bool,
    now: int,
) -> Done:
    """Cast the member's one vote.

    Args:
        db: The connection; not in a transaction.
        parts: The collaborators.
        actor: An officer with the role governance.
        passphrase: The governance key's, as typed.
        proposal: The proposal's id, 32 bytes.
        yes: For or against.
        now: Seconds since 1970.

    Returns:
        The vote's entry; the same one where this vote was cast before.

    Raises:
        ForbiddenError: The officer does not have the role.
        GovernancePassphraseError: It is another passphrase, or there were too many.
        LedgerUnavailableError: The ledger is silent; the same call again goes on.
        StatementRefusedError: The rules refuse it: VOTE_INVALID where it is over or the member has voted.
    """
    key = keys.open(db, parts, actor=actor, passphrase=passphrase, now=now)
    ledger, answer = client_of(parts), "yes" if yes else "no"
    _finish(db, ledger)
    cast = _accepted(db, "vote", proposal, answer)
    if cast is not None:
        return cast
    body = {"proposal": proposal, "yes": yes}
    return _submit(db, ledger, key, actor=actor, kind="vote", body=body, answer=answer, now=now)


def withdraw(db: Database, parts: Parts, *, actor: Actor, passphrase: str, proposal: bytes, now: int) -> Done:
    """Take the member's own proposal back; arguments and errors as those of ``vote``."""
    key = keys.open(db, parts, actor=actor, passphrase=passphrase, now=now)
    body = {"proposal": proposal}
    return _submit(db, client_of(parts), key, actor=actor, kind="withdraw", body=body, answer="", now=now)


def sign_agreement(
    db: Database,
    parts: Parts,
    *,
    actor: Actor,
    passphrase: str,
    document: Mapping[str, Any],
    expires: int,
    now: int,
) -> PartySignature:
    """Sign an agreement as one of its parties.

    Args:
        db: The connection; not in a transaction.
        parts: The collaborators.
        actor: An officer with the role governance.
        passphrase: The governance key's, as typed.
        document: The agreement, checked before by whoever showed it to the officer.
        expires: When the vote on it ends, in seconds: the signature serves no other end.
        now: Seconds since 1970.

    Returns:
        The signature as ``ledger.proposing.start_agreement`` and ``amend_agreement`` take it.

    Raises:
        ForbiddenError: The officer does not have the role.
        GovernancePassphraseError: It is another passphrase, or there were too many.
        InvalidActError: The member is no party of it, or its vote would be over.
    """
    terms = proposing.agreement_terms(document, chain_id=client_of(parts).chain_id, expires=expires)
    if expires <= now:
        raise InvalidActError("the vote on this agreement would be over already")
    key = keys.open(db, parts, actor=actor, passphrase=passphrase, now=now)
    if key.did not in terms.parties:
        raise InvalidActError("the member is no party of this agreement")
    signature = sign_terms(terms, party=key.did, key=key.key)
    with transaction(db):
        audit.write(
            db,
            actor=actor,
            action="agreement signed",
            subject=terms.agreement_id,
            now=now,
            version=terms.version,
            digest=terms.digest.hex(),
            expires=expires,
        )
    return PartySignature(key.did, expires, signature)


def state(
    db: Database,
    parts: Parts,
    key: GovernanceKey,
    *,
    actor: Actor,
    kind: Kind,
    body: Any,
    about: str,
    now: int,
) -> Done:
    """Sign a statement that is no proposal and no vote, and bring it into the log.

    Args:
        db: The connection; not in a transaction.
        parts: The collaborators.
        key: The governance key, opened for this act.
        actor: The officer who opened it.
        kind: ``key.rotate`` or ``schema.put``.
        body: The statement's body, as ``ledger.proposing`` makes it.
        about: What it is about, for the log: a role, or a schema's id.
        now: Seconds since 1970.

    Raises:
        LedgerUnavailableError: The ledger is silent; ``finish`` goes on.
        StatementRefusedError: The rules refuse it, with their code.
    """
    return _submit(db, client_of(parts), key, actor=actor, kind=kind, body=body, answer=about, now=now)


def finish(db: Database, parts: Parts) -> bool:
    """Submit what was on its way when the ledger's answer was lost.

    Returns:
        Whether there was something.

    Raises:
        LedgerUnavailableError: The ledger is still silent.
    """
    return _finish(db, client_of(parts))


def signed_by(db: Database, proposal: bytes) -> str | None:
    """Return the officer who cast the member's vote from this service, or None."""
    for row in store.acts(db, proposal=proposal):
        if row["kind"] == "vote" and row["state"] == "accepted":
            return str(row["officer"])
    return None


def under_way(db: Database) -> bool:
    """Return whether a signed statement waits for the ledger's answer."""
    return store.prepared(db) is not None


def _submit(
    db: Database,
    ledger: LedgerClient,
    key: GovernanceKey,
    *,
    actor: Actor,
    kind: Kind,
    body: Any,
    answer: str,
    now: int,
) -> Done:
    """Sign a statement under the next number, write it down, and bring it into the log."""
    _finish(db, ledger)
    for attempt in range(1, _TRIES + 1):
        seq = ledger.next_seq(key.did, GOVERNANCE, now=now)
        statement = sign_statement(kind, body, seq=seq, issuer=key.did, chain_id=ledger.chain_id, key=key.key)
        number = _persist(db, statement, actor=actor, kind=kind, body=body, answer=answer, now=now)
        try:
            return _send(db, ledger, number)
        except StatementRefusedError as error:
            # The same key spoke elsewhere a moment earlier and took the number.
            if error.code != "TX_SEQUENCE" or attempt == _TRIES:
                raise
    raise AssertionError("unreachable")


def _persist(
    db: Database, statement: bytes, *, actor: Actor, kind: Kind, body: Any, answer: str, now: int
) -> int:
    proposal = parse_statement(statement).proposal_id if kind == "propose" else body.get("proposal")
    with transaction(db):
        if store.prepared(db) is not None:
            raise ActUnderWayError("another act of this member is on its way")
        values = {
            "kind": kind,
            "proposal": proposal,
            "answer": answer,
            "officer": actor.name,
            "channel": actor.channel,
            "statement": statement,
            "at": now,
        }
        number = store.add_act(db, values)
        subject = answer if proposal is None else proposal.hex()
        said = None if proposal is None else answer or None
        audit.write(db, actor=actor, action=_LINES[kind], subject=subject, now=now, answer=said)
    return number


def _finish(db: Database, ledger: LedgerClient) -> bool:
    """Bring an earlier statement to its end; that the rules refuse it by now is noted, and no error here."""
    row = store.prepared(db)
    if row is None:
        return False
    try:
        _send(db, ledger, row["id"])
    except StatementRefusedError as error:
        logger.info("earlier statement refused code=%s", error.code)
    return True


def _send(db: Database, ledger: LedgerClient, number: int) -> Done:
    """Submit a prepared statement and note the answer; another process may do so at the same time."""
    row = store.act(db, number)
    try:
        # Raises LedgerUnavailableError where the ledger is silent: the statement stays prepared.
        entry_index = ledger.submit(bytes(row["statement"]))
    except StatementRefusedError as error:
        with transaction(db):
            store.refuse(db, number, problem=error.code)
        raise
    with transaction(db):
        store.accept(db, number, entry_index=entry_index)
        if row["kind"] == "key.rotate":
            # In the same transaction: after a crash here the ledger and this service name the same key.
            following.follow(db, bytes(row["statement"]), at=row["at"])
    logger.info("governance statement accepted kind=%s entry=%d", row["kind"], entry_index)
    proposal = row["proposal"]
    return Done(row["kind"], None if proposal is None else bytes(proposal), entry_index)


def _accepted(db: Database, kind: Kind, proposal: bytes, answer: str) -> Done | None:
    """Return what this service got accepted before, so that repeating an act is harmless."""
    for row in store.acts(db, proposal=proposal):
        if (row["kind"], row["answer"], row["state"]) == (kind, answer, "accepted"):
            return Done(kind, proposal, row["entry_index"])
    return None
