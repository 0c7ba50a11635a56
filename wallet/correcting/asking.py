"""What a holder asks of an issuer about a certificate, and what the issuer answers.

    ask        something stated is wrong: the registrar gets a task
    look       what became of that
    replace    claim the record that took this one's place
    corrected  whether a certificate was replaced, and whether the new one is here already

Each is one request with a proof by the certificate's own key, over a fresh nonce of the issuer's, to the
address that the registry holds for it.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database

from crypto import strict_json
from crypto.errors import CryptoError
from vc import holder_requests
from vc.holder_requests import Act
from wallet import holding, issuers, looking_up, metadata, protocol, receiving
from wallet.accounts import Wallet
from wallet.correcting import store
from wallet.errors import (
    CredentialRejectedError,
    HolderRequestRefusedError,
    IssuerUnreachableError,
    NothingThereError,
    UnknownIssuerError,
)
from wallet.holding import Held
from wallet.parts import Parts
from web import limits
from web.database import transaction
from web.errors import FetchError, RateLimitedError
from web.fetcher import Response

logger = logging.getLogger(__name__)

LONGEST_TEXT = holder_requests.MAX_TEXT_CHARS
ANSWER_BYTES = 64 * 1024
CORRECTED = "录入错误更正"
"""The reason of a notice that says: a new record took this one's place."""

STATES = ("open", "corrected", "declined")


@dataclass(frozen=True)
class Correction:
    """What was asked about a certificate.

    Attributes:
        correction_id: The id under which this wallet keeps it.
        credential_id: The certificate.
        text: What is wrong, in the holder's words.
        state: open, corrected or declined, as the issuer last said.
        answer: The registrar's words, or None.
        asked_at: When it was asked.
    """

    correction_id: str
    credential_id: str
    text: str
    state: str
    answer: str | None
    asked_at: datetime


@dataclass(frozen=True)
class Corrected:
    """A certificate that was replaced: the new record, where it is named, and where the wallet holds it."""

    record: str | None
    held: str | None


def ask(db: Database, wallet: Wallet, item: Held, *, text: str, parts: Parts, now: datetime) -> Correction:
    """Ask the issuer to correct what a certificate states.

    Args:
        db: The wallet's database.
        wallet: The holder's wallet, open.
        item: The certificate.
        text: What is wrong, at most 500 characters.
        parts: The collaborators.
        now: The time.

    Raises:
        HolderRequestRefusedError: The text is empty or too long, or the issuer does not take it.
        IssuerUnreachableError: Nothing that counts came back.
        CannotCheckError: The registry could not be asked.
    """
    wanted = text.replace("\r\n", "\n").strip()
    if not 0 < len(wanted) <= LONGEST_TEXT:
        raise HolderRequestRefusedError(f"say in 1 to {LONGEST_TEXT} characters what is wrong", reason="TEXT")
    _send(item, "correction", "corrections", text=wanted, parts=parts, now=now)
    correction_id = parts.random(16).hex()
    content = {"text": wanted, "state": "open", "answer": None}
    _put(db, wallet, correction_id, item.credential_id, content, asked_at=int(now.timestamp()), parts=parts)
    found = asked(db, wallet, item.credential_id)
    assert found is not None
    return found


def look(db: Database, wallet: Wallet, item: Held, *, parts: Parts, now: datetime) -> Correction:
    """Ask the issuer what became of a correction.

    Raises:
        NothingThereError: Nothing was asked about this certificate.
        HolderRequestRefusedError: The issuer does not say.
        IssuerUnreachableError: Nothing that counts came back.
    """
    known = asked(db, wallet, item.credential_id)
    if known is None:
        raise NothingThereError("nothing was asked about this certificate")
    document = _send(item, "correction-state", "corrections/state", parts=parts, now=now)
    state, answer = document.get("state"), document.get("answer")
    content = {
        "text": known.text,
        "state": state if state in STATES else known.state,
        "answer": answer[:LONGEST_TEXT] if isinstance(answer, str) and answer else known.answer,
    }
    asked_at = int(known.asked_at.timestamp())
    _put(db, wallet, known.correction_id, item.credential_id, content, asked_at=asked_at, parts=parts)
    found = asked(db, wallet, item.credential_id)
    assert found is not None
    return found


def replace(db: Database, wallet: Wallet, item: Held, *, parts: Parts, now: datetime) -> tuple[str, ...]:
    """Claim the record that took a certificate's place. The old one stays until its holder deletes it.

    Returns:
        The ids under which the new certificate is kept.

    Raises:
        HolderRequestRefusedError: Nothing took its place, or the issuer does not offer it.
        OfferError: The claim was refused.
        CredentialRejectedError: What came is not what was offered; nothing of it is kept.
        CannotCheckError: It could not be checked yet; the claim waits.
    """
    document = _send(item, "replacement", "replacements", parts=parts, now=now)
    offer = document.get("credential_offer_uri")
    if not isinstance(offer, str) or len(offer) > limits.URL_CHARS:
        raise IssuerUnreachableError("the issuer's answer names no offer")
    if not offer.startswith(_issuer_url(item, parts=parts, now=now) + "/"):
        raise CredentialRejectedError("issuer", "the offer lies elsewhere than the registry says")
    link = f"openid-credential-offer://?credential_offer_uri={quote(offer, safe='')}"
    offered = looking_up.look_up(link, parts=parts, now=now)
    if offered.issuer_id != item.facts.issuer_id:
        raise CredentialRejectedError("issuer", "the corrected certificate is offered by another body")
    return receiving.receive(db, wallet, offered, pin=None, parts=parts, now=now)


def asked(db: Database, wallet: Wallet, credential_id: str) -> Correction | None:
    """Give what was asked last about a certificate, or None."""
    row = store.of_credential(db, wallet.account_id, credential_id)
    return None if row is None else _correction(row, wallet)


def every(db: Database, wallet: Wallet) -> list[Correction]:
    """List what was asked, newest first."""
    return [_correction(row, wallet) for row in store.every(db, wallet.account_id)]


def corrected(db: Database, wallet: Wallet, item: Held, *, now: datetime) -> Corrected | None:
    """Say whether a certificate was revoked because a corrected one took its place."""
    status = item.status
    if status.kind != "revoked" or (status.replacement is None and status.reason != CORRECTED):
        return None
    held = next(
        (
            one.credential_id
            for one in holding.held(db, wallet, now=now)
            if status.replacement and one.facts.credential_id == status.replacement
        ),
        None,
    )
    return Corrected(status.replacement, held)


def _send(item: Held, act: Act, path: str, *, parts: Parts, now: datetime, text: str = "") -> dict[str, Any]:
    """Send one signed request to the issuer, and read what it answers."""
    url = _issuer_url(item, parts=parts, now=now)
    nonce_endpoint = metadata.fetch_nonce_endpoint(url, fetcher=parts.fetcher)
    proof = holder_requests.sign(
        item.key,
        act=act,
        record=item.facts.credential_id or "",
        audience=url,
        nonce=protocol.fetch_nonce(nonce_endpoint, fetcher=parts.fetcher),
        now=now,
        text=text,
    )
    try:
        answer = parts.fetcher.post(
            f"{url}/{path}", json={"proof": proof}, accept="application/json", max_bytes=ANSWER_BYTES
        )
    except FetchError as error:
        raise IssuerUnreachableError("the issuer does not answer") from error
    document = _object(answer)
    if answer.status == 429:
        raise RateLimitedError("the issuer asks to wait a moment")
    if 400 <= answer.status < 500:
        code = document.get("code")
        reason = code if isinstance(code, str) and code.replace("_", "").isalnum() else None
        logger.info("holder_request_refused act=%s issuer=%s code=%s", act, item.facts.issuer_id, reason)
        raise HolderRequestRefusedError("the issuer does not take this request", reason=reason)
    if answer.status not in {200, 201, 202}:
        raise IssuerUnreachableError(f"the issuer answered {answer.status}")
    return document


def _issuer_url(item: Held, *, parts: Parts, now: datetime) -> str:
    try:
        return issuers.by_did(item.facts.issuer_id or "", parts=parts, now=now).record.claims_url
    except UnknownIssuerError as error:
        raise IssuerUnreachableError("the registry knows no address of the issuer") from error


def _object(answer: Response) -> dict[str, Any]:
    try:
        document = strict_json.parse(answer.body, max_bytes=ANSWER_BYTES) if answer.body else {}
    except CryptoError as error:
        raise IssuerUnreachableError(f"the issuer answered {answer.status} unreadably") from error
    if not isinstance(document, dict):
        raise IssuerUnreachableError(f"the issuer answered {answer.status} unreadably")
    return document


def _put(
    db: Database,
    wallet: Wallet,
    correction_id: str,
    credential_id: str,
    content: dict[str, Any],
    *,
    asked_at: int,
    parts: Parts,
) -> None:
    sealed = wallet.vault.seal(content, kind="correction", row=correction_id, random=parts.random)
    with transaction(db):
        store.put(
            db,
            {
                "id": correction_id,
                "account": wallet.account_id,
                "credential": credential_id,
                "sealed": sealed,
                "made_at": asked_at,
            },
        )


def _correction(row: dict[str, Any], wallet: Wallet) -> Correction:
    content = wallet.vault.open(row["sealed"], kind="correction", row=row["id"])
    return Correction(
        correction_id=row["id"],
        credential_id=row["credential"],
        asked_at=datetime.fromtimestamp(row["made_at"], UTC),
        **content,
    )
