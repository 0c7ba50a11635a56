"""From an offer to credentials in the wallet.

    redeem      the PIN goes to the issuer, and comes back as an access token; the claim is on record now
    complete    for each credential: nonce, key proof, credential, every check, stored
    receive     redeem and complete

A kill before ``redeem`` has its token on record leaves nothing behind. After that it leaves a row with the
token and the private keys, sealed like everything else: asking again with the same key and token gives the
same signed form (the issuer's promise), so ``complete`` is simply run again. A received credential is
written to that row before it is checked, because checking may have to wait for the ledger; it is no holding
of the wallet until every check has passed, and is deleted when one fails. Storing it and taking it off the
row is one transaction.

Spec: OpenID4VCI 1.0, sections 4 to 8 and 13.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlite_utils import Database

from crypto.keys import PrivateKey
from vc import credentials
from wallet import checks, countersigning, protocol, store
from wallet.accounts import Wallet
from wallet.errors import CredentialRejectedError, IssuerMetadataError, NothingThereError
from wallet.looking_up import Offered, OfferedCertificate, fingerprint
from wallet.parts import Parts
from wallet.vault import KEY_BYTES, Random
from web.database import transaction

KEY_ALGORITHM = "Ed25519"


@dataclass(frozen=True)
class UnfinishedClaim:
    """A claim whose token was received, and whose credentials are not all in the wallet."""

    claim_id: str
    offered: Offered
    token_ends_at: datetime
    missing: tuple[str, ...]
    began_at: datetime


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
        configuration_ids=tuple(item.configuration_id for item in offered.certificates)
        if offered.names_credentials
        else (),
        fetcher=parts.fetcher,
    )
    claim_id = parts.random(16).hex()
    items = _items(offered, token)
    record = {
        "offered": offered.to_json(),
        "token": token.value,
        "token_ends_at": int(now.timestamp()) + token.expires_in,
        "items": items,
        # A key of its own for each, so that two certificates cannot be told to be of one holder.
        "keys": {item["name"]: parts.random(KEY_BYTES).hex() for item in items},
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
        CredentialRejectedError: A credential failed a check; it was deleted. Those that passed are kept, and
            the claim ended.
        CannotCheckError: A credential could not be checked yet; the claim waits.
    """
    claim = _Claim.read(db, wallet, claim_id, parts=parts, now=now)
    rejected: CredentialRejectedError | None = None
    for item in claim.missing:
        claim.fetch(item)
        try:
            claim.check_and_store(item)
        except CredentialRejectedError as error:
            # The others of the slip are as good as without it; the slip is used up, so they are taken now.
            rejected = rejected or error
    claim.end()
    if rejected is not None:
        raise rejected
    return tuple(claim.record["stored"].values())


def unfinished(db: Database, wallet: Wallet) -> list[UnfinishedClaim]:
    """List the claims that were begun and not finished, oldest first."""
    found = []
    for row in store.claims(db, wallet.account_id):
        record = wallet.vault.open(row["sealed"], kind="claim", row=row["id"])
        offered = Offered.from_json(record["offered"])
        names = tuple(item["name"] for item in _listed(record))
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
    given = fingerprint(text)
    return next((claim for claim in unfinished(db, wallet) if claim.offered.given == given), None)


def give_up(db: Database, wallet: Wallet, claim_id: str) -> None:
    """Forget an interrupted claim, with its keys and whatever was received."""
    with transaction(db):
        store.delete_claim(db, wallet.account_id, claim_id)


def _items(offered: Offered, token: protocol.AccessToken) -> list[dict[str, Any]]:
    """List what a token fetches: one entry for each credential, by its own name where the issuer gave one.

    Raises:
        IssuerMetadataError: The issuer names a configuration that it did not offer.
    """
    known = [item.configuration_id for item in offered.certificates]
    if token.identifiers is None:
        return [{"name": name, "configuration_id": name, "identifier": None} for name in known]
    if not token.identifiers.keys() <= set(known):
        raise IssuerMetadataError("the issuer's answer names a certificate that it did not offer")
    return [
        {"name": identifier, "configuration_id": name, "identifier": identifier}
        for name in known
        for identifier in token.identifiers.get(name, ())
    ]


def _listed(record: dict[str, Any]) -> list[dict[str, Any]]:
    """List what a claim on record fetches; claims of the last release name configurations only."""
    listed: list[dict[str, Any]] | None = record.get("items")
    if listed is not None:
        return listed
    names = [item["configuration_id"] for item in record["offered"]["certificates"]]
    return [{"name": name, "configuration_id": name, "identifier": None} for name in names]


@dataclass(frozen=True)
class _Item:
    """One credential of a claim: its name in the record, what was offered, and how it is asked for."""

    name: str
    certificate: OfferedCertificate
    identifier: str | None


@dataclass
class _Claim:
    """One claim that is being completed: its record as it stands in the database, and what works on it.

    Every method leaves the database so that a kill after it, or in the middle of it, loses nothing.
    """

    db: Database
    wallet: Wallet
    claim_id: str
    began_at: int
    record: dict[str, Any]
    offered: Offered
    parts: Parts
    now: datetime

    @classmethod
    def read(cls, db: Database, wallet: Wallet, claim_id: str, *, parts: Parts, now: datetime) -> "_Claim":
        row = _row(db, wallet, claim_id)
        record = wallet.vault.open(row["sealed"], kind="claim", row=claim_id)
        offered = Offered.from_json(record["offered"])
        return cls(db, wallet, claim_id, row["made_at"], record, offered, parts, now)

    @property
    def missing(self) -> list[_Item]:
        certificates = {item.configuration_id: item for item in self.offered.certificates}
        return [
            _Item(item["name"], certificates[item["configuration_id"]], item["identifier"])
            for item in _listed(self.record)
            if item["name"] not in self.record["stored"]
        ]

    def fetch(self, item: _Item) -> None:
        """Have the certificate signed to its key, and write it down before anything else happens to it."""
        if item.name in self.record["received"]:
            return
        received = protocol.fetch_credential(
            self.offered.credential_endpoint,
            configuration_id=item.certificate.configuration_id,
            identifier=item.identifier,
            prove=lambda: self._prove(item),
            access_token=self.record["token"],
            fetcher=self.parts.fetcher,
        )
        self.record["received"][item.name] = asdict(received)
        with transaction(self.db):
            self._write()

    def check_and_store(self, item: _Item) -> None:
        """Keep the certificate if every check passes; forget it if one fails."""
        received = protocol.Received(**self.record["received"][item.name])
        key = self._key(item.name)
        expected = checks.Expected(self.offered.credential_issuer, item.certificate.types, key.public)
        try:
            standing = checks.check_before_storing(
                received.credential, expected=expected, parts=self.parts, now=self.now
            )
        except CredentialRejectedError:
            del self.record["received"][item.name]
            self._notify(received, "credential_failure")
            raise
        del self.record["received"][item.name]
        self._store(item.name, received.credential, key=key, as_of=standing.as_of)
        self._notify(received, "credential_accepted")

    def end(self) -> None:
        with transaction(self.db):
            store.delete_claim(self.db, self.wallet.account_id, self.claim_id)

    def _key(self, name: str) -> PrivateKey:
        return PrivateKey.from_bytes(KEY_ALGORITHM, bytes.fromhex(self.record["keys"][name]))

    def _prove(self, item: _Item) -> str:
        """Make a key proof with a nonce fetched for it."""
        return protocol.key_proof(
            self._key(item.name),
            algorithm=item.certificate.proof_algorithm,
            audience=self.offered.credential_issuer,
            nonce=protocol.fetch_nonce(self.offered.nonce_endpoint, fetcher=self.parts.fetcher),
            issued_at=self.now,
        )

    def _store(self, name: str, credential: dict[str, Any], *, key: PrivateKey, as_of: datetime) -> None:
        """Store a checked certificate and take it off the claim, in one transaction."""
        vault, random = self.wallet.vault, self.parts.random
        fingerprint = vault.fingerprint(credentials.digest(credential))
        held = store.credential_by_fingerprint(self.db, self.wallet.account_id, fingerprint)
        credential_id = held["id"] if held else random(16).hex()
        content = {"credential": credential, "key": key.to_bytes().hex(), "issuer": self.offered.issuer_names}
        state = {
            "revoked": False,
            "as_of": int(as_of.timestamp()),
            "looked_at": int(self.now.timestamp()),
            "countersigned": [
                found.to_json() for found in countersigning.check(credential, parts=self.parts, now=self.now)
            ],
        }
        self.record["stored"][name] = credential_id
        with transaction(self.db):
            store.add_credential(
                self.db,
                {
                    "id": credential_id,
                    "account": self.wallet.account_id,
                    "fingerprint": fingerprint,
                    "sealed": vault.seal(content, kind="credential", row=credential_id, random=random),
                    "sealed_receipt": None,
                    "sealed_state": vault.seal(state, kind="state", row=credential_id, random=random),
                    "made_at": int(self.now.timestamp()),
                },
            )
            self._write()

    def _write(self) -> None:
        _write(
            self.db,
            self.wallet,
            self.claim_id,
            self.record,
            began_at=self.began_at,
            random=self.parts.random,
        )

    def _notify(self, received: protocol.Received, event: str) -> None:
        endpoint = self.offered.notification_endpoint
        if endpoint and received.notification_id:
            protocol.notify(
                endpoint,
                notification_id=received.notification_id,
                event=event,
                access_token=self.record["token"],
                fetcher=self.parts.fetcher,
            )


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
