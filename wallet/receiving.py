"""From a claim code, link or offer to credentials in the wallet.

::

    look_up       who offers what: nothing is sent but the code that was given; the registry says who the
    issuer is redeem        the PIN goes to that issuer, and comes back as an access token; the claim is on
    record now complete      for each credential: nonce, key proof, credential, every check, stored receive
    redeem and complete

What a kill leaves behind. Before ``redeem`` has its token on record, nothing: the slip mints another offer.
After it, a row with the token and the private keys, sealed like everything else: asking again with the same
key and token gives the same signed form (the issuer's promise), so ``complete`` is simply run again. A
received credential is written to that row before it is checked, because checking may have to wait for the
ledger; it is no holding of the wallet until every check has passed, and is deleted when one fails. Storing
it and taking it off the row is one transaction.

Spec: OpenID4VCI 1.0, sections 4 to 8 and 13.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlite_utils import Database

from crypto.keys import PrivateKey
from crypto.sealing import hkdf
from schemas.catalogue import CATALOGUE
from vc import credentials
from vc.printed_code import PrintedCode
from wallet import checks, issuers, metadata, protocol, store
from wallet.accounts import Wallet
from wallet.errors import CredentialRejectedError, NothingThereError, OfferExpiredError
from wallet.metadata import Configuration
from wallet.offers import OfferReference, PinRule, read
from wallet.parts import Parts
from wallet.vault import KEY_BYTES, Random, Vault
from web.database import transaction

PENDING_SECONDS = 600
"""How long an offer that somebody looks at is kept: as long as issuers keep theirs."""

KEY_ALGORITHM = "Ed25519"


@dataclass(frozen=True)
class OfferedCertificate:
    """One certificate on offer: what it is called, and how to ask for it."""

    configuration_id: str
    types: tuple[str, ...]
    names: dict[str, str]
    proof_algorithm: str


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
        given: SHA-256, in hex, of what was scanned or typed, to know it again.
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
    given: str

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


@dataclass(frozen=True)
class UnfinishedClaim:
    """A claim whose token was received, and whose credentials are not all in the wallet."""

    claim_id: str
    offered: Offered
    token_ends_at: datetime
    missing: tuple[str, ...]
    began_at: datetime


# --- before anybody is asked anything -----------------------------------------------------------------------


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
    known = issuers.by_claims_url(offer.unverified_issuer_url, parts=parts, now=now)
    described = metadata.fetch_metadata(offer, fetcher=parts.fetcher)
    return Offered(
        issuer_id=known.record.did,
        issuer_names=dict(known.record.names),
        credential_issuer=described.credential_issuer,
        certificates=tuple(_offered(configuration) for configuration in described.configurations),
        pin=offer.pin,
        pre_authorized_code=offer.pre_authorized_code,
        token_endpoint=described.token_endpoint,
        nonce_endpoint=described.nonce_endpoint,
        credential_endpoint=described.credential_endpoint,
        given=_fingerprint(text),
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


# --- claiming -----------------------------------------------------------------------------------------------


def receive(
    db: Database, wallet: Wallet, offered: Offered, *, pin: str | None, parts: Parts, now: datetime
) -> tuple[str, ...]:
    """Claim what is offered.

    A claim of the same offer that was interrupted is taken up where it stopped.

    Args:
        db: The wallet's database.
        wallet: The holder's wallet, open.
        offered: What :func:`look_up` found.
        pin: The PIN, where one is asked.
        parts: The collaborators.
        now: The time.

    Returns:
        The ids under which the credentials are kept.

    Raises:
        WrongPinError: The PIN is not right.
        OfferError: The issuer refused; its kind says why.
        CredentialRejectedError: What came is not what was offered; nothing of it is kept.
        CannotCheckError: What came could not be checked yet; the claim waits.
    """
    return complete(
        db, wallet, redeem(db, wallet, offered, pin=pin, parts=parts, now=now), parts=parts, now=now
    )


def redeem(
    db: Database, wallet: Wallet, offered: Offered, *, pin: str | None, parts: Parts, now: datetime
) -> str:
    """Trade the offer's secret and the PIN for an access token, and put the claim on record.

    Returns:
        The claim's id.

    Raises:
        WrongPinError: The PIN is not right.
        OfferError: The issuer refused; its kind says why.
    """
    token = protocol.redeem(
        offered.token_endpoint,
        pre_authorized_code=offered.pre_authorized_code,
        pin=pin if offered.pin else None,
        fetcher=parts.fetcher,
    )
    claim_id = parts.random(16).hex()
    record = {
        "offered": offered.to_json(),
        "token": token.value,
        "token_ends_at": int(now.timestamp()) + token.expires_in,
        "keys": {item.configuration_id: parts.random(KEY_BYTES).hex() for item in offered.certificates},
        "received": {},
        "stored": {},
    }
    with transaction(db):
        _write(db, wallet, claim_id, record, began_at=int(now.timestamp()), random=parts.random)
    # From here on a kill loses nothing: token and keys are on record before a credential is signed to them.
    return claim_id


def complete(db: Database, wallet: Wallet, claim_id: str, *, parts: Parts, now: datetime) -> tuple[str, ...]:
    """Fetch, check and store what a claim still lacks. Running it again is harmless.

    Returns:
        The ids of all credentials of the claim.

    Raises:
        NothingThereError: There is no such claim.
        OfferError: The issuer refused; its kind says why.
        CredentialRejectedError: A credential failed a check; it was deleted, and the claim ended.
        CannotCheckError: A credential could not be checked yet; the claim waits.
    """
    row = _row(db, wallet, claim_id)
    record = wallet.vault.open(row["sealed"], kind="claim", row=claim_id)
    offered = Offered.from_json(record["offered"])
    for certificate in offered.certificates:
        name = certificate.configuration_id
        if name in record["stored"]:
            continue
        key = PrivateKey.from_bytes(KEY_ALGORITHM, bytes.fromhex(record["keys"][name]))
        if name not in record["received"]:
            record["received"][name] = protocol.fetch_credential(
                offered.credential_endpoint,
                configuration_id=name,
                prove=_prover(offered, certificate, key, parts=parts, now=now),
                access_token=record["token"],
                fetcher=parts.fetcher,
            )
            with transaction(db):
                _write(db, wallet, claim_id, record, began_at=row["made_at"], random=parts.random)
        credential = record["received"][name]
        try:
            standing = checks.check_before_storing(
                credential,
                expected=checks.Expected(offered.credential_issuer, certificate.types, key.public),
                parts=parts,
                now=now,
            )
        except CredentialRejectedError:
            with transaction(db):
                store.delete_claim(db, wallet.account_id, claim_id)
            raise
        record["stored"][name] = _store(
            db,
            wallet,
            claim_id,
            record,
            name=name,
            key=key,
            checked_at=standing.as_of,
            began_at=row["made_at"],
            random=parts.random,
            now=now,
        )
    with transaction(db):
        store.delete_claim(db, wallet.account_id, claim_id)
    return tuple(record["stored"].values())


def unfinished(db: Database, wallet: Wallet) -> list[UnfinishedClaim]:
    """List the claims that were begun and not finished, oldest first."""
    found = []
    for row in store.claims(db, wallet.account_id):
        record = wallet.vault.open(row["sealed"], kind="claim", row=row["id"])
        offered = Offered.from_json(record["offered"])
        names = tuple(item.configuration_id for item in offered.certificates)
        found.append(
            UnfinishedClaim(
                claim_id=row["id"],
                offered=offered,
                token_ends_at=datetime.fromtimestamp(record["token_ends_at"], UTC),
                missing=tuple(name for name in names if name not in record["stored"]),
                began_at=datetime.fromtimestamp(row["made_at"], UTC),
            )
        )
    return found


def unfinished_for(db: Database, wallet: Wallet, text: str) -> UnfinishedClaim | None:
    """Find the interrupted claim that began with this very code, link or offer."""
    given = _fingerprint(text)
    return next((claim for claim in unfinished(db, wallet) if claim.offered.given == given), None)


def give_up(db: Database, wallet: Wallet, claim_id: str) -> None:
    """Forget an interrupted claim, with its keys and whatever was received."""
    with transaction(db):
        store.delete_claim(db, wallet.account_id, claim_id)


# --- inside -------------------------------------------------------------------------------------------------


def _offered(configuration: Configuration) -> OfferedCertificate:
    # Names come from our own catalogue where it has the type: an issuer's metadata is its own word.
    known = next((CATALOGUE[name] for name in configuration.types if name in CATALOGUE), None)
    names = dict(known.display) if known else configuration.names or {"": configuration.types[-1]}
    return OfferedCertificate(
        configuration.configuration_id, configuration.types, names, configuration.proof_algorithm
    )


def _prover(
    offered: Offered, certificate: OfferedCertificate, key: PrivateKey, *, parts: Parts, now: datetime
) -> protocol.Prove:
    """Give the function that makes a key proof with a fresh nonce each time it is called."""

    def prove() -> str:
        nonce = protocol.fetch_nonce(offered.nonce_endpoint, fetcher=parts.fetcher)
        return protocol.key_proof(
            key,
            algorithm=certificate.proof_algorithm,
            audience=offered.credential_issuer,
            nonce=nonce,
            issued_at=now,
        )

    return prove


def _store(
    db: Database,
    wallet: Wallet,
    claim_id: str,
    record: dict[str, Any],
    *,
    name: str,
    key: PrivateKey,
    checked_at: datetime,
    began_at: int,
    random: Random,
    now: datetime,
) -> str:
    """Store a checked credential and note it on the claim, in one transaction."""
    credential = record["received"][name]
    fingerprint = wallet.vault.fingerprint(credentials.digest(credential))
    held = store.credential_by_fingerprint(db, wallet.account_id, fingerprint)
    credential_id = held["id"] if held else random(16).hex()
    content = {
        "credential": credential,
        "key": key.to_bytes().hex(),
        "issuer": record["offered"]["issuer_names"],
    }
    state = {"revoked": False, "as_of": int(checked_at.timestamp()), "looked_at": int(now.timestamp())}
    del record["received"][name]
    record["stored"][name] = credential_id
    with transaction(db):
        store.add_credential(
            db,
            {
                "id": credential_id,
                "account": wallet.account_id,
                "fingerprint": fingerprint,
                "sealed": wallet.vault.seal(content, kind="credential", row=credential_id, random=random),
                "sealed_receipt": None,
                "sealed_state": wallet.vault.seal(state, kind="state", row=credential_id, random=random),
                "made_at": int(now.timestamp()),
            },
        )
        _write(db, wallet, claim_id, record, began_at=began_at, random=random)
    return credential_id


def _write(
    db: Database, wallet: Wallet, claim_id: str, record: dict[str, Any], *, began_at: int, random: Random
) -> None:
    store.put_claim(
        db,
        {
            "id": claim_id,
            "account": wallet.account_id,
            "sealed": wallet.vault.seal(record, kind="claim", row=claim_id, random=random),
            "made_at": began_at,
        },
    )


def _row(db: Database, wallet: Wallet, claim_id: str) -> store.Row:
    for row in store.claims(db, wallet.account_id):
        if row["id"] == claim_id:
            return row
    raise NothingThereError("there is no such claim in this wallet")


def _fingerprint(text: str) -> str:
    return sha256(text.strip().encode()).hexdigest()


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
