"""Signatures: this party's own, by an officer with the governance passphrase, and those that others send.

Every party signs the same terms: ledger, identifier, version, digest, parties, and the end of the vote
(LEDGER.md 4.2). A signature is kept once it verifies against the member's governance key in the registry, as
proved now; the ledger checks all of them again.
"""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer import audit, institution
from issuer.agreements import store, texts
from issuer.agreements.errors import SignatureRefusedError
from issuer.agreements.texts import Text
from issuer.audit import WORKER, Actor
from issuer.errors import ConflictError
from issuer.governance import acting
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger import proposing
from ledger.errors import LedgerError, Reject
from ledger.proposing import PartySignature
from ledger.registry import member_key
from ledger.statements import check_agreement_signature
from web.database import transaction


def sign(db: Database, parts: Parts, *, actor: Actor, digest: bytes, passphrase: str, now: int) -> None:
    """Sign a text as this institution, and owe the signature to whoever hands the text round.

    Args:
        db: The connection, not in a transaction.
        parts: The collaborators.
        actor: An officer with the role governance.
        digest: The text, which the officer has read.
        passphrase: The governance key's.
        now: Seconds since 1970.

    Raises:
        ForbiddenError: The officer does not have the role.
        ConflictError: The text is not being signed (any more).
        InvalidActError: This institution is no party.
        GovernancePassphraseError: It is another passphrase.
    """
    text = _require_open(db, digest, now=now)
    signature = acting.sign_agreement(
        db,
        parts,
        actor=actor,
        passphrase=passphrase,
        document=text.document,
        expires=text.expires,
        now=now,
    )
    with transaction(db):
        # The end of the vote may have been moved while the officer read: the signature is for what was read.
        if _require_open(db, digest, now=now).expires != text.expires:
            raise ConflictError("the end of the vote was changed meanwhile")
        _keep(db, digest, signature, officer=actor.name, now=now)
        if text.proposer != signature.party:
            store.add_errand(db, digest, kind="signature", did=text.proposer, at=now)


def receive(
    db: Database,
    parts: Parts,
    *,
    digest: bytes,
    signature: PartySignature,
    actor: Actor = WORKER,
    now: int,
) -> bool:
    """Keep another party's signature, once it verifies.

    Args:
        db: The connection, not in a transaction.
        parts: The collaborators.
        digest: The text.
        signature: What the party sent, or handed over in a file.
        actor: The officer who brought the file.
        now: Seconds since 1970.

    Returns:
        Whether it is new.

    Raises:
        UnknownError: No such text.
        ConflictError: The text is not being signed (any more).
        SignatureRefusedError: The signature does not hold.
        LedgerUnavailableError: The registry cannot be asked; the party sends it again.
    """
    text = _require_open(db, digest, now=now)
    known = store.signatures(db, digest).get(signature.party)
    if known is not None and bytes(known["signature"]) == signature.signature:
        return False
    check(parts, text, signature, now=now)
    with transaction(db):
        if _require_open(db, digest, now=now).expires != text.expires:
            raise ConflictError("the end of the vote was changed meanwhile")
        _keep(db, digest, signature, officer=None, now=now)
        audit.write(
            db,
            actor=actor,
            action="agreement signature received",
            subject=digest.hex(),
            now=now,
            party=signature.party,
        )
    return True


def check(parts: Parts, text: Text, signature: PartySignature, *, now: int) -> None:
    """Check a party's signature under a text against the registry.

    Raises:
        SignatureRefusedError: The signer is no party or member, or signed something else.
        LedgerUnavailableError: The registry cannot be asked.
    """
    if signature.party not in text.parties:
        raise SignatureRefusedError("the signer is no party of this agreement")
    if signature.expires != text.expires:
        raise SignatureRefusedError("the signature is for another end of the vote")
    ledger = client_of(parts)
    snapshot, _ = ledger.snapshot([member_key(signature.party)], now=now)
    member = snapshot.member(signature.party)
    if member is None:
        raise SignatureRefusedError("the signer is no member of the consortium")
    terms = proposing.agreement_terms(text.document, chain_id=ledger.chain_id, expires=text.expires)
    try:
        check_agreement_signature(
            signature.signature, terms, party=signature.party, key=member.governance_key
        )
    except Reject as error:
        raise SignatureRefusedError(str(error)) from error


def read(value: Any) -> PartySignature:
    """Read a signature as it is sent or handed over: party, expires, signature in hexadecimal.

    Raises:
        SignatureRefusedError: It has another form.
    """
    members = (("party", str), ("expires", int), ("signature", str))
    if not isinstance(value, Mapping) or any(type(value.get(name)) is not kind for name, kind in members):
        raise SignatureRefusedError("a signature holds party, expires and signature")
    try:
        return PartySignature.from_json(value)
    except LedgerError as error:
        raise SignatureRefusedError("a signature holds party, expires and signature") from error


def own_signature(db: Database, text: Text) -> PartySignature | None:
    """Return what this institution signed for the text's present end of the vote, or None."""
    found = store.signatures(db, text.digest).get(institution.load(db).did)
    if found is None:
        return None
    return PartySignature(found["party"], found["expires"], bytes(found["signature"]))


def all_signatures(db: Database, text: Text) -> list[PartySignature]:
    """Return every signature for the text's present end of the vote."""
    return [
        PartySignature(found["party"], found["expires"], bytes(found["signature"]))
        for found in store.signatures(db, text.digest).values()
    ]


def _keep(db: Database, digest: bytes, signature: PartySignature, *, officer: str | None, now: int) -> None:
    store.add_signature(
        db,
        {
            "digest": digest,
            "party": signature.party,
            "expires": signature.expires,
            "signature": signature.signature,
            "officer": officer,
            "received_at": now,
        },
    )


def _require_open(db: Database, digest: bytes, *, now: int) -> Text:
    text = texts.load(db, digest)
    if text.state == "unconfirmed":
        raise ConflictError("the proposer has not confirmed this text yet")
    if text.state != "signing":
        raise ConflictError("this text is not being signed any more")
    if text.expires <= now:
        raise ConflictError("the end of the vote has passed: the proposer has to hand the text round anew")
    return text
