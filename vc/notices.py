"""Status notices: why and when a bit was set, readable only to who holds the credential.

    {"issuer": "did:web:…", "version": 7, "validFrom": "…", "validUntil": "…", "notices": {"4021":
    "<sealed>"}}

1. The document is JCS and is published whole with each version of a list, at ``<list>/notices``.
2. **notices** holds one entry for each set bit: AES-256-GCM under HKDF-SHA-256 of the status entry's own
id, the index as
   associated data, padded, so that neither the reason nor its length shows to who has only the list.
3. A notice says whether the record was **revoked** or this form was **withdrawn**, a reason code, the day,
and the id of a
   replacement where there is one.

Its digest is anchored like the list's; checking that is the caller's part.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from crypto import jcs, sealing
from crypto.errors import CryptoError
from crypto.multibase import base64url_decode, base64url_encode
from crypto.strict_json import parse as parse_json
from vc.errors import NoticeError
from vc.published import Head, head_members, parse_head

Kind = Literal["revoked", "withdrawn"]

REASONS: Mapping[str, str] = {
    "录入错误更正": "Correction of an entry",
    "学籍处理": "Decision on the student's status",
    "冒名/作弊": "Impersonation or cheating",
    "机构撤销": "Withdrawn by the institution",
    "持有人申请": "At the holder's request",
    "密钥泄露": "Key exposed",
}
"""Reason codes with their English, the only ones that a notice may carry."""

MAX_BYTES = 4 * 1024 * 1024
_MAX_NOTICES = 100_000
_BLOCK = 256
_LABEL = "vocred/notice/1"
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Notice:
    """Why a status bit is set.

    Attributes:
        kind: ``revoked``: the record itself; ``withdrawn``: this form only, the certificate stands.
        reason: One of ``REASONS``.
        date: The day, ``YYYY-MM-DD``.
        replacement: ``urn:uuid:…`` of the record that replaces it, or None.
    """

    kind: Kind
    reason: str
    date: str
    replacement: str | None = None


@dataclass(frozen=True)
class Notices:
    """A notices document, parsed but still sealed."""

    head: Head
    sealed: Mapping[int, str]


def seal(
    entries: Mapping[int, tuple[str, Notice]],
    *,
    issuer: str,
    version: int,
    valid_from: datetime,
    valid_until: datetime | None,
    nonce: Callable[[], bytes],
) -> bytes:
    """Make the notices document of one version of a list.

    Args:
        entries: Status entry's id and notice, by status index; one for each set bit.
        issuer: The list's issuer.
        version: The version under which the document is anchored.
        valid_from: Equal to the anchored ``from``.
        valid_until: Equal to the anchored ``until``.
        nonce: Gives 12 fresh random bytes at each call.

    Returns:
        The bytes to publish and to digest.

    Raises:
        ValueError: A reason that is no code of ours.
    """
    sealed = {
        str(index): base64url_encode(_seal_one(index, entry_id, notice, nonce=nonce()))
        for index, (entry_id, notice) in sorted(entries.items())
    }
    head = head_members(issuer=issuer, version=version, valid_from=valid_from, valid_until=valid_until)
    return jcs.canonicalize({**head, "notices": sealed})


def parse(document: bytes) -> Notices:
    """Read a notices document whose digest the caller compared.

    Raises:
        NoticeError: It is malformed.
    """
    try:
        value = parse_json(document, max_bytes=MAX_BYTES, max_values=_MAX_NOTICES)
    except CryptoError as error:
        raise NoticeError("the notices are not JSON as we accept it") from error
    head = parse_head(value, also=frozenset({"notices"}))
    listed = value["notices"]
    if not isinstance(listed, dict):
        raise NoticeError("notices is not an object")
    sealed: dict[int, str] = {}
    for key, text in listed.items():
        if not _INDEX.fullmatch(key) or not isinstance(text, str):
            raise NoticeError("a notice is not text under an index")
        sealed[int(key)] = text
    return Notices(head=head, sealed=sealed)


def open_notice(notices: Notices, *, index: int, entry_id: str) -> Notice | None:
    """Open the notice of one status entry.

    Returns:
        The notice, or None where the document has none for that index.

    Raises:
        NoticeError: There is one, but this entry's id does not open it, or it is malformed.
    """
    text = notices.sealed.get(index)
    if text is None:
        return None
    try:
        blob = base64url_decode(text)
        padded = sealing.open_sealed(blob, key=_key(entry_id), associated_data=str(index).encode())
        value = parse_json(sealing.unpad(padded))
    except CryptoError as error:
        raise NoticeError("the notice does not open with this entry's id") from error
    return _notice(value)


def _seal_one(index: int, entry_id: str, notice: Notice, *, nonce: bytes) -> bytes:
    if notice.reason not in REASONS:
        raise ValueError(f"{notice.reason!r} is no reason code")
    members: dict[str, Any] = {"kind": notice.kind, "reason": notice.reason, "date": notice.date}
    if notice.replacement is not None:
        members["replacement"] = notice.replacement
    padded = sealing.pad_to_multiple(jcs.canonicalize(members), _BLOCK)
    return sealing.seal(padded, key=_key(entry_id), nonce=nonce, associated_data=str(index).encode())


def _key(entry_id: str) -> bytes:
    return sealing.hkdf(entry_id.encode(), info=_LABEL, length=sealing.KEY_BYTES)


def _notice(value: object) -> Notice:
    if not isinstance(value, dict) or not {"kind", "reason", "date"} <= set(value):
        raise NoticeError("a notice lacks a member")
    kind, replacement = value["kind"], value.get("replacement")
    texts = [value["reason"], value["date"], *([] if replacement is None else [replacement])]
    if kind not in ("revoked", "withdrawn") or not all(isinstance(text, str) for text in texts):
        raise NoticeError("a notice has a malformed member")
    return Notice(kind=kind, reason=value["reason"], date=value["date"], replacement=replacement)
