"""Claim slips, and the ten-minute offers that they mint.

A slip opens every certificate of its person that is not claimed yet, from whatever batch, and lives 180 days.
Its secret is the claim code, of which the database keeps the locator; the code
itself stays wrapped until the slips of its batch are printed. The six-digit PIN is drawn at printing, goes
on a separate strip, and is kept only as a keyed hash; five wrong ones, over all offers of the slip
together, lock it for good. An offer is minted by POST each time the slip is opened, and fetched by
reference as often as scanners like. Its pre-authorized code follows from its id under the instance's
secret, so neither stands in the database.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database

from crypto.multibase import base64url_encode
from issuer import institution, store_claims, store_records
from issuer.batches import new_id
from issuer.errors import (
    ClaimCodeUnknownError,
    ConflictError,
    NotRegisteredError,
    SlipExpiredError,
    SlipLockedError,
    SlipUsedError,
    SlipVoidError,
    UnknownError,
)
from issuer.parts import Parts
from schemas.catalogue import CATALOGUE
from vc import printed_code
from vc.printed_code import PrintedCode
from web.database import transaction

SLIP_SECONDS = 180 * 24 * 3600
OFFER_SECONDS = 600
PIN_DIGITS = 6
MOST_WRONG_PINS = 5
CLAIM_PURPOSE = "claim-code"
PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"

_PIN_PURPOSE, _CODE_PURPOSE = "pin", "pre-authorized-code"
_OPEN_OFFERS = 10
_OFFER_ID_BYTES = 32
_LOCATOR_BYTES = 16


@dataclass(frozen=True)
class NewSlip:
    """A slip as it leaves for the printer: the only moment at which PIN and code are together.

    Attributes:
        id: The slip's id.
        record_id: The record that it claims.
        claim_code: The code, for the slip.
        pin: Six digits, for the strip.
        expires_at: When the slip ends, in seconds.
    """

    id: str
    record_id: str
    claim_code: PrintedCode
    pin: str
    expires_at: int


@dataclass(frozen=True)
class MintedOffer:
    """An offer, as the page and the wallet are told of it.

    Attributes:
        uri: Where the offer is fetched: ``credential_offer_uri``.
        credential_types: What is offered, one for each certificate.
        expires_in: Seconds.
    """

    uri: str
    credential_types: tuple[str, ...]
    expires_in: int

    @property
    def link(self) -> str:
        """The link by which any OpenID4VCI wallet opens the offer. Spec: OpenID4VCI 1.0, section 4.1.3."""
        return f"openid-credential-offer://?credential_offer_uri={quote(self.uri, safe='')}"


def had_slip(db: Database, record_id: str) -> bool:
    """Return whether a record had a slip, or was claimed through another one: a further one is a re-issue."""
    return (
        store_claims.newest_slip(db, record_id) is not None
        or store_claims.claimed_at(db, record_id) is not None
    )


def create(db: Database, parts: Parts, *, record_id: str, now: int) -> NewSlip:
    """Make the first slip of a valid record, inside the caller's transaction.

    Raises:
        NotRegisteredError: The issuer has no number yet.
        ConflictError: The record is revoked, has an open slip, or was claimed through another one.
    """
    if store_claims.newest_slip(db, record_id) is None and had_slip(db, record_id):
        raise ConflictError("this certificate was claimed already: another slip takes two officers")
    return _create(db, parts, record_id=record_id, now=now)


def _create(db: Database, parts: Parts, *, record_id: str, now: int) -> NewSlip:
    record = store_records.record(db, record_id)
    if record is None:
        raise UnknownError("no record of that id")
    newest = store_claims.newest_slip(db, record_id)
    if record["state"] != "valid" or (newest is not None and newest["state"] in ("open", "locked")):
        raise ConflictError("a slip is made for a valid record that has none open")
    number = institution.load(db).number
    if number is None:
        raise NotRegisteredError("the registry has no record of this issuer")
    code = printed_code.make(number, random=parts.random(printed_code.RANDOM_BYTES), purpose="claim")
    slip_id, pin = new_id(parts.random), draw_pin(parts)
    store_claims.add_slip(
        db,
        {
            "id": slip_id,
            "record_id": record_id,
            "locator": code.locator,
            "wrapped": parts.secret.wrap(code.text.encode(), purpose=CLAIM_PURPOSE, owner=slip_id),
            "pin_hash": hash_pin(parts, slip_id, pin),
            "created_at": now,
            "expires_at": now + SLIP_SECONDS,
        },
    )
    return NewSlip(slip_id, record_id, code, pin, now + SLIP_SECONDS)


def reissue(db: Database, parts: Parts, *, record_id: str, now: int) -> NewSlip:
    """Make a new slip for a record and void the old ones, inside the caller's transaction.

    What a slip opens is the person's, so every open slip of the person ends.

    Raises:
        ConflictError: The record is revoked.
    """
    store_claims.void_slips_of_person(db, record_id)
    return _create(db, parts, record_id=record_id, now=now)


def draw_pin(parts: Parts) -> str:
    """Return six random digits."""
    # 2^64 is so much larger than 10^6 that the remainder is even enough.
    return f"{int.from_bytes(parts.random(8), 'big') % 10**PIN_DIGITS:0{PIN_DIGITS}}"


def hash_pin(parts: Parts, slip_id: str, pin: str) -> bytes:
    """Return what is kept of a slip's PIN."""
    return parts.secret.keyed_hash(f"{slip_id}\x1f{pin}".encode(), purpose=_PIN_PURPOSE)


def mint(db: Database, parts: Parts, *, typed_code: str, now: int) -> MintedOffer:
    """Mint an offer for a claim code.

    Args:
        db: The connection.
        parts: The collaborators.
        typed_code: The claim code as typed or taken from a link.
        now: Seconds since 1970.

    Raises:
        CodeMistypedError, WrongCodeKindError: It is no claim code.
        ClaimCodeUnknownError: It is none of ours.
        SlipUsedError, SlipExpiredError, SlipLockedError, SlipVoidError: The slip gives no offer any more.
    """
    code = printed_code.parse(typed_code, purpose="claim")
    # Looked up without the write lock: guesses must not keep honest claims waiting.
    slip = store_claims.slip_of_locator(db, code.locator)
    if slip is None:
        raise ClaimCodeUnknownError("no slip of this issuer has that claim code")
    return mint_for(db, parts, slip_id=slip["id"], now=now)


def mint_for(db: Database, parts: Parts, *, slip_id: str, now: int) -> MintedOffer:
    """Mint an offer for a slip by its id.

    Raises:
        UnknownError: No slip of that id.
        SlipUsedError, SlipExpiredError, SlipLockedError, SlipVoidError: It gives no offer any more.
    """
    with transaction(db):
        slip = store_claims.slip(db, slip_id)
        if slip is None:
            raise UnknownError("no slip of that id")
        _require_open(slip, now=now)
        opened = store_claims.claimable(db, slip_id)
        if not opened:
            raise SlipVoidError("nothing that this slip opened is left")
        uri = _mint(db, parts, slip_id=slip_id, now=now)
    return MintedOffer(uri, tuple(record["credential_type"] for record in opened), OFFER_SECONDS)


def mint_direct(db: Database, parts: Parts, *, record_id: str, now: int) -> MintedOffer:
    """Mint an offer that asks for no PIN, for somebody who has proved already that the record is theirs.

    The caller has seen that proof in the same request and hands the offer back as its answer: to the bearer
    of an application's token, or to the holder of the key to which an earlier form was signed. An open slip
    of the record stays what it is; a record without one gets a slip that nobody can print or type, because
    its claim code and its PIN are drawn and thrown away.

    Args:
        db: The connection; a transaction is opened.
        parts: The collaborators.
        record_id: A valid record.
        now: Seconds since 1970.

    Raises:
        UnknownError: No record of that id.
        ConflictError: The record is revoked.
        SlipUsedError, SlipLockedError: The record was claimed, or its slip locked: an officer re-issues it.

    Spec: OpenID4VCI 1.0, section 4.1.1: ``tx_code`` is absent when no code is expected.
    """
    with transaction(db):
        record = store_records.record(db, record_id)
        if record is None:
            raise UnknownError("no record of that id")
        if record["state"] != "valid":
            raise ConflictError("the record is revoked")
        slip, claimed = store_claims.newest_slip(db, record_id), store_claims.claimed_at(db, record_id)
        if slip is None and claimed is not None:
            raise SlipUsedError("the certificate was claimed through another slip", claimed_at=claimed)
        if slip is None or slip["state"] == "void" or _expired(slip, now=now):
            slip_id = _add_blind_slip(db, parts, record_id=record_id, now=now)
        else:
            _require_open(slip, now=now)
            slip_id = slip["id"]
        uri = _mint(db, parts, slip_id=slip_id, direct=True, now=now)
    return MintedOffer(uri, (record["credential_type"],), OFFER_SECONDS)


def fetch(db: Database, parts: Parts, *, offer_id: str, now: int) -> dict[str, Any]:
    """Return the offer that a wallet fetches; fetching redeems nothing.

    Raises:
        UnknownError: No offer of that id, or it is over.
    """
    id_hash = _hash(offer_id)
    offer = store_claims.offer(db, id_hash)
    if offer is None or offer["state"] != "open" or offer["expires_at"] <= now:
        raise UnknownError("no offer is open under this address")
    if offer["fetched_at"] is None:
        with transaction(db):
            store_claims.fetch_offer(db, id_hash, at=now)
    opened = store_claims.claimable(db, offer["slip_id"], alone=bool(offer["direct"]))
    if not opened:
        raise UnknownError("nothing is open under this address")
    configurations = [CATALOGUE[record["credential_type"]].configuration_id for record in opened]
    grant: dict[str, Any] = {"pre-authorized_code": pre_authorized_code(parts, offer_id)}
    if not offer["direct"]:
        grant["tx_code"] = tx_code_description()
    return {
        "credential_issuer": parts.settings.url,
        # Section 4.1.1: unique; two certificates of one kind are told apart in the token response.
        "credential_configuration_ids": list(dict.fromkeys(configurations)),
        "grants": {PRE_AUTHORIZED: grant},
    }


def tx_code_description() -> dict[str, Any]:
    """Return what a wallet needs to ask for the PIN. Spec: OpenID4VCI 1.0, section 4.1.1."""
    return {
        "input_mode": "numeric",
        "length": PIN_DIGITS,
        "description": "领取码纸条上的六位数字 / six-digit PIN",
    }


def pre_authorized_code(parts: Parts, offer_id: str) -> str:
    """Return the pre-authorized code of an offer: 256 bits that only this instance can compute."""
    return base64url_encode(parts.secret.keyed_hash(offer_id.encode(), purpose=_CODE_PURPOSE))


def _add_blind_slip(db: Database, parts: Parts, *, record_id: str, now: int) -> str:
    # An expired slip is open by its state; only one of a record may be.
    store_claims.void_slips(db, record_id)
    slip_id = new_id(parts.random)
    store_claims.add_slip(
        db,
        {
            "id": slip_id,
            "record_id": record_id,
            "locator": parts.random(_LOCATOR_BYTES),
            "wrapped": None,
            "pin_hash": hash_pin(parts, slip_id, parts.random(_OFFER_ID_BYTES).hex()),
            "created_at": now,
            "expires_at": now + SLIP_SECONDS,
            "alone": 1,
        },
    )
    return slip_id


def _expired(slip: Mapping[str, Any], *, now: int) -> bool:
    return slip["state"] == "open" and slip["expires_at"] <= now


def _mint(db: Database, parts: Parts, *, slip_id: str, direct: bool = False, now: int) -> str:
    offer_id = base64url_encode(parts.random(_OFFER_ID_BYTES))
    store_claims.add_offer(
        db,
        {
            "id_hash": _hash(offer_id),
            "slip_id": slip_id,
            "code_hash": _hash(pre_authorized_code(parts, offer_id)),
            "created_at": now,
            "expires_at": now + OFFER_SECONDS,
            "direct": int(direct),
        },
    )
    # Whoever holds the code could mint without end; only the newest few stay open.
    store_claims.end_oldest_offers(db, slip_id, keep=_OPEN_OFFERS)
    return f"{parts.settings.url}/offers/{offer_id}"


def _require_open(slip: Mapping[str, Any], *, now: int) -> None:
    if slip["state"] == "used":
        raise SlipUsedError("the certificate of this slip was claimed", claimed_at=slip["used_at"])
    if slip["state"] == "locked":
        raise SlipLockedError("this slip had five wrong PINs")
    if slip["state"] == "void":
        raise SlipVoidError("this slip is void")
    if slip["expires_at"] <= now:
        raise SlipExpiredError("this slip is older than 180 days")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
