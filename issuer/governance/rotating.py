"""The member's own keys give way to others, and schemas get their digest: no vote is asked for that.

The governance key signs each of these statements. A new key is made and kept before the statement leaves, and
used from the transaction on that notes the ledger's answer: a kill in between loses nothing, and ``acting.
finish`` goes on.
"""

import hashlib

from sqlite_utils import Database

from crypto import cbor
from issuer import institution
from issuer.audit import Actor
from issuer.governance import acting, keys
from issuer.governance.acting import Done
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger import proposing
from ledger.statements import SUBMISSION, key_possession
from web.database import transaction


def rotate_governance(
    db: Database,
    parts: Parts,
    *,
    actor: Actor,
    passphrase: str,
    new_passphrase: str,
    compromised_since: int | None = None,
    now: int,
) -> Done:
    """Make another governance key and let it take the place of the present one.

    Args:
        db: The connection; not in a transaction.
        parts: The collaborators.
        actor: An officer with the role governance.
        passphrase: What opens the present key.
        new_passphrase: What shall open the new one.
        compromised_since: Since when the present one may be in other hands, in seconds.
        now: Seconds since 1970.

    Raises:
        ForbiddenError: The officer does not have the role.
        GovernancePassphraseError: The passphrase does not open the present key.
        PassphraseRefusedError: The new one is too short or too simple.
        LedgerUnavailableError: The ledger is silent; ``acting.finish`` goes on.
        StatementRefusedError: The rules refuse it, with their code.
    """
    key = keys.open(db, parts, actor=actor, passphrase=passphrase, now=now)
    acting.finish(db, parts)
    made = keys.make_next(db, parts, actor=actor, passphrase=new_passphrase, now=now)
    body = proposing.rotate_key(made, role="governance", compromised_since=compromised_since)
    return acting.state(
        db, parts, key, actor=actor, kind="key.rotate", body=body, about="governance", now=now
    )


def rotate_submission(
    db: Database,
    parts: Parts,
    *,
    actor: Actor,
    passphrase: str,
    compromised_since: int | None = None,
    now: int,
) -> Done:
    """Make another submission key and let it take the place of the present one; as ``rotate_governance``."""
    key = keys.open(db, parts, actor=actor, passphrase=passphrase, now=now)
    acting.finish(db, parts)
    with transaction(db):
        made = institution.add_next_submission_key(db, parts.secret, now=now)
    chain_id = client_of(parts).chain_id
    new = {
        "submissionKey": cbor.encode(made.public.cose_key).hex(),
        "submissionKeyProof": key_possession(made, chain_id=chain_id, did=key.did, role=SUBMISSION).hex(),
    }
    body = proposing.rotate_key(new, role="submission", compromised_since=compromised_since)
    return acting.state(
        db, parts, key, actor=actor, kind="key.rotate", body=body, about="submission", now=now
    )


def rotate_document(
    db: Database,
    parts: Parts,
    *,
    actor: Actor,
    passphrase: str,
    compromised_since: int | None = None,
    now: int,
) -> Done:
    """Let the registry name this service's newest DID document; as ``rotate_governance``.

    A new signing key counts from then on; with ``compromised_since`` what the old one signed meanwhile fails.
    """
    key = keys.open(db, parts, actor=actor, passphrase=passphrase, now=now)
    new = {"documentDigest": document_digest(db).hex()}
    body = proposing.rotate_key(new, role="document", compromised_since=compromised_since)
    return acting.state(db, parts, key, actor=actor, kind="key.rotate", body=body, about="document", now=now)


def put_schema(
    db: Database, parts: Parts, *, actor: Actor, passphrase: str, schema_id: str, digest: bytes, now: int
) -> Done:
    """Name a schema's digest under its URL, for ever; errors as those of ``rotate_governance``.

    Args:
        db: The connection; not in a transaction.
        parts: The collaborators.
        actor: An officer with the role governance.
        passphrase: What opens the governance key.
        schema_id: The URL that is the schema's id.
        digest: SHA-256 of the schema's bytes.
        now: Seconds since 1970.
    """
    key = keys.open(db, parts, actor=actor, passphrase=passphrase, now=now)
    body = proposing.put_schema(schema_id, digest)
    return acting.state(db, parts, key, actor=actor, kind="schema.put", body=body, about=schema_id, now=now)


def document_digest(db: Database) -> bytes:
    """Return the SHA-256 of the newest DID document."""
    return hashlib.sha256(institution.document(db)).digest()
