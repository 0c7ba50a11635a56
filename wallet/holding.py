"""What a holder has: the list, one certificate with all that is known about it, and what keeps it current.

Three things are known about a certificate: the signed form itself, what its status list last said (with the
time of the ledger's checkpoint behind the answer), and the ledger's receipt once there is one. ``refresh``
brings the last two up to date; it runs when the wallet is opened and on demand, and a silent issuer costs
it one short wait.
"""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlite_utils import Database

from crypto.errors import CryptoError
from crypto.keys import PrivateKey
from ledger.errors import LedgerError
from schemas.catalogue import CATALOGUE
from vc import credentials
from vc.credentials import CredentialFacts
from vc.errors import VcError
from wallet import countersigning, issuers, statuses, store
from wallet.accounts import Wallet
from wallet.countersigning import Countersigned
from wallet.errors import CannotCheckError, UnknownIssuerError
from wallet.issuers import KeyRing, KnownIssuer
from wallet.parts import Parts
from wallet.receipts import ReceiptStore
from wallet.statuses import Standing
from web.database import transaction

logger = logging.getLogger(__name__)

FRESH = timedelta(minutes=5)
"""What was looked at so lately is not looked at again unless somebody asks."""
STALE = timedelta(hours=24)
"""An answer of the status list that is older than this is no longer shown as today's."""
KEY_ALGORITHM = "Ed25519"

StatusKind = Literal["valid", "revoked", "withdrawn", "expired", "unknown"]


@dataclass(frozen=True)
class Status:
    """What is known about a form's status.

    Attributes:
        kind: valid, revoked (the certificate), withdrawn (this copy only), expired, or unknown.
        as_of: Time of the ledger's checkpoint behind the answer, or None where there never was one.
        reason: The issuer's reason code, where a notice gave one.
        day: The day that the notice gives.
        replacement: The record that took its place, ``urn:uuid:…``, where the notice names one.
    """

    kind: StatusKind
    as_of: datetime | None
    reason: str | None = None
    day: str | None = None
    replacement: str | None = None


@dataclass(frozen=True)
class Held:
    """One certificate in the wallet.

    Attributes:
        credential_id: The id under which this wallet keeps it.
        credential: The signed form.
        facts: What it states.
        issuer_names: The issuer's names as the registry had them when it was received.
        status: What is known about its status.
        received_at: When it was received.
        receipt: The ledger's receipt, or None while there is none.
        key: The key to which it is bound.
        countersigned: What became of the endorsements that it requires, or None where nobody looked yet.
    """

    credential_id: str
    credential: dict[str, Any] = field(repr=False)
    facts: CredentialFacts = field(repr=False)
    issuer_names: dict[str, str]
    status: Status
    received_at: datetime
    receipt: bytes | None = field(repr=False)
    key: PrivateKey = field(repr=False)
    countersigned: tuple[Countersigned, ...] | None = None

    @property
    def complete(self) -> bool:
        """Whether it has every endorsement that it requires."""
        return countersigning.complete(self.countersigned, required=bool(self.facts.required_endorsers))


@dataclass(frozen=True)
class Anchoring:
    """What a receipt proves: when the form was anchored; and whether one operator alone stands behind it."""

    time_of_issue: datetime
    single_operator: bool


def held(db: Database, wallet: Wallet, *, now: datetime) -> list[Held]:
    """List what the wallet holds, newest first."""
    return [_held(row, wallet, now=now) for row in store.credentials(db, wallet.account_id)]


def one(db: Database, wallet: Wallet, credential_id: str, *, now: datetime) -> Held:
    """Give one certificate.

    Raises:
        NothingThereError: The wallet holds no such certificate.
    """
    return _held(store.credential(db, wallet.account_id, credential_id), wallet, now=now)


def delete(db: Database, wallet: Wallet, credential_id: str, *, now: datetime) -> None:
    """Delete a certificate with its key, and end every share that holds it.

    Raises:
        NothingThereError: The wallet holds no such certificate.
    """
    store.credential(db, wallet.account_id, credential_id)
    with transaction(db):
        store.delete_credential(db, wallet.account_id, credential_id, now=int(now.timestamp()))


def refresh(db: Database, wallet: Wallet, *, parts: Parts, now: datetime, force: bool = False) -> bool:
    """Look again at every status, and fetch the receipts that are missing.

    Args:
        db: The wallet's database.
        wallet: The holder's wallet, open.
        parts: The collaborators.
        now: The time.
        force: Look also at what was looked at a moment ago.

    Returns:
        Whether everything that was looked at could be found out.
    """
    due: dict[str, list[store.Row]] = {}
    for row in store.credentials(db, wallet.account_id):
        if force or now - _looked_at(row, wallet) >= FRESH:
            content = wallet.vault.open(row["sealed"], kind="credential", row=row["id"])
            due.setdefault(credentials.issuer_id(content["credential"]), []).append(row)
    # Every issuer is asked, also after one did not answer.
    outcomes = [_refresh_issuer(db, wallet, did, rows, parts=parts, now=now) for did, rows in due.items()]
    return all(outcomes)


def refresh_one(db: Database, wallet: Wallet, credential_id: str, *, parts: Parts, now: datetime) -> Held:
    """Look again at one certificate: its status, its receipt, its endorsements.

    Returns:
        The certificate, with what could be found out.

    Raises:
        NothingThereError: The wallet holds no such certificate.
    """
    row = store.credential(db, wallet.account_id, credential_id)
    content = wallet.vault.open(row["sealed"], kind="credential", row=credential_id)
    did = credentials.issuer_id(content["credential"])
    _refresh_issuer(db, wallet, did, [row], parts=parts, now=now)
    return one(db, wallet, credential_id, now=now)


def standing(
    credential: dict[str, Any], *, parts: Parts, now: datetime
) -> tuple[Standing, KnownIssuer, bytes]:
    """Find out a form's status now, and what proves it.

    Returns:
        What the list says, the issuer as the registry has it now, and the bytes of its DID document.

    Raises:
        CannotCheckError: It could not be found out.
    """
    did = credentials.issuer_id(credential)
    try:
        known = issuers.by_did(did, parts=parts, now=now, also=statuses.keys(credential, issuer_id=did))
    except UnknownIssuerError as error:
        raise CannotCheckError("the registry knows this issuer no more") from error
    document = issuers.fetch_document(known.record, parts=parts, now=now)
    try:
        resolve = KeyRing(did, document, now=now)
    except (VcError, CryptoError) as error:
        raise CannotCheckError("the issuer's public keys cannot be read") from error
    found = statuses.check(
        credential, issuer_id=did, resolve=resolve, snapshot=known.snapshot, parts=parts, now=now
    )
    return found, known, document


def receipt_of(
    db: Database, wallet: Wallet, item: Held, *, issuer: KnownIssuer, parts: Parts, now: datetime
) -> bytes | None:
    """Give a form's receipt: the one that is kept, or one that its issuer's store has by now, which is then
    kept.

    Returns:
        The receipt, or None while there is none or the store cannot be had.
    """
    if item.receipt is not None:
        return item.receipt
    try:
        found = ReceiptStore(issuer.record, parts=parts).find(item.credential, now=now)
    except CannotCheckError:
        return None
    if found is not None:
        row = item.credential_id
        sealed = wallet.vault.seal(found.hex(), kind="receipt", row=row, random=parts.random)
        with transaction(db):
            store.set_receipt(db, wallet.account_id, row, sealed)
    return found


def anchoring(item: Held, *, parts: Parts, now: datetime) -> Anchoring | None:
    """Say when a form was anchored, or None where that cannot be proved now."""
    if item.receipt is None:
        return None
    try:
        receipt = parts.ledger.verify_receipt(
            item.receipt,
            digest=credentials.digest(item.credential),
            issuer_id=credentials.issuer_id(item.credential),
            credential_type=credentials.credential_type(item.credential),
            now=int(now.timestamp()),
        )
    except LedgerError:
        return None
    return Anchoring(datetime.fromtimestamp(receipt.time_of_issue, UTC), receipt.single_operator)


def _refresh_issuer(
    db: Database, wallet: Wallet, did: str, rows: list[store.Row], *, parts: Parts, now: datetime
) -> bool:
    """Look at everything that one issuer signed; what fails for one form is likely to fail for the next."""
    complete = True
    receipts: ReceiptStore | None = None
    reachable = True
    for row in rows:
        credential = wallet.vault.open(row["sealed"], kind="credential", row=row["id"])["credential"]
        state = _state(row, wallet) | {"looked_at": int(now.timestamp())}
        receipt = None
        try:
            if reachable:
                found, known, _ = standing(credential, parts=parts, now=now)
                state |= _as_state(found)
                state["countersigned"] = [
                    item.to_json() for item in countersigning.check(credential, parts=parts, now=now)
                ]
                receipts = receipts or ReceiptStore(known.record, parts=parts)
                if row["sealed_receipt"] is None:
                    receipt = receipts.find(credential, now=now)
        except CannotCheckError as error:
            logger.info("refresh_incomplete issuer=%s reason=%s", did, error)
            complete = reachable = False
        _keep(db, wallet, row, state=state, receipt=receipt, parts=parts)
    return complete


def _keep(
    db: Database,
    wallet: Wallet,
    row: store.Row,
    *,
    state: dict[str, Any],
    receipt: bytes | None,
    parts: Parts,
) -> None:
    vault, key = wallet.vault, row["id"]
    with transaction(db):
        store.set_state(
            db, wallet.account_id, key, vault.seal(state, kind="state", row=key, random=parts.random)
        )
        if receipt is not None:
            sealed = vault.seal(receipt.hex(), kind="receipt", row=key, random=parts.random)
            store.set_receipt(db, wallet.account_id, key, sealed)


def _as_state(found: Standing) -> dict[str, Any]:
    notice = found.notice
    return {
        "revoked": found.revoked,
        "as_of": int(found.as_of.timestamp()),
        "withdrawn": notice is not None and notice.kind == "withdrawn",
        "reason": notice.reason if notice else None,
        "day": notice.date if notice else None,
        "replacement": notice.replacement if notice else None,
    }


def _held(row: store.Row, wallet: Wallet, *, now: datetime) -> Held:
    content = wallet.vault.open(row["sealed"], kind="credential", row=row["id"])
    facts = credentials.facts(content["credential"])
    state, receipt = _state(row, wallet), None
    if row["sealed_receipt"] is not None:
        receipt = bytes.fromhex(wallet.vault.open(row["sealed_receipt"], kind="receipt", row=row["id"]))
    countersigned = state.get("countersigned")
    return Held(
        credential_id=row["id"],
        credential=content["credential"],
        facts=facts,
        issuer_names=content["issuer"],
        status=_status(state, facts, now=now),
        received_at=datetime.fromtimestamp(row["made_at"], UTC),
        receipt=receipt,
        key=PrivateKey.from_bytes(KEY_ALGORITHM, bytes.fromhex(content["key"])),
        countersigned=None
        if countersigned is None
        else tuple(Countersigned(**item) for item in countersigned),
    )


def _status(state: dict[str, Any], facts: CredentialFacts, *, now: datetime) -> Status:
    as_of = datetime.fromtimestamp(state["as_of"], UTC) if "as_of" in state else None
    if state.get("revoked"):
        # Revocation never ends, so this answer does not grow old.
        kind: StatusKind = "withdrawn" if state.get("withdrawn") else "revoked"
        return Status(kind, as_of, state.get("reason"), state.get("day"), state.get("replacement"))
    if facts.valid_until is not None and facts.valid_until < now:
        return Status("expired", as_of)
    if as_of is None or now - as_of > STALE:
        return Status("unknown", as_of)
    return Status("valid", as_of)


def _state(row: store.Row, wallet: Wallet) -> dict[str, Any]:
    if row["sealed_state"] is None:
        return {}
    found: dict[str, Any] = wallet.vault.open(row["sealed_state"], kind="state", row=row["id"])
    return found


def _looked_at(row: store.Row, wallet: Wallet) -> datetime:
    return datetime.fromtimestamp(_state(row, wallet).get("looked_at", 0), UTC)


def type_names(facts: CredentialFacts) -> dict[str, str]:
    """Give what people call a certificate's type, by language; empty for a type that is none of ours."""
    entry = CATALOGUE.get(facts.credential_type or "")
    return dict(entry.display) if entry else {}
