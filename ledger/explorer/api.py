"""Counts over HTTP: an issuer leaves its month here, anybody fetches it, other nodes ask for what is new."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, json, request

from crypto.multibase import base64url_encode
from ledger.core.reading import Reader
from ledger.counts import MAX_BYTES, read_month
from ledger.explorer import asking
from ledger.explorer.kept import Kept
from ledger.running import engine, is_single_operator, now
from web.app import body_limit
from web.errors import NotFoundError, UnsupportedMediaTypeError

COSE = "application/cose"

blueprint = Blueprint("ledger_counts", __name__)


@blueprint.put("/v1/counts/<did>/<month>")
@body_limit(MAX_BYTES)
def put(did: str, month: str) -> Response:
    """Keep an issuer's signed month in place of what it counted before."""
    if request.mimetype != COSE:
        raise UnsupportedMediaTypeError(f"the body has to be {COSE}")
    with engine().reader() as reader:
        new = asking.kept().put(reader, request.get_data(), did=did, month=read_month(month), now=now())
        return _json(reader, {"did": did, "month": month}, status=201 if new else 200)


@blueprint.get("/v1/counts/<did>/<month>")
def get(did: str, month: str) -> Response:
    """Return an issuer's signed month: a COSE_Sign1."""
    found = asking.kept().get(did, read_month(month))
    if found is None:
        raise NotFoundError("this issuer left no counts of that month here")
    with engine().reader() as reader:
        return _labelled(reader, Response(found.signed, content_type=COSE))


@blueprint.get("/v1/counts")
def listed() -> Response:
    """List what was kept after a place in this node's order, a hundred at a time; each proves itself."""
    items = [_item(each) for each in asking.kept().after(asking.number("after") or 0)]
    with engine().reader() as reader:
        return _json(reader, {"counts": items})


def _item(each: Kept) -> dict[str, Any]:
    counts = each.counts
    return {
        "seq": each.seq,
        "did": counts.did,
        "month": counts.month,
        "at": counts.at,
        "signed": base64url_encode(each.signed),
    }


def _labelled(reader: Reader, response: Response) -> Response:
    single = is_single_operator(reader.head_block())
    response.headers["Ledger-Mode"] = "single-operator" if single else "consortium"
    return response


def _json(reader: Reader, value: dict[str, Any], *, status: int = 200) -> Response:
    body = json.dumps({"singleOperator": is_single_operator(reader.head_block()), **value})
    return _labelled(reader, Response(body, status, content_type="application/json"))
