"""Texts: documents by their digest, from the moment when nobody may change them any more.

A text is *unconfirmed* while only somebody says that a member proposes it, *signing* while parties sign,
*proposed* once it is before the members, and *dropped* when its proposer gave it up. Whether it was voted
for, is in force or has ended is the ledger's to say.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from crypto import jcs
from issuer import audit, institution, officers
from issuer.agreements import store
from issuer.audit import Actor
from issuer.errors import ConflictError, InvalidActError, UnknownError
from vc.recognition import check_agreement
from web.database import transaction

LONGEST_SECONDS = 30 * 24 * 3600
"""A proposal is open for at most so long, and parties sign for its end (LEDGER.md 4.2)."""

MOST_BYTES = 64 * 1024
_DIGEST_HEX = 64


@dataclass(frozen=True)
class Text:
    """One version of an agreement, word for word.

    Attributes:
        digest: SHA-256 of the document's JCS form: what parties sign and members vote on.
        agreement_id: Its ``urn:vocred:agreement:…``.
        version: Its version.
        document: The document itself.
        expires: The end of the vote, for which the parties sign, in seconds.
        proposer: DID of the party that hands it round and will propose it.
        state: ``unconfirmed``, ``signing``, ``proposed`` or ``dropped``.
        maker: The officer who fixed it, where it was made here.
        received_at: When it was fixed or came in.
        proposal: The proposal's id, once this service has made it.
    """

    digest: bytes
    agreement_id: str
    version: int
    document: Mapping[str, Any]
    expires: int
    proposer: str
    state: str
    maker: str | None
    received_at: int
    proposal: bytes | None

    @property
    def parties(self) -> list[str]:
        """The parties' DIDs, sorted, each once."""
        return sorted({party["id"] for party in self.document["parties"]})

    @property
    def issuers(self) -> list[str]:
        """The DIDs whose certificates it accepts."""
        return list(self.document["accepts"]["issuer"])

    @property
    def concerned(self) -> list[str]:
        """Everybody who is handed the text: the parties, then the issuers whose certificates it accepts."""
        return list(dict.fromkeys([*self.parties, *self.issuers]))


def load(db: Database, digest: bytes) -> Text:
    """Return a text.

    Raises:
        UnknownError: There is none of that digest.
    """
    found = store.text(db, digest)
    if found is None:
        raise UnknownError("no agreement of that digest is known here")
    return _text(found)


def find(db: Database, name: str) -> Text:
    """Return the text whose digest, in hexadecimal, is ``name`` or begins with it.

    Raises:
        UnknownError: There is none, or more than one.
    """
    known = [text for text in listing(db) if text.digest.hex().startswith(name.lower())]
    if len(known) != 1 or not name:
        raise UnknownError(f"{len(known)} agreements begin with that digest")
    return known[0]


def read_digest(name: str) -> bytes:
    """Read a digest out of an address.

    Raises:
        UnknownError: It is none.
    """
    if len(name) != _DIGEST_HEX:
        raise UnknownError("no digest")
    try:
        return bytes.fromhex(name)
    except ValueError as error:
        raise UnknownError("no digest") from error


def listing(db: Database) -> list[Text]:
    """Return every text that was not dropped, newest first."""
    return [_text(found) for found in store.texts(db)]


def to_sign(db: Database, *, now: int) -> list[Text]:
    """Return the texts that wait for this institution's own signature, as far as this service knows."""
    own = institution.load(db).did
    return [
        text
        for text in listing(db)
        if text.state == "signing"
        and text.expires > now
        and own in text.parties
        and own not in store.signatures(db, text.digest)
    ]


def fix(
    db: Database,
    *,
    actor: Actor,
    document: Mapping[str, Any],
    expires: int,
    now: int,
    draft_id: str = "",
    earlier: Iterable[Mapping[str, Any]] = (),
) -> Text:
    """Make a text of a document, and owe it to everybody concerned.

    Doing so again with a later end of the vote begins the signatures anew: they are for that end.

    Args:
        db: The connection.
        actor: The officer, a maker.
        document: The agreement.
        expires: The end of the vote, in seconds.
        now: Seconds since 1970.
        draft_id: The draft that it was made of, which is forgotten.
        earlier: Documents of earlier versions of the agreement.

    Raises:
        ForbiddenError: The officer is no maker.
        vc.errors.AgreementError: The document breaks a rule.
        InvalidActError: This institution is no party, or the end of the vote makes no sense.
        ConflictError: The text is before the members already, or another party proposes it.
    """
    check_agreement(document, earlier=earlier)
    check_expires(expires, now=now)
    body = jcs.canonicalize(document)
    if len(body) > MOST_BYTES:
        raise InvalidActError(f"an agreement has at most {MOST_BYTES} bytes")
    digest, own = jcs.digest(document), institution.load(db).did
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        if own not in {party["id"] for party in document["parties"]}:
            raise InvalidActError("only a party proposes an agreement")
        _write(db, digest, document, expires=expires, proposer=own, maker=actor.name, now=now)
        store.delete_draft(db, draft_id)
        text = load(db, digest)
        for did in text.concerned:
            if did != own:
                store.add_errand(db, digest, kind="offer", did=did, at=now)
        audit.write(
            db,
            actor=actor,
            action="agreement fixed",
            subject=digest.hex(),
            now=now,
            agreement=text.agreement_id,
            version=text.version,
            expires=expires,
        )
    return text


def drop(db: Database, *, actor: Actor, digest: bytes, now: int) -> None:
    """Give a text up that is not before the members yet.

    Raises:
        ForbiddenError: The officer is no maker.
        ConflictError: It is before the members.
    """
    with transaction(db):
        officers.require(db, actor, officers.MAKER)
        if load(db, digest).state == "proposed":
            raise ConflictError("this text is before the members; its proposer withdraws the proposal")
        store.set_text(db, digest, state="dropped")
        audit.write(db, actor=actor, action="agreement dropped", subject=digest.hex(), now=now)


def owe(db: Database, *, digest: bytes, kind: str, did: str, now: int) -> None:
    """Owe somebody something again that was refused: the worker tries it anew."""
    with transaction(db):
        store.add_errand(db, digest, kind=kind, did=did, at=now)


def check_expires(expires: int, *, now: int) -> None:
    """Check that the end of a vote lies ahead, and not too far.

    Raises:
        InvalidActError: It does not.
    """
    if not now < expires <= now + LONGEST_SECONDS:
        raise InvalidActError("the vote ends in the future, at most 30 days from now")


def _write(
    db: Database,
    digest: bytes,
    document: Mapping[str, Any],
    *,
    expires: int,
    proposer: str,
    maker: str,
    now: int,
) -> None:
    known = store.text(db, digest)
    if known is None:
        store.add_text(
            db,
            {
                "digest": digest,
                "agreement_id": document["id"],
                "version": document["version"],
                "document": jcs.canonicalize(document),
                "expires": expires,
                "proposer": proposer,
                "state": "signing",
                "maker": maker,
                "received_at": now,
            },
        )
        return
    if known["proposer"] != proposer and known["state"] == "signing" and known["expires"] > now:
        raise ConflictError("another party hands this text round already")
    if known["state"] == "proposed" and known["expires"] > now:
        raise ConflictError("this text is before the members already")
    store.set_text(db, digest, expires=expires, proposer=proposer, state="signing", maker=maker)


def _text(found: Mapping[str, Any]) -> Text:
    return Text(**{**found, "digest": bytes(found["digest"]), "document": json.loads(found["document"])})
