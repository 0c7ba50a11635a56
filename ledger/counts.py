"""What an issuer did in a month, by type of certificate: counts that it signs for those who supervise.

An untagged COSE_Sign1 in deterministic CBOR by the issuer's submission key:

    protected  {1: alg, 3: "application/vnd.vocred.counts+cbor", 4: kid, 15: {1: did, 2: chain id}}
    payload    ["vocred/counts/1", chain id, did, month, at,
                {type: {"issued", "revoked", "anchoredLate"}}]

The month is "2026-11", as calendars in China count it, ``at`` the second of counting. The ledger itself
knows anchors, not what is in them: batches are padded so that nobody can count there. What is counted here
is the issuer's word, signed, so that it can be held to it. Counts and nothing else: no certificate, person
or class stands in it. It is no statement and changes nothing on the ledger; nodes keep the newest of each
month and hand them on to one another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from crypto import cbor, cose
from crypto.errors import PROBLEM_TYPES, CryptoError, SignatureError
from crypto.keys import PrivateKey, PublicKey
from ledger.core import fields
from ledger.errors import LedgerError, Reject
from ledger.headers import is_header, make_header, read_header
from web.i18n import CHINA

CONTENT_TYPE = "application/vnd.vocred.counts+cbor"
DOMAIN = "vocred/counts/1"
MAX_BYTES = 16 * 1024
MAX_ROWS = fields.MAX_TYPES

_MONTH = re.compile(r"(?:19|20|21)[0-9]{2}-(?:0[1-9]|1[0-2])")


class CountsError(LedgerError):
    """The bytes are no counts of this issuer, month and ledger."""

    code = "COUNTS_INVALID"
    type = PROBLEM_TYPES + "COUNTS_INVALID"
    title = "The counts do not count"


class CountsKeptError(CountsError):
    """Other counts of the same or a later time are kept."""

    code = "CONFLICT"
    type = PROBLEM_TYPES + "CONFLICT"
    title = "Newer counts are kept"


@dataclass(frozen=True)
class Row:
    """What was done with one type of certificate in one month.

    Attributes:
        issued: Certificates whose record was made in the month, whatever the number of their forms.
        revoked: Certificates that were revoked in the month, whenever they were issued.
        anchored_late: Certificates of which a form that was signed in the month waited more than 24 hours
            for the ledger, or still waits after so long.
    """

    issued: int
    revoked: int
    anchored_late: int

    def to_cbor(self) -> dict[str, int]:
        """Return the map that the payload holds."""
        return {"issued": self.issued, "revoked": self.revoked, "anchoredLate": self.anchored_late}


@dataclass(frozen=True)
class Counts:
    """One issuer's month.

    Attributes:
        chain_id: The ledger.
        did: The issuer that counted.
        month: Such as ``2026-11``.
        at: When it was counted, integer seconds; of two counts of a month the later one holds.
        rows: What was done, by the short name of the type.
    """

    chain_id: str
    did: str
    month: str
    at: int
    rows: Mapping[str, Row]

    @property
    def total(self) -> Row:
        """The sum over all types."""
        rows = [asdict(row) for row in self.rows.values()]
        return Row(**{name: sum(row[name] for row in rows) for name in Row.__annotations__})


def sign_counts(counts: Counts, *, key: PrivateKey) -> bytes:
    """Sign an issuer's month.

    Args:
        counts: The counts.
        key: The issuer's submission key.

    Returns:
        What nodes keep under the issuer's DID and the month.

    Raises:
        CountsError: A count is negative, a name no type's, or there are too many rows.
    """
    rows = {name: row.to_cbor() for name, row in counts.rows.items()}
    payload = cbor.encode([DOMAIN, counts.chain_id, counts.did, counts.month, counts.at, rows])
    header = make_header(CONTENT_TYPE, did=counts.did, chain_id=counts.chain_id, key=key.public)
    signed = cose.sign1(payload, protected=header, key=key)
    verify_counts(signed, chain_id=counts.chain_id, did=counts.did, month=counts.month, key=key.public)
    return signed


def verify_counts(data: bytes, *, chain_id: str, did: str, month: str, key: PublicKey) -> Counts:
    """Check counts: form, signature, and that they are this issuer's, of this month, for this ledger.

    Args:
        data: What ``sign_counts`` returned.
        chain_id: This ledger.
        did: The issuer under whose name they lie.
        month: The month under which they lie.
        key: The issuer's submission key as the registry has it.

    Raises:
        CountsError: They are not.
    """
    try:
        sign1 = cose.parse_sign1(data, max_bytes=MAX_BYTES)
        sign1.verify(key)
    except SignatureError as error:
        raise CountsError("the counts are not signed with the issuer's submission key") from error
    except CryptoError as error:
        raise CountsError(f"not the form of counts: {error}") from error
    counts = _read(sign1.payload)
    if not is_header(sign1.protected, CONTENT_TYPE, did=did, chain_id=chain_id, key=key):
        raise CountsError("the header names another issuer, key or ledger")
    if (counts.chain_id, counts.did, counts.month) != (chain_id, did, month):
        raise CountsError("the counts are of another issuer, month or ledger")
    return counts


def read_counts(data: bytes) -> Counts:
    """Read counts whose signature was checked when they were taken in.

    Raises:
        CountsError: They have not the form.
    """
    try:
        return _read(cose.parse_sign1(data, max_bytes=MAX_BYTES).payload)
    except CryptoError as error:
        raise CountsError(f"not the form of counts: {error}") from error


def signing_key_of(data: bytes) -> bytes:
    """Return the thumbprint of the key that counts name, whose signature was checked when they were kept.

    Raises:
        CountsError: They name none.
    """
    try:
        sign1 = cose.parse_sign1(data, max_bytes=MAX_BYTES)
        _, _, thumbprint = read_header(sign1.protected, CONTENT_TYPE)
    except (CryptoError, Reject) as error:
        raise CountsError(f"not the form of counts: {error}") from error
    return thumbprint


def read_month(text: Any) -> str:
    """Return the text if it names a month, such as ``2026-11``.

    Raises:
        CountsError: It names none.
    """
    if type(text) is not str or not _MONTH.fullmatch(text):
        raise CountsError("a month is written as 2026-11")
    return text


def month_of(seconds: int) -> str:
    """Return the month of a moment, in China's time."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(CHINA):%Y-%m}"


def _read(payload: bytes | None) -> Counts:
    if payload is None:
        raise CountsError("the content is missing")
    try:
        return _content(cbor.decode(payload, max_bytes=MAX_BYTES))
    except (CryptoError, Reject) as error:
        raise CountsError(f"not the form of counts: {error}") from error


def _content(value: Any) -> Counts:
    """Read the payload's form; what deviates is a ``Reject``."""
    domain, chain_id, did, month, at, rows = fields.array(value, least=6, most=6)
    if domain != DOMAIN:
        raise fields.malformed(f"the payload begins with {DOMAIN}")
    if type(rows) is not dict or len(rows) > MAX_ROWS:
        raise fields.malformed(f"there are at most {MAX_ROWS} types")
    return Counts(
        chain_id=fields.chain_id(chain_id),
        did=fields.did(did),
        month=read_month(month),
        at=fields.time(at),
        rows={fields.credential_type(name): _row(row) for name, row in rows.items()},
    )


def _row(value: Any) -> Row:
    content = fields.record(value, "issued", "revoked", "anchoredLate")
    issued, revoked, late = (fields.integer(content[name]) for name in ("issued", "revoked", "anchoredLate"))
    return Row(issued, revoked, late)
