"""Whether a form is still good: its issuer's status list, checked as a verifier checks it.

In this order: the ledger's current version of the list, the list whose bytes have that version's digest, from
a mirror or from the issuer,
its proof by a key of the issuer, its issuer, purpose and dates, and the bit. Where the bit is set, the
sealed notice says why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from crypto.errors import CryptoError
from crypto.keys import PublicKey
from ledger.proof.verify import Snapshot
from ledger.registry import StateKey, StatusRecord, status_key
from vc import data_integrity, documents, notices, status
from vc.errors import VcError
from vc.notices import Notice
from vc.status import StatusEntry
from wallet import issuers
from wallet.errors import CannotCheckError
from wallet.parts import Parts
from web import limits
from web.errors import FetchError

Resolve = Callable[[str, str], PublicKey]


@dataclass(frozen=True)
class Standing:
    """What a status list says about one form.

    Attributes:
        revoked: The bit is set.
        notice: Why, where the issuer's notices say so.
        as_of: The time of the ledger's checkpoint that the answer rests on.
        list_bytes: The list, as served; for stapling.
        notices_bytes: The notices, as served; None where nothing was set or they could not be had.
    """

    revoked: bool
    notice: Notice | None
    as_of: datetime
    list_bytes: bytes
    notices_bytes: bytes | None


def keys(credential: dict[str, Any], *, issuer_id: str) -> tuple[StateKey, ...]:
    """Give the registry keys that a snapshot has to prove before :func:`check` can answer."""
    found: list[StateKey] = []
    for entry in status.entries(credential):
        found += [status_key(issuer_id, entry.list_url), status_key(issuer_id, notices_url(entry.list_url))]
    return tuple(found)


def notices_url(list_url: str) -> str:
    """Give the address of the notices that go with a list."""
    return f"{list_url}/notices"


def check(
    credential: dict[str, Any],
    *,
    issuer_id: str,
    resolve: Resolve,
    snapshot: Snapshot,
    parts: Parts,
    now: datetime,
) -> Standing:
    """Find out whether a form was revoked or withdrawn.

    Args:
        credential: The secured form.
        issuer_id: Its issuer, whose record and keys were proved.
        resolve: Gives the issuer's current keys.
        snapshot: Proves what :func:`keys` named.
        parts: The collaborators.
        now: The time.

    Raises:
        CannotCheckError: The list that the ledger holds cannot be had or does not check.
    """
    try:
        (entry,) = status.entries(credential)
        current = _current(snapshot, issuer_id, entry.list_url)
        listed = _fetch(entry.list_url, digest=current.digest, parts=parts, now=now)
        is_set = _is_set(listed, entry, issuer_id=issuer_id, resolve=resolve, record=current, now=now)
    except (VcError, CryptoError, ValueError) as error:
        raise CannotCheckError("the issuer's status list does not check") from error
    as_of = datetime.fromtimestamp(snapshot.time, UTC)
    if not is_set:
        return Standing(False, None, as_of, listed, None)
    told = _told(entry, issuer_id=issuer_id, snapshot=snapshot, parts=parts, now=now)
    return Standing(True, _notice(told, entry), as_of, listed, told)


def _current(snapshot: Snapshot, issuer_id: str, url: str) -> StatusRecord:
    record = snapshot.status(issuer_id, url)
    if record is None:
        raise CannotCheckError("the issuer's status list is not on the ledger yet")
    return record


def _is_set(
    listed: bytes,
    entry: StatusEntry,
    *,
    issuer_id: str,
    resolve: Resolve,
    record: StatusRecord,
    now: datetime,
) -> bool:
    document = documents.load(listed)
    data_integrity.verify(document, resolve=resolve, purpose="assertionMethod", now=now)
    parsed = status.parse_list(document)
    status.check_list(parsed, status_entry=entry, issuer_id=issuer_id, now=now)
    # LEDGER.md 4.7: the dates inside equal the anchored ones, else old bytes could be anchored anew.
    until = None if parsed.valid_until is None else int(parsed.valid_until.timestamp())
    if (int(parsed.valid_from.timestamp()), until) != (record.valid_from, record.valid_until):
        raise CannotCheckError("the dates of the issuer's status list are not the anchored ones")
    return status.is_set(parsed, status_entry=entry)


def _told(
    entry: StatusEntry, *, issuer_id: str, snapshot: Snapshot, parts: Parts, now: datetime
) -> bytes | None:
    """Fetch the notices; that they are missing takes nothing from the fact that the bit is set."""
    url = notices_url(entry.list_url)
    record = snapshot.status(issuer_id, url)
    if record is None:
        return None
    try:
        return _fetch(url, digest=record.digest, parts=parts, now=now)
    except CannotCheckError:
        return None


def _notice(told: bytes | None, entry: StatusEntry) -> Notice | None:
    if told is None or entry.entry_id is None:
        return None
    try:
        return notices.open_notice(notices.parse(told), index=entry.index, entry_id=entry.entry_id)
    except (VcError, CryptoError):
        return None


def _fetch(url: str, *, digest: bytes, parts: Parts, now: datetime) -> bytes:
    mirrored = issuers.from_mirrors(digest, parts=parts, now=now, max_bytes=limits.FETCH_LARGE_BYTES)
    if mirrored is not None:
        return mirrored
    try:
        answer = parts.fetcher.get(url, max_bytes=limits.FETCH_LARGE_BYTES)
    except FetchError as error:
        raise CannotCheckError("the issuer's status list cannot be had at this moment") from error
    # An issuer serves a new list a moment before the ledger has it: then this is "not now", never "no".
    if answer.status != 200 or sha256(answer.body).digest() != digest:
        raise CannotCheckError("the issuer's status list is not the one on the ledger")
    return answer.body
