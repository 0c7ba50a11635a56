"""What a rotation that the ledger took means here: the new key signs from now on."""

from sqlite_utils import Database

from crypto import cbor
from crypto.keys import PublicKey
from issuer import institution
from issuer.governance import keys
from ledger.statements import GOVERNANCE, SUBMISSION, parse_statement


def follow(db: Database, statement: bytes, *, at: int) -> None:
    """Use the key that an accepted ``key.rotate`` of this service names; in a transaction.

    Args:
        db: The connection.
        statement: The statement's bytes.
        at: When it was signed, in seconds.
    """
    body = parse_statement(statement).body
    if body["role"] == GOVERNANCE:
        keys.follow(db, cbor.encode(body["value"]))
    elif body["role"] == SUBMISSION:
        stolen = body["compromised_since"] is not None
        institution.use_submission_key(db, PublicKey.from_cose_key(body["value"]), compromised=stolen, at=at)
