"""From what somebody holds to a document: a printed code to its sealed form, a share link to its sealed
package.

A code names its issuer by number and its form by locator; the store is asked for a whole bucket, by a prefix
whose length only the anchored index decides. If the form is not there, either the index proves that no
certificate carries the code, or nothing is known. A share is asked of the wallet that the registry knows by
the id's tag, with a token that only the link yields.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crypto.errors import CryptoError
from ledger.client import MAX_HEAD_AGE
from ledger.registry import IssuerRecord, issuer_key, number_key, wallet_key
from vc import documents, form_store, shares
from vc.errors import AbsenceNotProvenError, DocumentError, StoreError
from vc.form_store import Bucket, StoreIndex
from vc.printed_code import PrintedCode
from vc.shares import TAG_CHARACTERS
from verifier.errors import (
    EvidenceUnavailableError,
    NoSuchCertificateError,
    ShareGoneError,
    ShareUnknownError,
)
from verifier.gathering import Gatherer
from web import limits
from web.errors import FetchError


@dataclass(frozen=True)
class SealedForm:
    """A form as the store holds it.

    Attributes:
        blob: The sealed bytes; only the printed code opens them.
        issuer_id: The DID that the code's number stands for.
    """

    blob: bytes
    issuer_id: str


@dataclass(frozen=True)
class OpenedForm:
    """A paper form, opened with its code.

    Attributes:
        document: The secured credential; nobody has verified it yet.
        issuer_id: The DID that it has to be of.
    """

    document: dict[str, Any]
    issuer_id: str


def open_code(code: PrintedCode, *, gatherer: Gatherer, now: datetime) -> OpenedForm:
    """Find and open the form of a certificate's printed code.

    Raises:
        NoSuchCertificateError: It is proved that no certificate carries the code.
        EvidenceUnavailableError: The form could not be had, and its absence is not proved.
    """
    sealed = find_form(code.issuer_number, code.locator, gatherer=gatherer, now=now)
    try:
        document = documents.load(form_store.open_form(sealed.blob, code=code))
    except (CryptoError, DocumentError) as error:
        raise EvidenceUnavailableError(
            "the stored form does not open with its code", code="STORE_UNAVAILABLE"
        ) from error
    return OpenedForm(document=document, issuer_id=sealed.issuer_id)


def find_form(issuer_number: int, locator: bytes, *, gatherer: Gatherer, now: datetime) -> SealedForm:
    """Find the sealed form under a locator.

    Args:
        issuer_number: The number in the code's first group.
        locator: The code's locator, 16 bytes; it does not open anything.
        gatherer: The evidence.
        now: The moment of the question.

    Raises:
        NoSuchCertificateError: Its absence is proved: no issuer has the number, or the store's current index
            and the bucket that matches it show that nothing lies there.
        EvidenceUnavailableError: Anything else that keeps it from being found.

    Spec: ARCHITECTURE.md, "When a code is not authentic".
    """
    try:
        return _find(issuer_number, locator, gatherer=gatherer, now=now, max_age=MAX_HEAD_AGE)
    except NoSuchCertificateError:
        # An answer some seconds old may not know what was printed since: "no" is said of the present alone.
        return _find(issuer_number, locator, gatherer=gatherer, now=now, max_age=0)


def _find(
    issuer_number: int, locator: bytes, *, gatherer: Gatherer, now: datetime, max_age: int
) -> SealedForm:
    record = _issuer_of_number(issuer_number, gatherer, max_age=max_age)
    index = gatherer.store_index(record, max_age=max_age)
    if index is None:
        raise EvidenceUnavailableError("the issuer has anchored no index yet", code="STORE_UNAVAILABLE")
    bucket = _bucket(record, index, locator, gatherer)
    blob = None if bucket is None else form_store.find(locator, bucket=bucket)
    if blob is not None:
        return SealedForm(blob=blob, issuer_id=record.did)
    try:
        form_store.absent(locator, store_index=index, bucket=bucket, now=now)
    except AbsenceNotProvenError as error:
        raise EvidenceUnavailableError(str(error), code=error.code) from error
    raise _no_such("the store's index proves that nothing lies under this code", gatherer)


def _no_such(detail: str, gatherer: Gatherer) -> NoSuchCertificateError:
    if gatherer.silent:
        # Only the current index proves an absence; a last word of the ledger may be a day old.
        raise EvidenceUnavailableError("the ledger cannot be reached", code="LEDGER_UNAVAILABLE")
    return NoSuchCertificateError(detail)


def open_share(share_id: str, token: str, *, gatherer: Gatherer) -> bytes:
    """Ask the wallet for a share's sealed package.

    Args:
        share_id: The id in the link.
        token: What the link's key yields; see ``vc.shares.token``.
        gatherer: The evidence.

    Raises:
        ShareError: The id is malformed.
        ShareUnknownError: No such wallet, no such share, or another link's token.
        ShareGoneError: It was closed, or its time is over.
        EvidenceUnavailableError: The ledger or the wallet does not answer.
    """
    tag = shares.check_id(share_id)[:TAG_CHARACTERS]
    snapshot, _ = gatherer.snapshot([wallet_key(tag)])
    wallet = snapshot.wallet(tag)
    if wallet is None:
        raise ShareUnknownError("the registry knows no wallet of this tag")
    try:
        answer = gatherer.fetch.post(
            f"{wallet.url}/shares/{share_id}/open",
            json={"token": token},
            max_bytes=limits.FETCH_LARGE_BYTES,
            accept="application/octet-stream, application/problem+json",
        )
    except FetchError as error:
        raise EvidenceUnavailableError("the wallet does not answer", code="WALLET_UNAVAILABLE") from error
    if answer.status == 200:
        return answer.body
    if answer.status == 404:
        raise ShareUnknownError("there is nothing under this link")
    if answer.status == 410:
        code = "LINK_REVOKED" if b"LINK_REVOKED" in answer.body else "LINK_EXPIRED"
        raise ShareGoneError("the share is no longer open", code=code)
    raise EvidenceUnavailableError(f"the wallet answers {answer.status}", code="WALLET_UNAVAILABLE")


def _issuer_of_number(number: int, gatherer: Gatherer, *, max_age: int) -> IssuerRecord:
    numbers, _ = gatherer.snapshot([number_key(number)], max_age=max_age)
    did = numbers.issuer_by_number(number)
    if did is None:
        raise _no_such("the registry proves that no issuer has this number", gatherer)
    records, _ = gatherer.snapshot([issuer_key(did)], max_age=max_age)
    record = records.issuer(did)
    if record is None:
        raise EvidenceUnavailableError("the issuer's record is missing", code="LEDGER_UNAVAILABLE")
    return record


def _bucket(record: IssuerRecord, index: StoreIndex, locator: bytes, gatherer: Gatherer) -> Bucket | None:
    prefix = form_store.prefix_of(locator, index.prefix_bits)
    if prefix not in index.buckets:
        return None
    bucket = gatherer.bucket(record, index, locator, kind="forms")
    if bucket is None:
        return None
    try:
        form_store.check_bucket(bucket, store_index=index, prefix=prefix)
    except StoreError:
        # A bucket that grew since the index was anchored still opens what it holds; it proves no absence.
        return bucket
    return bucket
