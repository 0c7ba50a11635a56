"""Offers: a text handed to another member's own service, and what comes in here.

    proposer                                      party, or issuer named in ``accepts``
    POST <claims>/agreements/offers          ->   strict parse, lint, concerned? kept as unconfirmed
    GET  <claims>/agreements/offers/<digest> <-   asked at the registry's address: does it hand this round?
                                                  only now it is shown to officers
    POST <claims>/agreements/<digest>/signatures <-

Anybody can send an offer; what counts is the answer at the address that the registry proves for the proposer.
So an offer needs no key, and whoever is no member cannot put a page before an officer.
"""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from crypto import jcs
from issuer import audit, institution
from issuer.agreements import store, texts
from issuer.agreements.errors import NotConcernedError, OffersFullError
from issuer.agreements.texts import Text
from issuer.audit import WORKER
from issuer.errors import ConflictError, InvalidActError, UnknownError
from vc.recognition import check_agreement
from web.database import transaction

MOST_UNCONFIRMED = 100
UNCONFIRMED_SECONDS = 3 * 24 * 3600
_MEMBERS = {"document", "expires", "proposer"}


def offer(text: Text) -> dict[str, Any]:
    """Return what is sent to everybody concerned."""
    return {"document": dict(text.document), "expires": text.expires, "proposer": text.proposer}


def receive(db: Database, body: Mapping[str, Any], *, now: int) -> Text:
    """Take an offer in, to be confirmed at the proposer's own address.

    The same offer again asks the proposer again, which is how a later end of the vote arrives.

    Args:
        db: The connection, not in a transaction.
        body: What was sent, parsed strictly.
        now: Seconds since 1970.

    Raises:
        InvalidActError: It is not of an offer's form, or its vote is over.
        vc.errors.AgreementError: The document breaks a rule.
        NotConcernedError: This institution has nothing to do with it.
        ConflictError: The text is known as another party's.
        OffersFullError: Too many offers wait to be confirmed.
    """
    document, expires, proposer = _read(body)
    texts.check_expires(expires, now=now)
    check_agreement(document)
    digest, own = jcs.digest(document), institution.load(db).did
    named = {party["id"] for party in document["parties"]}
    if proposer not in named or proposer == own:
        raise InvalidActError("the proposer is another party of the agreement")
    if own not in named and own not in document["accepts"]["issuer"]:
        raise NotConcernedError("this institution is neither a party nor an issuer of it")
    with transaction(db):
        known = store.text(db, digest)
        if known is None:
            _add(db, digest, document, expires=expires, proposer=proposer, now=now)
        elif known["proposer"] != proposer:
            raise ConflictError("another party hands this text round")
        store.add_errand(db, digest, kind="confirm", did=proposer, at=now)
    return texts.load(db, digest)


def handed_round(db: Database, digest: bytes) -> dict[str, Any]:
    """Return what this institution says of a text that it hands round itself.

    Raises:
        UnknownError: It hands no such text round.
    """
    text = texts.load(db, digest)
    if text.proposer != institution.load(db).did or text.state not in {"signing", "proposed"}:
        raise UnknownError("this institution does not hand that text round")
    return {"digest": digest.hex(), "expires": text.expires, "proposer": text.proposer, "state": text.state}


def confirm(db: Database, digest: bytes, answer: Mapping[str, Any], *, now: int) -> None:
    """Take over what the proposer answered at its own address.

    Raises:
        InvalidActError: The answer is about something else.
    """
    text = texts.load(db, digest)
    expires = answer.get("expires")
    if answer.get("digest") != digest.hex() or answer.get("proposer") != text.proposer:
        raise InvalidActError("the proposer's service speaks of another text")
    if type(expires) is not int:
        raise InvalidActError("the proposer's service names no end of the vote")
    texts.check_expires(expires, now=now)
    with transaction(db):
        state = "signing" if text.state in {"unconfirmed", "dropped"} else text.state
        # A later end of the vote asks for new signatures: those for the earlier one no longer show.
        store.set_text(db, digest, expires=expires, state=state)
        if text.state == "unconfirmed":
            audit.write(
                db,
                actor=WORKER,
                action="agreement offered",
                subject=digest.hex(),
                now=now,
                agreement=text.agreement_id,
                version=text.version,
                proposer=text.proposer,
            )


def refuse(db: Database, digest: bytes) -> None:
    """Forget an offer that its alleged proposer knows nothing of; inside the caller's transaction."""
    if texts.load(db, digest).state == "unconfirmed":
        store.set_text(db, digest, state="dropped")


def tidy(db: Database, *, now: int) -> None:
    """Forget offers that nobody confirmed for days."""
    with transaction(db):
        store.forget_offers(db, before=now - UNCONFIRMED_SECONDS)


def _read(body: Mapping[str, Any]) -> tuple[dict[str, Any], int, str]:
    if set(body) != _MEMBERS:
        raise InvalidActError("an offer holds document, expires and proposer")
    document, expires, proposer = body["document"], body["expires"], body["proposer"]
    if not isinstance(document, dict) or type(expires) is not int or not isinstance(proposer, str):
        raise InvalidActError("an offer holds document, expires and proposer")
    if len(jcs.canonicalize(document)) > texts.MOST_BYTES:
        raise InvalidActError(f"an agreement has at most {texts.MOST_BYTES} bytes")
    return document, expires, proposer


def _add(
    db: Database, digest: bytes, document: Mapping[str, Any], *, expires: int, proposer: str, now: int
) -> None:
    if store.count_unconfirmed(db) >= MOST_UNCONFIRMED:
        raise OffersFullError("too many offers wait for their proposers to confirm them")
    store.add_text(
        db,
        {
            "digest": digest,
            "agreement_id": document["id"],
            "version": document["version"],
            "document": jcs.canonicalize(document),
            "expires": expires,
            "proposer": proposer,
            "state": "unconfirmed",
            "maker": None,
            "received_at": now,
        },
    )
