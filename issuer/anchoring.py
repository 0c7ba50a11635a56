"""Anchoring: what brings digests, lists and indexes to the ledger, and receipts back beside the forms.

One round, in this order: finish the statement that was on its way; ask the registry how it sees this
issuer; leave what is new at the mirrors, for a few seconds; send the versions of lists and index that are
ready (a revocation waits for nothing else); gather digests for as long as the timer says, salt, shuffle and
pad them into one root and send that; fetch the receipts of what the ledger holds.
Every step ends in a transaction, finds by itself what is left to do, and
is harmless when repeated: a kill between any two leaves work for the next round, and nothing twice.

A round that fails is followed by a longer and longer pause, which the workbench shows.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from issuer import guard, mirroring, standing, status_lists, store, store_forms, store_ledger, submission
from issuer.errors import IssuerError, LedgerAheadError
from issuer.parts import Ledger, Parts
from ledger.client import FalseReceiptError, StatementRefusedError
from ledger.errors import LedgerError
from ledger.proof.batch import Batch, make_batch
from ledger.proof.bundle import with_batch_path
from ledger.proof.errors import GrantMissingError
from vc.form_store import receipt_locator, seal_receipt
from web.database import transaction

logger = logging.getLogger(__name__)

MOST_IN_BATCH = 16_384
RECEIPTS_AT_ONCE = 100
FIRST_PAUSE_SECONDS = 2
LONGEST_PAUSE_SECONDS = 300
STANDING_SECONDS = 60
_STATE = "ledger.state"
_NONCE_BYTES = 12
_NODE = 32


@dataclass(frozen=True)
class AnchoringState:
    """What the workbench shows of the way to the ledger. Times are seconds.

    Attributes:
        pending: Forms without a receipt.
        oldest_pending_at: When the oldest of them was signed, or None.
        last_anchored_at: When the last receipts came, or None.
        problem: Code of what went wrong in the last round, or None.
        attempts: Rounds that failed, one after another.
        next_attempt_at: Before this second no round begins by itself.
    """

    pending: int
    oldest_pending_at: int | None
    last_anchored_at: int | None
    problem: str | None
    attempts: int
    next_attempt_at: int


def anchor_pending(db: Database, parts: Parts, *, now: int, at_once: bool = False) -> AnchoringState:
    """Do one round, if it is due.

    Args:
        db: The connection.
        parts: The collaborators, with a ledger.
        now: Seconds since 1970.
        at_once: Neither wait for the timer nor for the pause after a failure.

    Returns:
        How things stand afterwards. A failed round is noted there, not raised.
    """
    if parts.ledger is None:
        raise ValueError("anchoring needs a ledger")
    if not at_once and _pausing(db, now=now):
        return state(db)
    with parts.alone("ledger") as alone:
        if alone:
            _round(db, parts, parts.ledger, now=now, at_once=at_once)
    return state(db)


def due(db: Database, parts: Parts, *, now: int) -> bool:
    """Return whether a round would find something to do; it only reads."""
    if _pausing(db, now=now):
        return False
    checked_at = standing.current(db).checked_at
    if checked_at is None or _passed(STANDING_SECONDS, since=checked_at, now=now):
        return True
    oldest = store_ledger.oldest_unbatched(db)
    return (
        store_ledger.work_waits(db)
        or store_forms.unindexed_forms(db)
        or status_lists.expiring(db, now=now)
        or mirroring.due(db, parts, now=now)
        or (
            oldest is not None
            and _passed(parts.settings.anchor_seconds, since=oldest, now=now)
            and bool(store_ledger.pending_forms(db, types=_types(db, now), limit=1))
        )
    )


def lists_wait(db: Database) -> bool:
    """Return whether a change of a list is not yet with the ledger."""
    return store_ledger.lists_wait(db)


def state(db: Database) -> AnchoringState:
    """Return how things stand."""
    noted = json.loads(store.preference(db, _STATE) or "{}")
    summary = store_ledger.pending_summary(db)
    return AnchoringState(
        pending=summary["pending"],
        oldest_pending_at=summary["oldest"],
        last_anchored_at=summary["last"],
        problem=noted.get("problem"),
        attempts=noted.get("attempts", 0),
        next_attempt_at=noted.get("nextAttemptAt", 0),
    )


def _round(db: Database, parts: Parts, ledger: Ledger, *, now: int, at_once: bool) -> None:
    problem: str | None = None
    try:
        problem = _finish(db, ledger, now=now)
        _refresh_standing(db, ledger, now=now, at_once=at_once)
        status_lists.prepare_changed(db, parts, now=now)
        # Before the statement that names them: whoever reads the ledger finds what it speaks of.
        mirroring.bring_copies(db, parts, now=now)
        if standing.current(db).number is not None:
            problem = _send_lists(db, parts, ledger, now=now) or problem
            problem = _send_digests(db, parts, ledger, now=now, at_once=at_once) or problem
        _fetch_receipts(db, parts, ledger, now=now)
    except (LedgerError, IssuerError) as error:
        # The node is silent, or its answer does not check: nothing is assumed, the next round tries again.
        problem = error.code
        logger.warning("round ended code=%s", error.code)
    _note(db, problem, now=now)


def _finish(db: Database, ledger: Ledger, *, now: int) -> str | None:
    try:
        submission.finish_prepared(db, ledger, now=now)
    except StatementRefusedError as error:
        return _problem(error)
    return None


def _refresh_standing(db: Database, ledger: Ledger, *, now: int, at_once: bool) -> None:
    current = standing.current(db)
    checked_at = current.checked_at
    fresh = checked_at is not None and not _passed(STANDING_SECONDS, since=checked_at, now=now)
    if at_once or current.number is None or not fresh:
        guard.look_at_clock(db, ledger, now=now)
        standing.refresh(db, ledger, now=now)


def _send_lists(db: Database, parts: Parts, ledger: Ledger, *, now: int) -> str | None:
    if not store_ledger.ready_publications(db):
        return None
    try:
        submission.send(
            db,
            parts,
            ledger,
            kind=submission.STATUS,
            make=lambda: status_lists.statement_body(db, parts),
            carry=lambda statement_id: store_ledger.submit_publications(db, statement_id),
            now=now,
        )
    except StatementRefusedError as error:
        return _problem(error)
    return None


def _send_digests(db: Database, parts: Parts, ledger: Ledger, *, now: int, at_once: bool) -> str | None:
    """Send the batch that waits, or make one when the timer is up; a refusal leaves the batch waiting."""
    waiting = store_ledger.waiting_anchor(db)
    if waiting is None:
        oldest = store_ledger.oldest_unbatched(db)
        if oldest is None:
            return None
        if not at_once and not _passed(parts.settings.anchor_seconds, since=oldest, now=now):
            return None
        if not _gather(db, parts, now=now):
            return None
        waiting = store_ledger.waiting_anchor(db)
        assert waiting is not None  # just written
    anchor_id, root = waiting["id"], bytes(waiting["root"])
    try:
        submission.send(
            db,
            parts,
            ledger,
            kind=submission.ANCHOR,
            make=lambda: {"root": root},
            carry=lambda statement_id: store_ledger.tie_anchor(db, anchor_id, statement_id),
            now=now,
        )
    except StatementRefusedError as error:
        return _problem(error)
    return None


def _gather(db: Database, parts: Parts, *, now: int) -> bool:
    """Write a batch of the digests that wait: salts, places and tree are on disk before anything is sent.

    Forms of a type for which no grant is in force wait: a receipt of theirs would prove nothing.
    """
    with transaction(db):
        forms = store_ledger.pending_forms(db, types=_types(db, now), limit=MOST_IN_BATCH)
        if not forms:
            return False
        batch = make_batch([bytes(form["digest"]) for form in forms], random=parts.random)
        levels = b"".join(b"".join(level) for level in batch.levels)
        anchor_id = store_ledger.add_anchor(db, root=batch.root, levels=levels, at=now)
        for form, place, salt in zip(forms, batch.order, batch.salts, strict=True):
            store_ledger.add_leaf(db, anchor_id=anchor_id, position=place, form_id=form["id"], salt=salt)
    logger.info("batch prepared anchor=%d forms=%d size=%d", anchor_id, len(forms), batch.size)
    return True


def _fetch_receipts(db: Database, parts: Parts, ledger: Ledger, *, now: int) -> None:
    for anchor in store_ledger.unreceipted_anchors(db):
        levels = _levels(bytes(anchor["levels"]))
        for credential_type, leaves in _by_type(store_ledger.anchor_leaves(db, anchor["id"])).items():
            try:
                bundle = ledger.receipt(
                    anchor["entry_index"],
                    credential_type=credential_type,
                    now=now,
                    statement=bytes(anchor["body"]),
                )
            except FalseReceiptError:
                # A node acknowledged what the log does not hold there: the same bytes go out once more.
                with transaction(db):
                    store_ledger.reopen_anchor(db, anchor["statement_id"])
                raise
            except GrantMissingError:
                # The grant ended between the look at the registry and the block: another batch will do.
                with transaction(db):
                    for leaf in leaves:
                        store_ledger.release_form(db, leaf["form_id"])
                continue
            for start in range(0, len(leaves), RECEIPTS_AT_ONCE):
                with transaction(db):
                    for leaf in leaves[start : start + RECEIPTS_AT_ONCE]:
                        _store_receipt(db, parts, bundle, leaf, levels, now=now)
        with transaction(db):
            store_ledger.finish_anchor(db, anchor["id"])


def _store_receipt(
    db: Database,
    parts: Parts,
    bundle: Any,
    leaf: Mapping[str, Any],
    levels: tuple[list[bytes], ...],
    *,
    now: int,
) -> None:
    place, digest = leaf["position"], bytes(leaf["digest"])
    batch = Batch(levels[-1][0], len(levels[0]), (), (place,), levels)
    receipt = with_batch_path(
        bundle, salt=bytes(leaf["salt"]), size=batch.size, index=place, path=batch.path(0)
    )
    locator, _key = receipt_locator(digest)
    blob = seal_receipt(receipt.encode(), form_digest=digest, nonce=parts.random(_NONCE_BYTES))
    store_forms.add_sealed_receipt(db, locator=locator, blob=blob)
    store_ledger.form_anchored(db, leaf["form_id"], at=now)


def _pausing(db: Database, *, now: int) -> bool:
    """Return whether the pause after a failure lasts; one that a wrong clock noted does not count."""
    return now < state(db).next_attempt_at <= now + LONGEST_PAUSE_SECONDS


def _passed(seconds: int, *, since: int, now: int) -> bool:
    """Return whether so much time has passed; what lies in the future was noted by a clock that was wrong."""
    return since > now or now - since >= seconds


def _types(db: Database, now: int) -> frozenset[str]:
    return standing.current(db).grants_in_force(now)


def _by_type(leaves: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for leaf in leaves:
        found.setdefault(leaf["credential_type"], []).append(leaf)
    return found


def _levels(nodes: bytes) -> tuple[list[bytes], ...]:
    """Cut the stored tree into its levels: a level has half as many nodes as the one before."""
    levels, start = [], 0
    size = (len(nodes) // _NODE + 1) // 2
    while size:
        end = start + size * _NODE
        levels.append([nodes[at : at + _NODE] for at in range(start, end, _NODE)])
        start, size = end, size // 2
    return tuple(levels)


def _problem(error: StatementRefusedError) -> str:
    return LedgerAheadError.code if error.code == "STATUS_VERSION" else error.code


def _note(db: Database, problem: str | None, *, now: int) -> None:
    before = state(db)
    if problem is None and before.problem is None:
        return
    attempts = 0 if problem is None else before.attempts + 1
    pause = min(FIRST_PAUSE_SECONDS << min(max(attempts - 1, 0), 10), LONGEST_PAUSE_SECONDS)
    noted = {
        "problem": problem,
        "attempts": attempts,
        "nextAttemptAt": 0 if problem is None else now + pause,
    }
    with transaction(db):
        store.save_preference(db, _STATE, json.dumps(noted))
