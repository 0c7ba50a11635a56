"""Bitstring Status List: the entry in a credential, the list credential, and what the two say together.

    "credentialStatus": {"id": "urn:uuid:…", "type": "BitstringStatusListEntry",
                         "statusPurpose": "revocation", "statusListIndex": "4021",
                         "statusListCredential": "https://…/status/1"}

What is *not* here: fetching the list, its proof, and its digest on the ledger. ``revoked`` may be asked
only about a list whose proof was verified; the caller says by which issuer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vc import bitstring, dates
from vc.errors import (
    InvalidDatetimeError,
    MalformedStatusError,
    StatusExpiredError,
    StatusIssuerMismatchError,
    StatusRangeError,
    StatusTypeUnknownError,
    StatusVerificationError,
)

CONTEXT = "https://www.w3.org/ns/credentials/v2"
ENTRY_TYPE = "BitstringStatusListEntry"
LIST_CREDENTIAL_TYPE = "BitstringStatusListCredential"
LIST_TYPE = "BitstringStatusList"
REVOCATION = "revocation"

MAX_INDEX = bitstring.MAX_BYTES * 8 - 1
MAX_ENTRIES_PER_CREDENTIAL = 4

# Base ten without sign, space or leading zero; the length keeps int() from reading a novel.
_INDEX = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class StatusEntry:
    """One ``credentialStatus`` object, read.

    Attributes:
        list_url: Where its list is published.
        index: Its bit.
        purpose: What a set bit means, ``revocation`` or ``suspension``.
        entry_id: Its own id, from which the key of its notice is derived; None where it has none.
    """

    list_url: str
    index: int
    purpose: str
    entry_id: str | None


def entry(*, list_url: str, index: int, entry_id: str) -> dict[str, Any]:
    """Make the ``credentialStatus`` of a form.

    Args:
        list_url: URL of the list credential.
        index: The form's own random index.
        entry_id: A fresh random ``urn:uuid:…``; who knows it can read the form's notice.
    """
    return {
        "id": entry_id,
        "type": ENTRY_TYPE,
        "statusPurpose": REVOCATION,
        "statusListIndex": str(index),
        "statusListCredential": list_url,
    }


def list_credential(
    *, list_url: str, issuer: str, encoded_list: str, valid_from: datetime, valid_until: datetime | None
) -> dict[str, Any]:
    """Make the unsigned list credential.

    Args:
        list_url: Where it will be published; also its id.
        issuer: The DID whose credentials refer to it.
        encoded_list: See ``vc.bitstring.encode``.
        valid_from: Equal to the anchored ``from``, to the second.
        valid_until: Equal to the anchored ``until``; None only for the last list of a closed issuer.

    Spec: Bitstring Status List 1.0, section 2.2.
    """
    end = {} if valid_until is None else {"validUntil": dates.write(valid_until)}
    return {
        "@context": [CONTEXT],
        "id": list_url,
        "type": ["VerifiableCredential", LIST_CREDENTIAL_TYPE],
        "issuer": issuer,
        "validFrom": dates.write(valid_from),
        **end,
        "credentialSubject": {
            "id": f"{list_url}#list",
            "type": LIST_TYPE,
            "statusPurpose": REVOCATION,
            "encodedList": encoded_list,
        },
    }


def entries(credential: Mapping[str, Any]) -> tuple[StatusEntry, ...]:
    """Read every ``credentialStatus`` of a credential.

    Returns:
        The entries in their order; none where the credential has no status.

    Raises:
        StatusTypeUnknownError: One is of a type that nobody here understands: it may not be ignored.
        MalformedStatusError: One is malformed, or there are too many.
        StatusRangeError: An index that no list can have.
    """
    found = credential.get("credentialStatus")
    if found is None:
        return ()
    listed = found if isinstance(found, list) else [found]
    if len(listed) > MAX_ENTRIES_PER_CREDENTIAL:
        raise MalformedStatusError(f"more than {MAX_ENTRIES_PER_CREDENTIAL} status entries")
    return tuple(parse_entry(item) for item in listed)


def parse_entry(document: object) -> StatusEntry:
    """Read one status entry.

    Raises:
        StatusTypeUnknownError: It is of another type.
        MalformedStatusError: A member is missing or of the wrong form.
        StatusRangeError: The index is larger than any list.

    Spec: Bitstring Status List 1.0, section 2.1.
    """
    if not isinstance(document, Mapping):
        raise MalformedStatusError("credentialStatus is not an object")
    kind = document.get("type")
    if kind not in (ENTRY_TYPE, [ENTRY_TYPE]):
        raise StatusTypeUnknownError("credentialStatus is of a type that is not understood")
    list_url, purpose = document.get("statusListCredential"), document.get("statusPurpose")
    entry_id, index = document.get("id"), document.get("statusListIndex")
    if not isinstance(list_url, str) or not isinstance(purpose, str) or not purpose:
        raise MalformedStatusError("credentialStatus needs statusListCredential and statusPurpose")
    if entry_id is not None and (not isinstance(entry_id, str) or entry_id == list_url):
        raise MalformedStatusError("the entry's id is not an id of its own")
    if document.get("statusSize", 1) != 1 or "statusMessage" in document:
        # Messages of several bits are for purposes that no type of ours has; reading one bit of them would
        # lie.
        raise MalformedStatusError("entries of more than one bit are not understood")
    if not isinstance(index, str) or not _INDEX.fullmatch(index):
        raise MalformedStatusError("statusListIndex is not a decimal number as a string")
    if int(index) > MAX_INDEX:
        raise StatusRangeError("statusListIndex is beyond any list")
    return StatusEntry(list_url=list_url, index=int(index), purpose=purpose, entry_id=entry_id)


@dataclass(frozen=True)
class StatusList:
    """A list credential, read; its proof was checked elsewhere.

    Attributes:
        url: Its id.
        issuer: The DID that it names as issuer.
        purposes: What its bits may mean.
        bits: The expanded bitstring.
        valid_from: Since when it holds.
        valid_until: Until when, or None.
        seconds_to_live: How long it may be cached while the ledger is silent.
    """

    url: str
    issuer: str
    purposes: tuple[str, ...]
    bits: bytes
    valid_from: datetime
    valid_until: datetime | None
    seconds_to_live: int


MIN_SECONDS_TO_LIVE = 60
MAX_SECONDS_TO_LIVE = 24 * 3600
_DEFAULT_SECONDS_TO_LIVE = 300


def parse_list(document: Mapping[str, Any]) -> StatusList:
    """Read a list credential.

    Raises:
        MalformedStatusError: Not a list credential as the specification has it.
        StatusListLengthError: Too short.
        StatusListLimitError: Too large.

    Spec: Bitstring Status List 1.0, sections 2.2 and 3.2.
    """
    types, subject = document.get("type"), document.get("credentialSubject")
    if not isinstance(types, list) or LIST_CREDENTIAL_TYPE not in types or not isinstance(subject, Mapping):
        raise MalformedStatusError("not a BitstringStatusListCredential")
    if subject.get("type") not in (LIST_TYPE, [LIST_TYPE]):
        raise MalformedStatusError("the subject is not a BitstringStatusList")
    url, issuer = document.get("id"), document.get("issuer")
    issuer_id = issuer.get("id") if isinstance(issuer, Mapping) else issuer
    if not isinstance(url, str) or not isinstance(issuer_id, str):
        raise MalformedStatusError("the list needs an id and an issuer")
    valid_from, valid_until = _period(document)
    return StatusList(
        url=url,
        issuer=issuer_id,
        purposes=_purposes(subject.get("statusPurpose")),
        bits=bitstring.decode(subject.get("encodedList")),
        valid_from=valid_from,
        valid_until=valid_until,
        seconds_to_live=_seconds_to_live(subject.get("ttl")),
    )


def check_list(listed: StatusList, *, status_entry: StatusEntry, issuer_id: str, now: datetime) -> None:
    """Check that a list may answer for an entry.

    Args:
        listed: The list, its proof verified by a key of ``listed.issuer``.
        status_entry: The credential's entry.
        issuer_id: The credential's issuer.
        now: The moment of the question.

    Raises:
        StatusIssuerMismatchError: Another body signed the list.
        StatusVerificationError: It is another list, of another purpose, or not valid yet.
        StatusExpiredError: Its validity is over.

    Spec: Bitstring Status List 1.0, section 3.2.
    """
    if listed.issuer != issuer_id:
        raise StatusIssuerMismatchError("the list was issued by another body than the credential")
    if listed.url != status_entry.list_url:
        raise StatusVerificationError("the list is not the one that the credential names")
    if status_entry.purpose not in listed.purposes:
        raise StatusVerificationError("the list has another purpose than the credential's entry")
    if now < listed.valid_from:
        raise StatusVerificationError("the list is not valid yet")
    if listed.valid_until is not None and now > listed.valid_until:
        raise StatusExpiredError("the list is no longer valid")


def is_set(listed: StatusList, *, status_entry: StatusEntry) -> bool:
    """Return whether the entry's bit is set in a list that ``check_list`` accepted.

    Raises:
        StatusRangeError: The list has no such index.
    """
    return bitstring.is_set(listed.bits, status_entry.index)


def check(credential_status: Mapping[str, Any], status_list: Mapping[str, Any], *, now: datetime) -> bool:
    """Return whether a status list, whose proof the caller verified, marks an entry.

    A shorthand for callers that hold both documents and know that one issuer signed both.

    Raises:
        StatusError: One of its kinds; nothing may be assumed then.
    """
    status_entry, listed = parse_entry(credential_status), parse_list(status_list)
    check_list(listed, status_entry=status_entry, issuer_id=listed.issuer, now=now)
    return is_set(listed, status_entry=status_entry)


def _period(document: Mapping[str, Any]) -> tuple[datetime, datetime | None]:
    try:
        valid_from = dates.parse(document.get("validFrom"))
        until = document.get("validUntil")
        return valid_from, None if until is None else dates.parse(until)
    except InvalidDatetimeError as error:
        raise MalformedStatusError("the list's validity is malformed") from error


def _purposes(value: object) -> tuple[str, ...]:
    purposes = value if isinstance(value, list) else [value]
    if not purposes or not all(isinstance(purpose, str) and purpose for purpose in purposes):
        raise MalformedStatusError("statusPurpose is not a word or a list of words")
    return tuple(purposes)


def _seconds_to_live(value: object) -> int:
    if value is None:
        return _DEFAULT_SECONDS_TO_LIVE
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise MalformedStatusError("ttl is not a number of milliseconds")
    return min(max(value // 1000, MIN_SECONDS_TO_LIVE), MAX_SECONDS_TO_LIVE)
