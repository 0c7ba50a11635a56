"""What the ledger says has to be kept: read from its log and its present state.

The present state names the current version of every list, notices document and index, and every schema. DID
documents are kept for ever, so those of the past are read from the log, from its first entry on: an
``issuer.put`` or a ``key.rotate`` stands there only because it was accepted; of a proposal only what became
of it counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from crypto import cbor
from crypto.keys import PublicKey
from ledger import listing
from ledger.core.blocks import is_block
from ledger.core.reading import Reader
from ledger.mirror import store
from ledger.proposals import EXPIRED
from ledger.registry import EndpointRecord, IssuerRecord, issuer_key
from ledger.statements import SUBMISSION, Statement, parse_statement
from web.database import transaction

ENTRIES_AT_ONCE = 2000
_SETTLED = {"void", "withdrawn", EXPIRED}


@dataclass(frozen=True)
class View:
    """What a round has to know of the ledger; no reader stays open while others are asked.

    Attributes:
        chain_id: The ledger.
        issuers: The registry's issuers by DID.
        keys: Every submission key that the registry ever held for an issuer, by DID.
        peers: Base URLs of the other members' mirrors.
        agreements: Digests of agreements' documents that the ledger names and that are not here.
    """

    chain_id: str
    issuers: Mapping[str, IssuerRecord]
    keys: Mapping[str, Sequence[PublicKey]]
    peers: Sequence[str]
    agreements: Sequence[bytes]


def follow(db: Database, reader: Reader, *, now: int) -> bool:
    """Note what the ledger names since the last look.

    Args:
        db: The mirror's database.
        reader: One committed state of the ledger.
        now: Seconds since 1970; an anchor seen now lets receipts be looked for now.

    Returns:
        Whether the log has grown.
    """
    size = reader.head().size
    while (start := store.position(db)) < size:
        entries = reader.entries(start, min(size, start + ENTRIES_AT_ONCE))
        with transaction(db):
            for entry in entries:
                if not is_block(entry):
                    _note(db, parse_statement(entry), now=now)
            store.set_position(db, max(store.position(db), start + len(entries)))
    if store.noted(db) >= size:
        return False
    with transaction(db):
        # A request and a round may look at once: whoever saw less of the log writes nothing over the other.
        if store.noted(db) >= size:
            return False
        _settle(db, reader)
        _note_state(db, reader)
        store.set_noted(db, size)
    return True


def view(db: Database, reader: Reader, *, member: str | None, url: str) -> View:
    """Return what a round has to know.

    Args:
        db: The mirror's database.
        reader: One committed state of the ledger.
        member: Whose node this is, or None.
        url: This node's own address, which nothing is pulled from.
    """
    records = [IssuerRecord.from_value(key[1], value) for key, value in reader.values("issuer", length=2)]
    return View(
        chain_id=reader.chain_id,
        issuers={record.did: record for record in records},
        keys={record.did: _submission_keys(db, reader, record.did) for record in records},
        peers=_peers(reader, member=member, url=url),
        agreements=lacking(reader),
    )


def lacking(reader: Reader) -> list[bytes]:
    """Return the digests of agreements' documents that the ledger names and that are not here."""
    named = listing.named_digests(reader)
    return sorted(digest for digest in named if reader.document(digest) is None)


def issuer(reader: Reader, did: str) -> IssuerRecord | None:
    """Return an issuer's record, or None."""
    value = reader.value(*issuer_key(did))
    return None if value is None else IssuerRecord.from_value(did, value)


def _submission_keys(db: Database, reader: Reader, did: str) -> list[PublicKey]:
    keys = [PublicKey.from_cose_key(cbor.decode(key)) for key in store.signers(db, did)]
    return [key for key in keys if reader.value("key", key.thumbprint) == [did, SUBMISSION]]


def _peers(reader: Reader, *, member: str | None, url: str) -> list[str]:
    """Return the other members' mirrors, each at its ``mirror``, else at its ``node``."""
    members = set(reader.value("members") or ())
    found = []
    for key, value in reader.values("endpoint", length=2):
        record = EndpointRecord.from_value(key[1], value)
        address = (record.mirror or record.node or "").rstrip("/")
        if address and address != url and record.did in members - {member}:
            found.append(address)
    return found


def _note(db: Database, statement: Statement, *, now: int) -> None:
    """Note what one accepted statement names."""
    body: Any = statement.body
    if statement.kind == "anchor":
        store.note(db, statement.issuer, anchored_at=now)
    elif statement.kind == "issuer.put":
        store.name_document(db, body["did"], body["document"])
        store.add_signer(db, body["did"], cbor.encode(body["submission"]))
    elif statement.kind == "key.rotate":
        _note_rotation(db, statement.issuer, body, proposal=None)
    elif statement.kind == "propose":
        name, action = body["action"]
        if name == "issuer.put":
            store.add_candidate(db, statement.proposal_id, action["did"], action["document"])
            store.add_signer(db, action["did"], cbor.encode(action["submission"]))
        elif name == "rotate-lost-key":
            _note_rotation(db, action["did"], action, proposal=statement.proposal_id)


def _note_rotation(db: Database, did: str, body: Any, *, proposal: bytes | None) -> None:
    if body["role"] == SUBMISSION:
        store.add_signer(db, did, cbor.encode(body["value"]))
    elif body["role"] == store.DOCUMENT and proposal is None:
        store.name_document(db, did, body["value"])
    elif body["role"] == store.DOCUMENT and proposal is not None:
        store.add_candidate(db, proposal, did, body["value"])


def _settle(db: Database, reader: Reader) -> None:
    """Keep the documents of proposals that took effect, forget those of proposals that never will."""
    for proposal, did, digest in store.candidates(db):
        record = reader.value("proposal", proposal)
        status = EXPIRED if record is None else record["status"]
        if status == "open" and reader.head().time >= record["expires"]:
            status = EXPIRED
        if status == "done":
            store.name_document(db, did, digest)
        if status == "done" or status in _SETTLED:
            store.drop_candidates(db, proposal)


def _note_state(db: Database, reader: Reader) -> None:
    """Note what the present state names."""
    for key, value in reader.values("issuer", length=2):
        store.name_document(db, key[1], value["document"])
        store.add_signer(db, key[1], cbor.encode(value["submission"]))
    for key, value in reader.values("status", length=3):
        store.name_status(db, key[1], key[2], value["digest"])
    for key, value in reader.values("schema", length=2):
        store.name_schema(db, value["by"], key[1], value["digest"])
