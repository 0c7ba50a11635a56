"""Evidence and alarms over HTTP: anybody may bring evidence, and everybody may read it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, json, request

from ledger.proof.evidence import MAX_EVIDENCE_BYTES, Evidence
from ledger.running import engine, is_single_operator
from ledger.watching.alarms import Alarms
from ledger.watching.store import Alarm, PeerReport, WatchStore
from web.app import body_limit
from web.errors import NotFoundError, UnsupportedMediaTypeError
from web.rate import RateLimiter, client_key

STORE = "ledger_watch_store"
TAKING = "ledger_watch_alarms"
"""Both lie there as functions: a node makes ``watch.db`` when it is first needed."""

LIMITER = "ledger_watch_limiter"

CBOR = "application/cbor"
RULE = "20/minute"
"""How much evidence one client may bring: checking it costs hashes and signatures."""

blueprint = Blueprint("ledger_watching", __name__)


@blueprint.post("/v1/evidence")
@body_limit(MAX_EVIDENCE_BYTES)
def bring() -> Response:
    """Take evidence of two histories, if it checks; the same bytes again change nothing."""
    limiter: RateLimiter = current_app.extensions[LIMITER]
    limiter.hit(RULE, "evidence", client_key(request.remote_addr))
    if request.mimetype != CBOR:
        raise UnsupportedMediaTypeError(f"the body has to be {CBOR}")
    found, new = _taking().take(request.get_data())
    return _json({"id": found.digest.hex(), "new": new}, status=201 if new else 200)


@blueprint.get("/v1/evidence")
def listed() -> Response:
    """List the evidence that is kept here."""
    rows = _store().all_evidence()
    return _json({"evidence": [_described(*row) for row in rows]})


@blueprint.get("/v1/evidence/<identifier>")
def one(identifier: str) -> Response:
    """Return a piece of evidence: anybody who knows the signers can check it."""
    try:
        body = _store().evidence(bytes.fromhex(identifier))
    except ValueError:
        body = None
    if body is None:
        raise NotFoundError("no evidence of that name is kept here")
    return Response(body, content_type=CBOR)


@blueprint.get("/v1/alarms")
def alarms() -> Response:
    """List what the members have to look at, and what the other members' nodes last showed."""
    store = _store()
    return _json(
        {
            "alarms": [alarm_value(alarm) for alarm in store.alarms()],
            "peers": [_peer_value(peer) for peer in store.peers()],
        }
    )


def alarm_value(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm as it stands in answers."""
    members = alarm.members.split()
    return {
        "kind": alarm.kind,
        "member": members[0] if len(members) == 1 else None,
        "members": members,
        "since": alarm.since,
        "seen": alarm.seen,
        "detail": alarm.detail,
        "evidence": None if alarm.evidence is None else alarm.evidence.hex(),
    }


def _peer_value(peer: PeerReport) -> dict[str, Any]:
    return {
        "member": peer.member,
        "url": peer.url,
        "size": peer.size,
        "time": peer.time,
        "agrees": peer.agrees,
        "tried": peer.tried,
        "seen": peer.seen,
        "error": peer.error,
    }


def _described(identifier: bytes, body: bytes, received: int) -> dict[str, Any]:
    found = Evidence.decode(body)
    shown = _taking().check(found)
    return {
        "id": identifier.hex(),
        "sizes": [shown.first.size, shown.second.size],
        "doubleSigners": list(shown.double_signers),
        "signers": list(shown.signers),
        "received": received,
    }


def _store() -> WatchStore:
    found: WatchStore = current_app.extensions[STORE]()
    return found


def _taking() -> Alarms:
    found: Alarms = current_app.extensions[TAKING]()
    return found


def _json(value: dict[str, Any], *, status: int = 200) -> Response:
    with engine().reader() as reader:
        single = is_single_operator(reader.head_block())
    answer = Response(
        json.dumps({"singleOperator": single, **value}), status, content_type="application/json"
    )
    answer.headers["Ledger-Mode"] = "single-operator" if single else "consortium"
    return answer
