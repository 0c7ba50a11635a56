"""One form: built from its record, checked strictly, signed.

Everything here is computed before a transaction and thrown away if that does not commit: a form that is
refused leaves no row and takes no status index. Randomness and time are arguments.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from crypto import jcs
from issuer import store_forms, store_ledger
from issuer.batches import new_id
from issuer.cosigning import embedding
from issuer.institution import Institution, SigningKey
from schemas.catalogue import CATALOGUE
from vc import data_integrity, dates, printed_code, status, structure
from vc.form_store import seal_form
from vc.printed_code import PrintedCode

PAPER, HOLDER_BOUND = "paper", "ldp_vc"
_NONCE_BYTES = 12
_FULLEST = 2  # a list is given no more forms once one in so many of its indexes is taken


@dataclass(frozen=True)
class Slot:
    """A place on a status list.

    Attributes:
        list_number: The list.
        index: The bit.
        entry_id: The ``urn:uuid:…`` of the form's status entry; who knows it can read the form's notice.
    """

    list_number: int
    index: int
    entry_id: str


@dataclass(frozen=True)
class SignedForm:
    """A signed form that no database holds yet.

    Attributes:
        id: Its identifier inside the issuer.
        kind: ``paper`` or ``ldp_vc``.
        secured: The signed credential's JCS bytes.
        digest: SHA-256 of these.
        slot: Its place on a status list.
        verification_method: The key that signed.
        holder: The DID it is bound to, or None.
        endorsements: The ids of the endorsements in it.
    """

    id: str
    kind: str
    secured: bytes
    digest: bytes
    slot: Slot
    verification_method: str
    holder: str | None
    endorsements: tuple[str, ...] = ()


@dataclass(frozen=True)
class SealedForm:
    """A paper form with its code, sealed for the store."""

    form: SignedForm
    code: PrintedCode
    blob: bytes


def _none(_record_id: str) -> list[dict[str, Any]]:
    return []


@dataclass(frozen=True)
class Press:
    """What all forms of one run have in common.

    Attributes:
        institution: Who issues.
        key: The key that signs.
        lists_url: Base URL of the status lists.
        random: Returns that many unpredictable bytes.
        now: Seconds since 1970: ``created`` of the proofs.
        endorsements: Returns the endorsements that are held of a record.
    """

    institution: Institution
    key: SigningKey
    lists_url: str
    random: Callable[[int], bytes]
    now: int
    endorsements: Callable[[str], list[dict[str, Any]]] = _none

    def sign(
        self,
        fields: Mapping[str, str],
        *,
        credential_type: str,
        record_id: str,
        slot: Slot,
        holder: str | None = None,
    ) -> SignedForm:
        """Build, check and sign a form.

        Args:
            fields: The record's values.
            credential_type: The record's type.
            record_id: The record's id, the same in every form.
            slot: The form's own place on a status list.
            holder: The wallet's DID, or None for the paper form.

        Raises:
            RecordIncompleteError: A value that the type requires is missing.
            VcError: The credential breaks a rule; nothing was signed.
        """
        credential = self._build(
            fields, credential_type=credential_type, record_id=record_id, slot=slot, holder=holder
        )
        embedded = embedding.covering(credential, self.endorsements(record_id))
        if embedded:
            credential = {**credential, "endorsement": embedded}
        structure.validate(credential)
        secured = data_integrity.sign(
            credential,
            key=self.key.private,
            verification_method=self.key.verification_method,
            created=dates.from_seconds(self.now),
        )
        # CREDENTIALS.md D8: what is anchored is SHA-256 over the JCS form, and the JCS form is what is kept.
        body = jcs.canonicalize(secured)
        return SignedForm(
            id=new_id(self.random),
            kind=PAPER if holder is None else HOLDER_BOUND,
            secured=body,
            digest=hashlib.sha256(body).digest(),
            slot=slot,
            verification_method=self.key.verification_method,
            holder=holder,
            endorsements=tuple(endorsement["id"] for endorsement in embedded),
        )

    def seal(self, form: SignedForm) -> SealedForm:
        """Give a paper form a fresh printed code and seal it under that."""
        assert self.institution.number is not None  # standing.require() saw to it
        random = self.random(printed_code.RANDOM_BYTES)
        code = printed_code.make(self.institution.number, random=random, purpose="certificate")
        blob = seal_form(form.secured, code=code, nonce=self.random(_NONCE_BYTES))
        return SealedForm(form, code, blob)

    def _build(
        self,
        fields: Mapping[str, str],
        *,
        credential_type: str,
        record_id: str,
        slot: Slot,
        holder: str | None,
    ) -> dict[str, Any]:
        entry = status.entry(
            list_url=list_url(self.lists_url, slot.list_number), index=slot.index, entry_id=slot.entry_id
        )
        common = {
            "issuer": self.institution.profile,
            "credential_id": f"urn:uuid:{record_id}",
            "status_entry": entry,
        }
        catalogued = CATALOGUE[credential_type]
        if holder is None:
            return catalogued.paper_form(fields, **common)
        return catalogued.holder_form(fields, holder=holder, **common)


def achievement_key(secured: Mapping[str, Any]) -> str:
    """Return what an achievement is recognised by in another record: its id, level and specialisation.

    An evaluation or an accreditation has none: what it speaks of stands in its place.
    """
    subject = secured["credentialSubject"]
    achievement = subject.get("achievement", subject)
    parts = (achievement["id"], achievement.get("levelCode", ""), achievement.get("specialization", ""))
    return "|".join(parts)


def list_url(lists_url: str, number: int) -> str:
    """Return where a status list is published."""
    return f"{lists_url}/{number}"


def draw_slots(db: Database, *, count: int, random: Callable[[int], bytes], now: int) -> list[Slot]:
    """Draw fresh places on the status lists at random, none twice.

    They are taken only when the forms that carry them are committed; the table refuses an index that
    somebody else committed in between.

    Args:
        db: The connection; a new list is made where the others are half full.
        count: How many.
        random: Returns that many unpredictable bytes.
        now: Seconds since 1970.
    """
    found: list[Slot] = []
    for number, size in store_ledger.status_lists(db):
        room = size // _FULLEST - store_forms.count_indexes(db, number)
        wanted = min(count - len(found), max(room, 0))
        indexes = _draw(db, number, size=size, count=wanted, random=random)
        found += [Slot(number, index, f"urn:uuid:{new_id(random)}") for index in indexes]
    if len(found) < count:
        store_ledger.add_status_list(db, at=now)
        found += draw_slots(db, count=count - len(found), random=random, now=now)
    return found


def _draw(db: Database, number: int, *, size: int, count: int, random: Callable[[int], bytes]) -> list[int]:
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        # The size is a power of two, so the remainder is as even as the bytes are.
        fresh = {int.from_bytes(random(8), "big") % size for _ in range(count - len(drawn))}
        taken = store_forms.used_indexes(db, number, fresh)
        drawn.update(dict.fromkeys(sorted(fresh - taken, key=lambda _: random(4))))
    return list(drawn)
