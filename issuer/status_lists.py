"""Versions of what the issuer publishes beside its credentials: lists, notices, and the store's index.

    status/<n>            the list credential: one bit a form, set for ever
    status/<n>/notices    why and when, sealed for who holds the form (CREDENTIALS.md D7)
    store/index           which buckets of forms there are, and the digest of each (ARCHITECTURE.md)
    audit/head            how many lines the audit log has, and the link of the last; once a day

A version is made here (``ready``), goes to the ledger in one ``status`` statement with whatever else is
ready (``submitted``), and is served once the ledger holds it (``anchored``). A version that has waited 60
seconds is served all the same, and then lowers a verdict but never raises one (LEDGER.md 4.7). While no
statement holds a version yet, a further change replaces it.

Once the registry says that the issuer is closed, lists, notices and index get a final version that does not
expire; nothing follows it, and it holds for as long as anybody keeps it (ARCHITECTURE.md).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from crypto import jcs
from issuer import institution, standing, store, store_forms, store_ledger
from issuer.institution import Institution
from issuer.parts import Parts
from issuer.signing import list_url
from issuer.store_ledger import NO_END
from vc import bitstring, data_integrity, dates, form_store, notices, status
from vc.notices import Notice
from web.database import transaction

INDEX = "store/index"
AUDIT = "audit/head"
AUDIT_SECONDS = 24 * 3600
VALID_SECONDS = 30 * 24 * 3600
RENEW_SECONDS = 10 * 24 * 3600
SERVE_UNANCHORED_SECONDS = 60
_NONCE_BYTES = 12


@dataclass(frozen=True)
class _Draft:
    """A version in the making: its place in the row of versions, and the dates that will be anchored."""

    resource: str
    version: int
    valid_from: int
    valid_until: int
    waiting_since: int


def prepare_changed(db: Database, parts: Parts, *, now: int) -> list[str]:
    """Make new versions of whatever has changed or will soon expire.

    Returns:
        The resources of which a version was made.
    """
    with transaction(db):
        expiring = _expiring(db, now=now)
        changed = {found["number"]: found["changed_at"] for found in store_ledger.changed_lists(db)}
        made: list[str] = []
        for number, size in store_ledger.status_lists(db):
            if store_ledger.is_final(db, list_resource(number)):
                continue
            if number in changed or list_resource(number) in expiring:
                since = changed.get(number) or now
                made += _prepare_list(db, parts, number=number, size=size, since=since, now=now)
        if INDEX in expiring or (store_forms.unindexed_forms(db) and not store_ledger.is_final(db, INDEX)):
            made.append(_prepare_index(db, now=now))
        if AUDIT in expiring or _audit_waits(db, now=now):
            made.append(_prepare_audit(db, now=now))
    return made


def expiring(db: Database, *, now: int) -> bool:
    """Return whether a version has to be made because one will soon expire."""
    return bool(_expiring(db, now=now))


def list_resource(number: int) -> str:
    """Return the name of a list among the publications, which is also its path."""
    return f"status/{number}"


def notices_resource(number: int) -> str:
    """Return the name of a list's notices among the publications, which is also their path."""
    return f"status/{number}/notices"


def served(db: Database, resource: str, *, now: int) -> dict[str, Any] | None:
    """Return the version of a resource to serve, with ``body`` and ``state``, or None.

    The index is served only as the ledger holds it: another one proves nothing.
    """
    if resource == INDEX:
        return store_ledger.anchored_publication(db, resource)
    return store_ledger.served_publication(db, resource, unanchored_before=now - SERVE_UNANCHORED_SECONDS)


def statement_body(db: Database, parts: Parts) -> list[dict[str, Any]]:
    """Return what a ``status`` statement says of every version that is ready. Spec: LEDGER.md 4.2."""
    return [
        {
            "list": hashlib.sha256(f"{parts.settings.url}/{found['resource']}".encode()).digest(),
            "version": found["version"],
            "digest": bytes(found["digest"]),
            "from": found["valid_from"],
            "until": None if found["valid_until"] == NO_END else found["valid_until"],
        }
        for found in store_ledger.ready_publications(db)
    ]


def _expiring(db: Database, *, now: int) -> set[str]:
    """Return what needs another version because of its end, or because an end is to fall away."""
    found = set(store_ledger.expiring_publications(db, before=now + RENEW_SECONDS))
    if standing.current(db).closed:
        # The audit log's head goes on: whoever closes still answers for what was done.
        found |= set(store_ledger.expiring_publications(db, before=NO_END)) - {AUDIT}
    return found


def _prepare_list(db: Database, parts: Parts, *, number: int, size: int, since: int, now: int) -> list[str]:
    ended = store_forms.ended_forms(db, number)
    body = _signed_list(db, parts, _draft(db, list_resource(number), since=since, now=now), ended, size)
    sealed = _notices(
        institution.load(db),
        _draft(db, notices_resource(number), since=since, now=now),
        ended,
        random=parts.random,
    )
    for draft, document in (body, sealed):
        _put(db, draft, document)
    store_ledger.unmark_list(db, number)
    return [list_resource(number), notices_resource(number)]


def _signed_list(
    db: Database, parts: Parts, draft: _Draft, ended: list[dict[str, Any]], size: int
) -> tuple[_Draft, bytes]:
    number = int(draft.resource.rpartition("/")[2])
    bits = bitstring.with_set((found["status_index"] for found in ended), size=size)
    unsigned = status.list_credential(
        list_url=list_url(f"{parts.settings.url}/status", number),
        issuer=institution.load(db).did,
        encoded_list=bitstring.encode(bits),
        valid_from=dates.from_seconds(draft.valid_from),
        valid_until=_end(draft),
    )
    key = institution.signing_key(db, parts.secret)
    signed = data_integrity.sign(
        unsigned,
        key=key.private,
        verification_method=key.verification_method,
        created=dates.from_seconds(draft.valid_from),
    )
    return draft, jcs.canonicalize(signed)


def _notices(
    issuer: Institution, draft: _Draft, ended: list[dict[str, Any]], *, random: Callable[[int], bytes]
) -> tuple[_Draft, bytes]:
    document = notices.seal(
        {found["status_index"]: (found["entry_id"], _notice(found)) for found in ended},
        issuer=issuer.did,
        version=draft.version,
        valid_from=dates.from_seconds(draft.valid_from),
        valid_until=_end(draft),
        nonce=lambda: random(_NONCE_BYTES),
    )
    return draft, document


def _notice(found: dict[str, Any]) -> Notice:
    replaced_by = found["replaced_by"]
    return Notice(
        kind=found["state"],
        reason=found["reason"],
        # A calendar day, as people in China count it.
        date=dates.from_seconds(found["ended_at"]).astimezone(dates.CHINA).date().isoformat(),
        replacement=None if replaced_by is None else f"urn:uuid:{replaced_by}",
    )


def _prepare_index(db: Database, *, now: int) -> str:
    draft = _draft(db, INDEX, since=now, now=now)
    locators = store_forms.index_forms(db, draft.version)
    bits = form_store.choose_prefix_bits(locators)
    buckets = form_store.into_buckets(locators, bits=bits)
    document = form_store.index(
        issuer=institution.load(db).did,
        version=draft.version,
        valid_from=dates.from_seconds(draft.valid_from),
        valid_until=_end(draft),
        prefix_bits=bits,
        buckets={prefix: form_store.bucket_digest(kept) for prefix, kept in buckets.items()},
    )
    _put(db, draft, document)
    return INDEX


def _audit_waits(db: Database, *, now: int) -> bool:
    """Return whether the audit log has grown for a day since the ledger was told of it."""
    found = store.institution(db)
    last = store_ledger.last_publication(db, AUDIT)
    since = found["created_at"] if last is None and found is not None else last and last["valid_from"]
    return (
        since is not None and now - since >= AUDIT_SECONDS and store.last_audit(db)[0] > audit_head(last)[0]
    )


def _prepare_audit(db: Database, *, now: int) -> str:
    draft = _draft(db, AUDIT, since=now, now=now)
    lines, link = store.last_audit(db)
    document = {
        "issuer": institution.load(db).did,
        "version": draft.version,
        "lines": lines,
        "link": link.hex(),
    }
    _put(db, draft, jcs.canonicalize(document))
    return AUDIT


def audit_head(publication: Mapping[str, Any] | None) -> tuple[int, bytes]:
    """Return how many lines a published head of the audit log counts, and the link of the last of them."""
    if publication is None or publication["body"] is None:
        return 0, b""
    document = json.loads(bytes(publication["body"]))
    return document["lines"], bytes.fromhex(document["link"])


def _draft(db: Database, resource: str, *, since: int, now: int) -> _Draft:
    last = store_ledger.last_publication(db, resource)
    ready = store_ledger.ready_publication(db, resource)
    version = 1 if last is None else last["version"] + 1
    # LEDGER.md 4.4: a later version starts later, also within one second.
    valid_from = now if last is None else max(now, last["valid_from"] + 1)
    waiting_since = since if ready is None else min(since, ready["waiting_since"])
    final = resource != AUDIT and standing.current(db).closed
    valid_until = NO_END if final else valid_from + VALID_SECONDS
    return _Draft(resource, version, valid_from, valid_until, waiting_since)


def _end(draft: _Draft) -> datetime | None:
    """Return when a version ends; None: never."""
    return None if draft.valid_until == NO_END else dates.from_seconds(draft.valid_until)


def _put(db: Database, draft: _Draft, document: bytes) -> None:
    store_ledger.put_publication(
        db,
        {
            "resource": draft.resource,
            "version": draft.version,
            "body": document,
            "digest": hashlib.sha256(document).digest(),
            "valid_from": draft.valid_from,
            "valid_until": draft.valid_until,
            "waiting_since": draft.waiting_since,
        },
    )
