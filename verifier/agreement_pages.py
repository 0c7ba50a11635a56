"""Pages about agreements: the list, and for each its words, versions, votes and proofs. Open to everybody."""

import re
from typing import Any

from flask import Blueprint, Response, render_template, request

from ledger.client import LedgerClient
from verifier import agreements, api
from verifier.errors import NoSuchAgreementError
from web.rate import client_key

blueprint = Blueprint("agreements", __name__)

LOOKS = "120/minute"
"""How often one client may look agreements up: each look asks the ledger."""

_ID = re.compile(r"urn:vocred:agreement:[A-Za-z0-9._-]{1,100}")


@blueprint.get("/agreements")
def listing() -> str:
    """Show the agreements in force, or those that were ended."""
    _limit()
    ended = request.args.get("state") == "ended"
    found = agreements.listing(_ledger(), now=_now(), ended=ended, page=_page())
    return render_template("verifier/agreements.html", listing=found, ended=ended)


@blueprint.get("/agreements/<agreement_id>")
def agreement(agreement_id: str) -> str:
    """Show what an agreement says, who agreed to it, and how it came about."""
    _limit()
    now = api.desk().clock()
    gatherer = api.desk().collaborators.gatherer(now=now)
    found = agreements.agreement(gatherer, _ledger(), _checked(agreement_id), now=int(now.timestamp()))
    return render_template("verifier/agreement.html", agreement=found)


@blueprint.get("/agreements/<agreement_id>/<int:version>.json")
def document(agreement_id: str, version: int) -> Response:
    """Give the very bytes whose digest the members voted on."""
    _limit()
    body = agreements.document(_ledger(), _checked(agreement_id), version, now=_now())
    return _download(body, "application/json", f"{_file_name(agreement_id)}-{version}.json")


@blueprint.get("/agreements/<agreement_id>/proof")
def proof(agreement_id: str) -> Response:
    """Give the ledger's proof of every version's state, to be checked with the consortium's pin."""
    _limit()
    body = agreements.proof(_ledger(), _checked(agreement_id), now=_now())
    return _download(body, "application/cbor", f"{_file_name(agreement_id)}-proof.cbor")


def _checked(agreement_id: str) -> str:
    if not _ID.fullmatch(agreement_id):
        raise NoSuchAgreementError("that is no agreement's id")
    return agreement_id


def _file_name(agreement_id: str) -> str:
    return agreement_id.rpartition(":")[2]


def _download(body: bytes, content_type: str, name: str) -> Response:
    headers: dict[str, Any] = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, content_type=content_type, headers=headers)


def _page() -> int:
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _limit() -> None:
    api.desk().limiter.hit(LOOKS, "agreements", client_key(request.remote_addr))


def _now() -> int:
    return int(api.desk().clock().timestamp())


def _ledger() -> LedgerClient:
    return api.desk().collaborators.ledger
