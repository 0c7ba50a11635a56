"""To the members: start, amend, end. Each is one act with the governance passphrase; the vote follows.

A kill between the ledger's yes and this service's own note leaves a proposal that the list finds by its
digest; asking again then says so instead of proposing twice.
"""

from contextlib import suppress

from sqlite_utils import Database

from crypto import jcs
from issuer import audit, institution
from issuer.agreements import parties, signing, store, texts
from issuer.agreements.errors import NotSignedError
from issuer.agreements.texts import Text
from issuer.audit import Actor
from issuer.errors import ConflictError, ForbiddenError, UnknownError
from issuer.governance import acting
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger import proposing
from ledger.client import LedgerClient
from ledger.errors import LedgerError
from ledger.registry import AgreementRecord, agreement_key
from web.database import transaction

OPEN = {"open", "enacted", "done"}


def propose(db: Database, parts: Parts, *, actor: Actor, digest: bytes, passphrase: str, now: int) -> bytes:
    """Put a text that every party signed before the members, and bring its document to the ledger's node.

    Args:
        db: The connection, not in a transaction.
        parts: The collaborators.
        actor: An officer with the role governance.
        digest: The text.
        passphrase: The governance key's.
        now: Seconds since 1970.

    Returns:
        The proposal's id, 32 bytes; that of the first time where it was proposed before.

    Raises:
        UnknownError: There is no such text.
        ForbiddenError: Another party proposes it.
        NotSignedError: Not every party has signed.
        ConflictError: The end of the vote has passed, or the version that it amends is not the present one.
        LedgerUnavailableError: The ledger is silent.
        StatementRefusedError: The rules refuse it.
    """
    text = texts.load(db, digest)
    if text.proposer != institution.load(db).did:
        raise ForbiddenError("the party that hands the text round proposes it")
    ledger = client_of(parts)
    found = _proposed(ledger, text, now=now)
    if text.state == "proposed" and found is not None:
        return found
    if text.expires <= now:
        raise ConflictError("the end of the vote has passed: fix the text anew with a later one")
    missing = parties.missing(db, text)
    if missing:
        raise NotSignedError(f"not signed yet by {', '.join(missing)}")
    if found is None:
        done = acting.propose(
            db,
            parts,
            actor=actor,
            passphrase=passphrase,
            action=_action(db, ledger, text, now=now),
            expires=text.expires,
            now=now,
        )
        found = done.proposal
    with transaction(db):
        store.set_text(db, digest, state="proposed", proposal=found)
        store.add_errand(db, digest, kind="document", did=text.proposer, at=now)
        audit.write(
            db, actor=actor, action="agreement proposed", subject=digest.hex(), now=now, proposal=found.hex()
        )
    # Whoever votes is to read the text from the first moment on. Where this fails, the errand brings it.
    with suppress(LedgerError):
        ledger.put_document(jcs.canonicalize(dict(text.document)))
    return found


def end(
    db: Database, parts: Parts, *, actor: Actor, agreement_id: str, passphrase: str, expires: int, now: int
) -> bytes:
    """Propose to end an agreement that is in force; credit that was granted stays.

    Args:
        db: The connection, not in a transaction.
        parts: The collaborators.
        actor: An officer with the role governance.
        agreement_id: Its ``urn:vocred:agreement:…``.
        passphrase: The governance key's.
        expires: When the vote ends, in seconds.
        now: Seconds since 1970.

    Returns:
        The proposal's id.

    Raises:
        UnknownError: The ledger has no such agreement.
        ConflictError: It has ended.
        LedgerUnavailableError: The ledger is silent.
        StatementRefusedError: The rules refuse it.
    """
    record = started(client_of(parts), agreement_id, now=now)
    if record is None:
        raise UnknownError("the ledger has no agreement of that name")
    if record.ended is not None:
        raise ConflictError("this agreement has ended")
    texts.check_expires(expires, now=now)
    done = acting.propose(
        db,
        parts,
        actor=actor,
        passphrase=passphrase,
        action=proposing.end_agreement(agreement_id),
        expires=expires,
        now=now,
    )
    with transaction(db):
        audit.write(
            db,
            actor=actor,
            action="end of agreement proposed",
            subject=agreement_id,
            now=now,
            proposal=done.proposal.hex(),
        )
    return done.proposal


def started(ledger: LedgerClient, agreement_id: str, *, now: int) -> AgreementRecord | None:
    """Return the version of an agreement that started last, as proved, or None."""
    snapshot, _ = ledger.snapshot([agreement_key(agreement_id)], now=now)
    return snapshot.agreement(agreement_id)


def _action(db: Database, ledger: LedgerClient, text: Text, *, now: int) -> list[object]:
    """Start the first version of an agreement, and amend it with any later one."""
    terms = proposing.agreement_terms(text.document, chain_id=ledger.chain_id, expires=text.expires)
    signatures = signing.all_signatures(db, text)
    known = started(ledger, text.agreement_id, now=now)
    if known is None:
        return proposing.start_agreement(terms, signatures)
    if known.version >= text.version:
        raise ConflictError("a later version, or this one, has been in force already")
    return proposing.amend_agreement(terms, signatures)


def _proposed(ledger: LedgerClient, text: Text, *, now: int) -> bytes | None:
    """Return a proposal of this text that is open or decided: what a kill may have left behind."""
    for proposal in ledger.proposals(now=now):
        if proposal.body.get("digest") == text.digest and proposal.status in OPEN:
            return proposal.id
    return None
