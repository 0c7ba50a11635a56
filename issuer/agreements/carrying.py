"""Errands: what this service owes to others about agreements, carried one at a time and tried again.

    offer       the text, to a party or issuer            POST <claims>/agreements/offers
    confirm     does the proposer hand this text round?   GET  <claims>/agreements/offers/<digest>
    signature   this party's signature, to the proposer   POST <claims>/agreements/<digest>/signatures
    document    the document, to the ledger's node that serves it by its digest
    dry-run     signed counts, to the ledger's node, which keeps them beside the digest

An errand is done, refused for a reason that trying again would not mend, or tried again after a pause that
doubles up to ten minutes. One that was never tried goes before one that failed, so whoever is out of reach
delays nobody. All of it is harmless when repeated. Addresses come from the registry's proved state.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from crypto import jcs, strict_json
from crypto.errors import CryptoError
from issuer import institution
from issuer.agreements import dry_run, offering, signing, store, texts
from issuer.agreements.texts import Text
from issuer.errors import IssuerError
from issuer.ledger_client import client_of
from issuer.parts import Parts
from ledger import dry_runs
from ledger.client import LedgerUnavailableError, StatementRefusedError
from ledger.errors import LedgerError
from ledger.registry import issuer_key, member_key
from web.database import transaction
from web.errors import FetchError
from web.fetcher import Fetch, Fetcher, Response

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 2
LONGEST_PAUSE_SECONDS = 600
NO_SERVICE = "NO_SERVICE"
EXPIRED = "EXPIRED"
_ANSWER_BYTES = 64 * 1024
_TRY_AGAIN = {408, 425, 429}


class _RefusedError(Exception):
    """Trying again would not help."""


class _LaterError(Exception):
    """It has to be tried again."""


@dataclass(frozen=True)
class Road:
    """How an errand gets to others: the collaborators, the vetted fetcher, and the time."""

    db: Database
    parts: Parts
    fetch: Fetch
    now: int

    def claims_url(self, did: str, *, of_member: bool = False) -> str:
        """Return the address of somebody's own service, as the registry proves it.

        Args:
            did: Who.
            of_member: Whether it counts only if that is a member of the consortium.
        """
        try:
            snapshot, _ = client_of(self.parts).snapshot([issuer_key(did), member_key(did)], now=self.now)
        except LedgerError as error:
            raise _LaterError(error.code) from error
        if of_member and snapshot.member(did) is None:
            raise _LaterError(NO_SERVICE)
        record = snapshot.issuer(did)
        if record is None or record.closed(self.now):
            raise _LaterError(NO_SERVICE)
        return record.claims_url


def fetcher(parts: Parts) -> Fetcher:
    """Return the vetted fetcher of an instance."""
    return Fetcher(insecure_loopback=parts.settings.insecure_loopback)


def carry(db: Database, parts: Parts, fetch: Fetch, *, now: int, digest: bytes | None = None) -> int:
    """Try what is due, each errand once.

    Args:
        db: The connection, not in a transaction.
        parts: The collaborators.
        fetch: The vetted fetcher.
        now: Seconds since 1970.
        digest: Only errands about this text: what a command does at once, without waiting for the worker.

    Returns:
        How many were done.
    """
    road, done, tried = Road(db, parts, fetch, now), 0, set()
    while True:
        due = store.due_errands(db, now=now, digest=digest)
        left = [each for each in due if _key(each) not in tried]
        if not left:
            return done
        tried.add(_key(left[0]))
        done += _try(road, left[0])


def _try(road: Road, errand: Mapping[str, Any]) -> bool:
    kind, digest = errand["kind"], bytes(errand["digest"])
    state, problem = "done", None
    try:
        _ACTS[kind](road, texts.load(road.db, digest), errand["did"])
    except _RefusedError as refused:
        state, problem = "refused", str(refused)
    except _LaterError as later:
        state, problem = "waiting", str(later)
    pause = min(FIRST_PAUSE_SECONDS << min(errand["tries"], 10), LONGEST_PAUSE_SECONDS)
    with transaction(road.db):
        store.settle_errand(
            road.db, errand, state=state, next_at=road.now + pause, problem=problem, now=road.now
        )
        if kind == "confirm" and state == "refused":
            offering.refuse(road.db, digest)
    logger.info("errand tried kind=%s digest=%s state=%s problem=%s", kind, digest.hex(), state, problem)
    return state == "done"


def _offer(road: Road, text: Text, did: str) -> None:
    _require_open(road, text)
    _sent(road.fetch, f"{road.claims_url(did)}/agreements/offers", offering.offer(text))


def _confirm(road: Road, text: Text, did: str) -> None:
    # Whoever is no member proposes nothing, so nobody has to read it.
    url = f"{road.claims_url(did, of_member=True)}/agreements/offers/{text.digest.hex()}"
    try:
        answer = road.fetch.get(url, max_bytes=_ANSWER_BYTES, accept="application/json")
    except FetchError as error:
        raise _LaterError(error.code) from error
    _check(answer)
    try:
        value = strict_json.parse(answer.body)
        offering.confirm(road.db, text.digest, value if isinstance(value, dict) else {}, now=road.now)
    except (CryptoError, IssuerError) as error:
        raise _RefusedError(error.code) from error


def _signature(road: Road, text: Text, did: str) -> None:
    _require_open(road, text)
    signature = signing.own_signature(road.db, text)
    if signature is None:
        # The end of the vote was moved: what was signed is for the earlier one.
        raise _RefusedError(EXPIRED)
    url = f"{road.claims_url(did)}/agreements/{text.digest.hex()}/signatures"
    _sent(road.fetch, url, signature.to_json())


def _document(road: Road, text: Text, did: str) -> None:
    _told(lambda: client_of(road.parts).put_document(jcs.canonicalize(dict(text.document))))


def _dry_run(road: Road, text: Text, did: str) -> None:
    found = dry_run.current(road.db, text.digest)
    if found is None or found.state != "done":
        raise _RefusedError("NOT_FOUND")
    ledger = client_of(road.parts)
    run = dry_runs.DryRun(
        chain_id=ledger.chain_id,
        digest=text.digest,
        did=did,
        start=found.from_at,
        end=found.begun_at,
        certificates=found.certificates,
        accepted=found.accepted,
        rules=dict(found.rules),
    )
    key = institution.submission_key(road.db, road.parts.secret)
    signed = dry_runs.sign_dry_run(run, key=key)
    _told(lambda: ledger.put_dry_run(signed, digest=text.digest, did=did))


_ACTS: Mapping[str, Callable[[Road, Text, str], None]] = {
    "offer": _offer,
    "confirm": _confirm,
    "signature": _signature,
    "document": _document,
    "dry-run": _dry_run,
}


def _require_open(road: Road, text: Text) -> None:
    if text.state == "dropped" or text.expires <= road.now:
        raise _RefusedError(EXPIRED)


def _sent(fetch: Fetch, url: str, body: Any) -> None:
    try:
        answer = fetch.post(url, json=body, max_bytes=_ANSWER_BYTES, accept="application/json")
    except FetchError as error:
        raise _LaterError(error.code) from error
    _check(answer)


def _check(answer: Response) -> None:
    if answer.status // 100 == 2:
        return
    if answer.status // 100 == 4 and answer.status not in _TRY_AGAIN:
        raise _RefusedError(_code(answer))
    raise _LaterError(_code(answer))


def _code(answer: Response) -> str:
    """Return the code of a refusal, as far as it is one: it is shown to officers."""
    try:
        value = strict_json.parse(answer.body)
    except CryptoError:
        return f"HTTP_{answer.status}"
    code = value.get("code") if isinstance(value, dict) else None
    known = isinstance(code, str) and code.replace("_", "").isalnum() and code.isascii() and len(code) <= 64
    return str(code) if known else f"HTTP_{answer.status}"


def _told(act: Callable[[], object]) -> None:
    """Tell the ledger's node something; a document it takes only once the text is proposed."""
    try:
        act()
    except (LedgerUnavailableError, StatementRefusedError) as error:
        raise _LaterError(error.code) from error
    except LedgerError as error:
        raise _RefusedError(error.code) from error


def _key(errand: Mapping[str, Any]) -> tuple[bytes, str, str]:
    return bytes(errand["digest"]), errand["kind"], errand["did"]
