"""Who offers what: from a code, link or offer to what the holder sees before anything is asked.

Nothing is claimed here. A claim code goes to the issuer that the registry names for its number, and to
nobody else; a PIN is not asked for before the registry has said whose it is. Between the pages of a claim
the offer is kept sealed under a secret that only the browser holds, since there may be no wallet yet to
keep it in.

Spec: OpenID4VCI 1.0, sections 4 and 12.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlite_utils import Database

from crypto.sealing import hkdf
from schemas.catalogue import CATALOGUE
from vc.printed_code import PrintedCode
from wallet import issuers, metadata, protocol, store
from wallet.errors import OfferExpiredError
from wallet.metadata import Configuration
from wallet.offers import OfferReference, PinRule, read
from wallet.parts import Parts
from wallet.vault import KEY_BYTES, Random, Vault
from web.database import transaction

PENDING_SECONDS = 600
"""How long an offer that somebody looks at is kept: as long as issuers keep theirs."""


@dataclass(frozen=True)
class OfferedCertificate:
    """One kind of certificate on offer: what it is called, how to ask for it, and how many there are."""

    configuration_id: str
    types: tuple[str, ...]
    names: dict[str, str]
    proof_algorithm: str
    count: int = 1


@dataclass(frozen=True)
class Offered:
    """Who offers what, as the holder sees it before anything is asked.

    Attributes:
        issuer_id: The issuer's DID.
        issuer_names: Its names, from the registry and from nowhere else.
        credential_issuer: Where the claim goes; the registry holds this very address for the issuer.
        certificates: What is offered.
        pin: The rule of the PIN, or None where none is asked.
        pre_authorized_code: The offer's secret.
        token_endpoint: Where the secret and the PIN go.
        nonce_endpoint: Where nonces come from.
        credential_endpoint: Where credentials come from.
        notification_endpoint: Where the issuer wants to hear what became of them, or None.
        given: SHA-256, in hex, of what was scanned or typed, to know it again.
        names_credentials: Whether the issuer names each credential of the offer by itself.
    """

    issuer_id: str
    issuer_names: dict[str, str]
    credential_issuer: str
    certificates: tuple[OfferedCertificate, ...]
    pin: PinRule | None
    pre_authorized_code: str
    token_endpoint: str
    nonce_endpoint: str
    credential_endpoint: str
    notification_endpoint: str | None
    given: str
    names_credentials: bool = False

    @property
    def count(self) -> int:
        """How many certificates there are, as far as the issuer has said."""
        return sum(item.count for item in self.certificates)

    def to_json(self) -> dict[str, Any]:
        """Give the offer as JSON, to be sealed."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Offered":
        """Read what :meth:`to_json` gave."""
        certificates = tuple(
            OfferedCertificate(**(item | {"types": tuple(item["types"])})) for item in value["certificates"]
        )
        pin = PinRule(**value["pin"]) if value["pin"] else None
        return cls(**(value | {"certificates": certificates, "pin": pin}))


def look_up(text: str, *, parts: Parts, now: datetime) -> Offered:
    """Find out who offers what.

    Args:
        text: A claim code, a claim link, an offer link or an offer.
        parts: The collaborators.
        now: The time.

    Raises:
        OfferError: One of its kinds; its text says what to do.
        CannotCheckError: The registry could not be asked.
    """
    given = read(text)
    if isinstance(given, PrintedCode):
        record = issuers.by_number(given.issuer_number, parts=parts, now=now)
        # Only the issuer that the registry names for the code's number ever sees the code.
        given = protocol.mint_offer(given, claims_url=record.claims_url, fetcher=parts.fetcher)
    offer = (
        metadata.fetch_offer(given.url, fetcher=parts.fetcher) if isinstance(given, OfferReference) else given
    )
    kinds = given.kinds if isinstance(given, OfferReference) else ()
    known = issuers.by_claims_url(offer.unverified_issuer_url, parts=parts, now=now)
    described = metadata.fetch_metadata(offer, fetcher=parts.fetcher)
    return Offered(
        issuer_id=known.record.did,
        issuer_names=dict(known.record.names),
        credential_issuer=described.credential_issuer,
        certificates=tuple(
            _offered(configuration, kinds=kinds) for configuration in described.configurations
        ),
        pin=offer.pin,
        pre_authorized_code=offer.pre_authorized_code,
        token_endpoint=described.token_endpoint,
        nonce_endpoint=described.nonce_endpoint,
        credential_endpoint=described.credential_endpoint,
        notification_endpoint=described.notification_endpoint,
        given=fingerprint(text),
        names_credentials=described.names_credentials,
    )


def keep_looked_up(db: Database, offered: Offered, *, now: datetime, random: Random) -> str:
    """Keep an offer between the pages of a claim, before or after log-in.

    Returns:
        A secret for the browser; the offer opens with it alone.
    """
    secret = random(KEY_BYTES)
    row, key = _pending_keys(secret)
    with transaction(db):
        store.put_pending_offer(
            db,
            {
                "id": row,
                "sealed": Vault(key).seal(offered.to_json(), kind="pending", row=row.hex(), random=random),
                "ends_at": int(now.timestamp()) + PENDING_SECONDS,
            },
            now=int(now.timestamp()),
        )
    return secret.hex()


def looked_up(db: Database, secret: str | None, *, now: datetime) -> Offered:
    """Give back what :func:`keep_looked_up` kept.

    Raises:
        OfferExpiredError: It was too long ago, or never.
    """
    row, key = _pending_keys(_secret_bytes(secret))
    found = store.pending_offer(db, row, now=int(now.timestamp()))
    if found is None:
        raise OfferExpiredError("this page was open for too long")
    return Offered.from_json(Vault(key).open(found["sealed"], kind="pending", row=row.hex()))


def forget_looked_up(db: Database, secret: str | None) -> None:
    """Forget an offer: it was taken up, or its holder said no."""
    with transaction(db):
        store.delete_pending_offer(db, _pending_keys(_secret_bytes(secret))[0])


def fingerprint(text: str) -> str:
    """Give the tag by which a code, link or offer is known again."""
    return sha256(text.strip().encode()).hexdigest()


def _offered(configuration: Configuration, *, kinds: tuple[str, ...]) -> OfferedCertificate:
    # Names come from our own catalogue where it has the type: an issuer's metadata is its own word.
    known = next((CATALOGUE[name] for name in configuration.types if name in CATALOGUE), None)
    names = dict(known.display) if known else configuration.names or {"": configuration.types[-1]}
    return OfferedCertificate(
        configuration.configuration_id,
        configuration.types,
        names,
        configuration.proof_algorithm,
        count=max(1, sum(kind in configuration.types for kind in kinds)),
    )


def _pending_keys(secret: bytes) -> tuple[bytes, bytes]:
    return (
        hkdf(secret, info="vocred/wallet/1/pending-id", length=KEY_BYTES),
        hkdf(secret, info="vocred/wallet/1/pending-key", length=KEY_BYTES),
    )


def _secret_bytes(secret: str | None) -> bytes:
    try:
        found = bytes.fromhex(secret or "")
    except ValueError:
        found = b""
    if len(found) != KEY_BYTES:
        raise OfferExpiredError("no claim is open in this browser")
    return found
