"""What an agreement would have done to past certificates: counts that an issuer signs for those who vote.

An untagged COSE_Sign1 in deterministic CBOR by the issuer's submission key:

    protected  {1: alg, 3: "application/vnd.vocred.dry-run+cbor", 4: kid, 15: {1: did, 2: chain id}}
    payload    ["vocred/dry-run/1", chain id, digest, did,
                {"from", "until", "certificates", "accepted", "rules": {rule id: count}}]

Counts and nothing else: no certificate, person or number stands in it. It is no statement and changes
nothing on the ledger; nodes keep the newest one of each issuer beside the agreement's document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto import cbor, cose
from crypto.errors import PROBLEM_TYPES, CryptoError, SignatureError
from crypto.keys import PrivateKey, PublicKey
from ledger.core import fields
from ledger.errors import LedgerError, Reject
from ledger.headers import is_header, make_header

CONTENT_TYPE = "application/vnd.vocred.dry-run+cbor"
DOMAIN = "vocred/dry-run/1"
MAX_BYTES = 8 * 1024
MAX_RULES = 64

# Closed in form, as everything beside the ledger: no member in which a person's name could travel.
_RULE = re.compile(r"R(?:0|[1-9][0-9]{0,3})")


class DryRunError(LedgerError):
    """The bytes are no dry run of this issuer, agreement and ledger."""

    code = "DRY_RUN_INVALID"
    type = PROBLEM_TYPES + "DRY_RUN_INVALID"
    title = "The dry run does not count"


class DryRunKeptError(DryRunError):
    """Other counts of the same or a later end are kept."""

    code = "CONFLICT"
    type = PROBLEM_TYPES + "CONFLICT"
    title = "Newer counts are kept"


@dataclass(frozen=True)
class DryRun:
    """Whom an agreement would have touched among one issuer's certificates.

    Attributes:
        chain_id: The ledger on which the agreement is proposed.
        digest: SHA-256 of the agreement's document.
        did: The issuer that counted.
        start: The first second of the span, of the certificates' anchoring.
        end: The last second of the span.
        certificates: How many certificates the issuer looked at.
        accepted: How many of them the agreement accepts.
        rules: How many certificates each rule speaks for, by its id.
    """

    chain_id: str
    digest: bytes
    did: str
    start: int
    end: int
    certificates: int
    accepted: int
    rules: Mapping[str, int]


def sign_dry_run(run: DryRun, *, key: PrivateKey) -> bytes:
    """Sign the counts.

    Args:
        run: The counts.
        key: The issuer's submission key.

    Returns:
        What the node keeps under the agreement's digest and the issuer's DID.

    Raises:
        DryRunError: A count is negative or larger than what it is part of, or there are too many rules.
    """
    counts = {
        "from": run.start,
        "until": run.end,
        "certificates": run.certificates,
        "accepted": run.accepted,
        "rules": dict(run.rules),
    }
    payload = cbor.encode([DOMAIN, run.chain_id, run.digest, run.did, counts])
    header = make_header(CONTENT_TYPE, did=run.did, chain_id=run.chain_id, key=key.public)
    signed = cose.sign1(payload, protected=header, key=key)
    verify_dry_run(signed, chain_id=run.chain_id, digest=run.digest, did=run.did, key=key.public)
    return signed


def verify_dry_run(data: bytes, *, chain_id: str, digest: bytes, did: str, key: PublicKey) -> DryRun:
    """Check a dry run: form, signature, and that it is about this agreement, by this issuer, for this ledger.

    Args:
        data: What ``sign_dry_run`` returned.
        chain_id: This ledger.
        digest: SHA-256 of the agreement's document.
        did: The issuer under whose name it lies.
        key: The issuer's submission key as the registry has it.

    Raises:
        DryRunError: It is not.
    """
    try:
        sign1 = cose.parse_sign1(data, max_bytes=MAX_BYTES)
        sign1.verify(key)
        assert sign1.payload is not None
        run = _read(cbor.decode(sign1.payload, max_bytes=MAX_BYTES))
    except SignatureError as error:
        raise DryRunError("the counts are not signed with the issuer's submission key") from error
    except (CryptoError, Reject) as error:
        raise DryRunError(f"not the form of a dry run: {error}") from error
    if not is_header(sign1.protected, CONTENT_TYPE, did=did, chain_id=chain_id, key=key):
        raise DryRunError("the header names another issuer, key or ledger")
    if (run.chain_id, run.digest, run.did) != (chain_id, digest, did):
        raise DryRunError("the counts are about another agreement, issuer or ledger")
    return run


def read_dry_run(data: bytes) -> DryRun:
    """Read the counts of a dry run whose signature was checked when it was taken in.

    Raises:
        DryRunError: It has not the form of one.
    """
    try:
        sign1 = cose.parse_sign1(data, max_bytes=MAX_BYTES)
        assert sign1.payload is not None
        return _read(cbor.decode(sign1.payload, max_bytes=MAX_BYTES))
    except (CryptoError, Reject) as error:
        raise DryRunError(f"not the form of a dry run: {error}") from error


def _read(payload: Any) -> DryRun:
    """Read the payload's form; what deviates is a ``Reject``."""
    domain, chain_id, digest, did, counts = fields.array(payload, least=5, most=5)
    if domain != DOMAIN:
        raise fields.malformed(f"the payload begins with {DOMAIN}")
    content = fields.record(counts, "from", "until", "certificates", "accepted", "rules")
    certificates = fields.integer(content["certificates"])
    accepted = fields.integer(content["accepted"], most=certificates)
    start, end = fields.time(content["from"]), fields.time(content["until"])
    if end < start:
        raise fields.malformed("the span ends before it begins")
    rules = content["rules"]
    if type(rules) is not dict or len(rules) > MAX_RULES:
        raise fields.malformed(f"rules is a map of at most {MAX_RULES} counts")
    for name, count in rules.items():
        if type(name) is not str or not _RULE.fullmatch(name):
            raise fields.malformed("a rule is named by its id, such as R1")
        fields.integer(count, most=certificates)
    return DryRun(
        chain_id=fields.chain_id(chain_id),
        digest=fields.digest(digest),
        did=fields.did(did),
        start=start,
        end=end,
        certificates=certificates,
        accepted=accepted,
        rules=rules,
    )
