"""The institution: its names, its keys, and the DID document that states them.

Credential keys sign credentials and lists; the submission key signs ledger statements and nothing else
(LEDGER.md 4.2). Private keys lie in the database, wrapped under the instance's secret. A DID document is kept
by its digest for ever: receipts of old forms lead to the document of their time.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from crypto import cbor, jcs
from crypto.keys import PrivateKey, PublicKey
from issuer import audit, store
from issuer.audit import Actor
from issuer.errors import ConflictError, UnknownError
from issuer.importing.model import ImportInstitution
from issuer.parts import Parts
from issuer.secret import Secret
from schemas.building import Institution as Profile
from vc import did_web
from web.database import transaction

CREDENTIAL_ROLE, SUBMISSION_ROLE = "credential", "submission"
KEY_PURPOSE = "signing-key"


@dataclass(frozen=True)
class Institution:
    """The body that this instance issues for.

    Attributes:
        did: Its ``did:web``.
        name_zh: Its name as the consortium knows it.
        name_en: Its name in English.
        credit_code: Unified social credit code.
        institution_code: Code of a college, or empty.
        number: Its number in the registry, the first group of its codes; None until the registry names it.
    """

    did: str
    name_zh: str
    name_en: str
    credit_code: str
    institution_code: str
    number: int | None

    @property
    def profile(self) -> Profile:
        """What its credentials say of it."""
        return Profile(
            did=self.did,
            name=self.name_zh,
            institution_code=self.institution_code or None,
            credit_code=self.credit_code or None,
        )

    @property
    def registrar(self) -> ImportInstitution:
        """What the files of its registrar are compared with."""
        return ImportInstitution(name=self.name_zh, code=self.institution_code or None, did=self.did)

    @property
    def names(self) -> dict[str, str]:
        """Its names by language."""
        return {"zh-CN": self.name_zh, "en": self.name_en}


@dataclass(frozen=True)
class SigningKey:
    """A key of the institution.

    Attributes:
        id: The fragment of its verification method.
        verification_method: The absolute DID URL under which verifiers find it.
        private: The key itself.
    """

    id: str
    verification_method: str
    private: PrivateKey


def load(db: Database) -> Institution:
    """Return the institution.

    Raises:
        UnknownError: ``vocred issuer init`` has not been run.
    """
    found = store.institution(db)
    if found is None:
        raise UnknownError("this issuer has no institution yet; run: vocred issuer init")
    names = ("did", "name_zh", "name_en", "credit_code", "institution_code", "number")
    return Institution(**{name: found[name] for name in names})


def found(
    db: Database, parts: Parts, *, did: str, names: Mapping[str, str], codes: Mapping[str, str], now: int
) -> Institution:
    """Set the institution up: its row, a credential key, a submission key and its first DID document.

    Args:
        db: The connection, in a transaction.
        parts: The collaborators.
        did: Its ``did:web``.
        names: ``zh-CN`` and ``en``.
        codes: ``credit`` and ``institution``; the latter may be empty.
        now: Seconds since 1970.

    Raises:
        ConflictError: There is one already.
    """
    if store.institution(db) is not None:
        raise ConflictError("the institution is set up already")
    store.save_institution(
        db,
        {
            "did": did,
            "name_zh": names["zh-CN"],
            "name_en": names["en"],
            "credit_code": codes["credit"],
            "institution_code": codes["institution"],
            "created_at": now,
        },
    )
    _add_key(db, parts, role=CREDENTIAL_ROLE, key_id="key-1", now=now)
    _add_key(db, parts, role=SUBMISSION_ROLE, key_id="submission-1", now=now)
    _publish_document(db, parts, now=now)
    return load(db)


def signing_key(db: Database, secret: Secret) -> SigningKey:
    """Return the key that signs credentials now."""
    return _open(db, secret, role=CREDENTIAL_ROLE)


def current_method(db: Database) -> str:
    """Return the verification method of the key that signs credentials now, without opening the key."""
    row = store.current_key(db, CREDENTIAL_ROLE)
    if row is None:
        raise UnknownError("this issuer has no key yet; run: vocred issuer init")
    return f"{load(db).did}#{row['id']}"


def submission_key(db: Database, secret: Secret) -> PrivateKey:
    """Return the key that signs ledger statements now."""
    return _open(db, secret, role=SUBMISSION_ROLE).private


def cose_key_hex(key: PrivateKey) -> str:
    """Return a key's public part as a COSE_Key in deterministic CBOR, in hexadecimal."""
    return cbor.encode(key.public.cose_key).hex()


def key_compromised(db: Database, verification_method: str) -> bool:
    """Return whether the key of a verification method was given up as stolen."""
    row = store.key(db, verification_method.rpartition("#")[2])
    return row is not None and bool(row["compromised"])


def replace_signing_key(
    db: Database, parts: Parts, *, actor: Actor, compromised: bool = False, now: int
) -> SigningKey:
    """Let a new key sign credentials from now on, and make the DID document that names it.

    Batches in the middle of signing pause (``SIGNER_CHANGED``). Verifiers accept the new key only once the
    registry holds the new document's digest, which the consortium decides.

    Args:
        db: The connection.
        parts: The collaborators.
        actor: Who acts.
        compromised: Whether the old key may be in other hands; it is then not named any more.
        now: Seconds since 1970.
    """
    with transaction(db):
        old = store.current_key(db, CREDENTIAL_ROLE)
        assert old is not None  # made by found()
        store.retire_key(db, old["id"], at=now, compromised=compromised)
        key_id = f"key-{len(store.keys(db, CREDENTIAL_ROLE)) + 1}"
        _add_key(db, parts, role=CREDENTIAL_ROLE, key_id=key_id, now=now)
        _publish_document(db, parts, now=now)
        audit.write(db, actor=actor, action="signing key replaced", subject=key_id, now=now, old=old["id"])
    return signing_key(db, parts.secret)


def add_next_submission_key(db: Database, secret: Secret, *, now: int) -> PrivateKey:
    """Make a submission key that signs nothing before the ledger names it; in a transaction.

    It lies among the retired ones until ``use_submission_key``.
    """
    private = PrivateKey.generate("Ed25519")
    key_id = f"submission-{len(store.keys(db, SUBMISSION_ROLE)) + 1}"
    store.add_key(
        db,
        {
            "id": key_id,
            "role": SUBMISSION_ROLE,
            "algorithm": private.algorithm,
            "public": private.public.multibase,
            "sealed": secret.wrap(private.to_bytes(), purpose=KEY_PURPOSE, owner=key_id),
            "created_at": now,
            "retired_at": now,
        },
    )
    return private


def use_submission_key(db: Database, public: PublicKey, *, compromised: bool, at: int) -> bool:
    """Let the key that the ledger names sign its statements from now on; in a transaction.

    Returns:
        Whether it is a key of this service.
    """
    named = [row for row in store.keys(db, SUBMISSION_ROLE) if row["public"] == public.multibase]
    if not named:
        return False
    present = store.current_key(db, SUBMISSION_ROLE)
    if present is not None and present["id"] != named[0]["id"]:
        store.retire_key(db, present["id"], at=at, compromised=compromised)
    store.use_key(db, named[0]["id"])
    return True


def document(db: Database) -> bytes:
    """Return the bytes of the newest DID document."""
    newest = store.newest_document(db)
    if newest is None:
        raise UnknownError("this issuer has no DID document yet; run: vocred issuer init")
    return bytes(newest["body"])


def _open(db: Database, secret: Secret, *, role: str) -> SigningKey:
    row = store.current_key(db, role)
    if row is None:
        raise UnknownError("this issuer has no key yet; run: vocred issuer init")
    raw = secret.unwrap(row["sealed"], purpose=KEY_PURPOSE, owner=row["id"])
    private = PrivateKey.from_bytes(row["algorithm"], raw)
    return SigningKey(row["id"], f"{load(db).did}#{row['id']}", private)


def _add_key(db: Database, parts: Parts, *, role: str, key_id: str, now: int) -> None:
    private = PrivateKey.generate("Ed25519")
    store.add_key(
        db,
        {
            "id": key_id,
            "role": role,
            "algorithm": private.algorithm,
            "public": private.public.multibase,
            "sealed": parts.secret.wrap(private.to_bytes(), purpose=KEY_PURPOSE, owner=key_id),
            "created_at": now,
        },
    )


def _publish_document(db: Database, parts: Parts, *, now: int) -> None:
    body = jcs.canonicalize(_did_document(db))
    digest = hashlib.sha256(body).digest()
    store.add_document(db, digest=digest, media_type="application/did+json", body=body, at=now)


def _did_document(db: Database) -> dict[str, Any]:
    # A key that was replaced stays: forms that it signed name it. One that may be in other hands does not.
    entries = [
        did_web.KeyEntry(fragment=row["id"], public_key=PublicKey.from_multibase(row["public"]))
        for row in store.keys(db, CREDENTIAL_ROLE)
        if not row["compromised"]
    ]
    return did_web.document(load(db).did, keys=entries)
