"""Check an issuer's database from end to end, without writing to it: what ``vocred doctor issuer`` runs.

Every function returns a sentence on what it looked at, or raises ``UnsoundError`` with the first thing that
is not so. What holders' and papers' keys alone can open stays closed; receipts open with the digests that
are here.
"""

import hashlib
import json

from sqlite_utils import Database

from crypto.errors import CryptoError
from crypto.keys import PrivateKey
from issuer import audit, institution, status_lists, store_forms, store_invariants, store_ledger
from issuer.errors import UnsoundError
from issuer.issuance import CODE_PURPOSE
from issuer.parts import Ledger
from issuer.secret import Secret
from ledger.proof.bundle import Bundle
from ledger.proof.errors import ReceiptError
from ledger.registry import status_key
from vc import bitstring, form_store, printed_code
from vc.errors import VcError


def check_rules(db: Database) -> str:
    """Check that no row breaks a rule: everything once, nothing without what it hangs on."""
    for complaint in store_invariants.BROKEN:
        count = store_invariants.broken(db, complaint)
        if count:
            raise UnsoundError(f"{complaint} ({count} times)")
    return f"{len(store_invariants.BROKEN)} rules hold"


def check_digests(db: Database) -> str:
    """Check that whatever is kept by its digest has that digest: forms, documents, published versions."""
    count = 0
    for table, digest, body in store_invariants.stored(db):
        if hashlib.sha256(body).digest() != digest:
            raise UnsoundError(f"a {table} is not what was signed: {digest.hex()}")
        count += 1
    return f"{count} documents have their digests"


def check_receipts(db: Database) -> str:
    """Check that every anchored form has a receipt that its digest opens."""
    left = store_invariants.receipt_locators(db)
    count = 0
    for digest in store_invariants.anchored_digests(db):
        locator, _ = form_store.receipt_locator(digest)
        blob = store_forms.sealed_receipt(db, locator)
        if blob is None:
            raise UnsoundError(f"an anchored form has no receipt: {digest.hex()}")
        try:
            Bundle.decode(form_store.open_receipt(blob, form_digest=digest))
        except (CryptoError, VcError, ReceiptError) as error:
            raise UnsoundError(f"a receipt does not open: {digest.hex()}") from error
        left.discard(locator)
        count += 1
    return f"{count} receipts open, {len(left)} of forms on their way"


def check_index(db: Database) -> str:
    """Check that the store's forms are those that the anchored index names, bucket by bucket."""
    found = store_ledger.anchored_publication(db, status_lists.INDEX)
    if found is None:
        return "no index is anchored yet"
    index = form_store.parse_index(bytes(found["body"]))
    locators = store_invariants.indexed_locators(db, found["version"])
    buckets = form_store.into_buckets(locators, bits=index.prefix_bits)
    digests = {prefix: form_store.bucket_digest(kept) for prefix, kept in buckets.items()}
    if digests != dict(index.buckets):
        raise UnsoundError("the store's forms are not those that the index names")
    return f"{len(locators)} forms in {len(buckets)} buckets"


def check_bits(db: Database) -> str:
    """Check that the lists' bits are those of the ended forms: none set without reason, none forgotten."""
    changed = {found["number"] for found in store_ledger.changed_lists(db)}
    total = 0
    for number, _size in store_ledger.status_lists(db):
        newest = store_ledger.last_publication(db, status_lists.list_resource(number))
        if newest is None or newest["body"] is None:
            continue
        ended = {found["status_index"] for found in store_forms.ended_forms(db, number)}
        bits = _bits(bytes(newest["body"]))
        count = int.from_bytes(bits, "big").bit_count()
        known = sum(bitstring.is_set(bits, index) for index in ended)
        waits = number in changed or store_ledger.ready_publication(db, status_lists.list_resource(number))
        if count != known or (known != len(ended) and not waits):
            raise UnsoundError(
                f"list {number} has {count} bits set, {known} of the {len(ended)} ended forms'"
            )
        total += count
    return f"{total} bits set"


def check_keys(db: Database, secret: Secret) -> str:
    """Check that the instance's secret opens every key, and that each has the public half beside it."""
    keys = store_invariants.signing_keys(db)
    for row in keys:
        try:
            raw = secret.unwrap(bytes(row["sealed"]), purpose=institution.KEY_PURPOSE, owner=str(row["id"]))  # type: ignore[arg-type]
            private = PrivateKey.from_bytes(str(row["algorithm"]), raw)
        except CryptoError as error:
            raise UnsoundError(f"secret.key does not open {row['id']}: it is another instance's") from error
        if private.public.multibase != row["public"]:
            raise UnsoundError(f"{row['id']} is not the key that its public half names")
    return f"{len(keys)} keys open"


def check_codes(db: Database, secret: Secret) -> str:
    """Check that every code that waits for the printer opens its own form."""
    count = 0
    for form_id, wrapped, locator, blob in store_invariants.kept_codes(db):
        try:
            text = secret.unwrap(wrapped, purpose=CODE_PURPOSE, owner=form_id).decode()
            code = printed_code.parse(text, purpose="certificate")
            form_store.open_form(blob, code=code)
        except (CryptoError, VcError) as error:
            raise UnsoundError(f"the code of form {form_id} does not open it") from error
        if code.locator != locator:
            raise UnsoundError(f"form {form_id} lies under another code's locator")
        count += 1
    return f"{count} codes open their forms"


def check_audit(db: Database) -> str:
    """Check that the audit log is the one that was written, line by line, and the one that was anchored."""
    count = audit.check_chain(db)
    anchored = store_ledger.anchored_publication(db, status_lists.AUDIT)
    lines, head = status_lists.audit_head(anchored)
    if anchored is not None:
        audit.check_head(db, lines=lines, head=head)
    return f"{count} lines follow one another, {lines} of them are anchored"


def check_published(db: Database, ledger: Ledger, *, url: str, now: int) -> str:
    """Check that the ledger holds exactly the versions that this database says it holds."""
    did = institution.load(db).did
    ours = store_invariants.anchored_publications(db)
    keys = {str(found["resource"]): status_key(did, f"{url}/{found['resource']}") for found in ours}
    snapshot, _ = ledger.snapshot(keys.values(), now=now)
    for found in ours:
        record = snapshot.status(did, f"{url}/{found['resource']}")
        if record is None or (record.version, record.digest) != (found["version"], found["digest"]):
            theirs = "none" if record is None else f"version {record.version}"
            raise UnsoundError(
                f"{found['resource']}: version {found['version']} here, {theirs} on the ledger"
            )
    return f"{len(ours)} published versions are the ledger's"


def _bits(body: bytes) -> bytes:
    return bitstring.decode(json.loads(body)["credentialSubject"]["encodedList"])
