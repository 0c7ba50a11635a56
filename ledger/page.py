"""The node's read-only page: who belongs, who may issue what, what is in force, what is voted on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from crypto import cbor, strict_json
from crypto.multibase import base64url_encode
from ledger import listing, wording
from ledger.core import governance
from ledger.core.actions import asks_two_thirds
from ledger.core.reading import Reader
from ledger.registry import agreement_key
from ledger.running import engine, is_single_operator, now
from web.errors import NotFoundError
from web.i18n import pick

ENTRIES = 12
DECIDED = 10

blueprint = Blueprint("ledger_page", __name__)


@blueprint.get("/")
def registry() -> str:
    """Show the register of the consortium as of the newest block."""
    at = now()
    with engine().reader() as reader:
        names = names_of(reader)
        listed = listing.proposals(reader, now=at)
        head = reader.head()
        return render_template(
            "ledger/registry.html",
            now=at,
            single_operator=is_single_operator(reader.head_block()),
            chain_id=reader.chain_id,
            size=head.size,
            root=head.root.hex(),
            time=head.time,
            names=names,
            registry=listing.registry(reader),
            agreements=[_agreement(reader, item, at=at) for item in listing.agreements(reader)],
            open_votes=voted(reader, now=at),
            decided=[_voted(reader, item, names) for item in listed if item["status"] != governance.OPEN][
                :DECIDED
            ],
            entries=listing.last_statements(reader, count=ENTRIES),
            on_day=wording.on_day,
            kinds=wording.kinds(),
        )


@blueprint.get("/agreements/<agreement_id>")
def agreement(agreement_id: str) -> str:
    """Show an agreement with every version, who signed it, and the votes behind it."""
    at = now()
    with engine().reader() as reader:
        history = listing.agreement_history(reader, agreement_id, now=at)
        if history is None:
            raise NotFoundError("no agreement of that id was ever in force")
        names = names_of(reader)
        digests = {version["digest"]: bytes.fromhex(version["digest"]) for version in history["versions"]}
        newest = history["versions"][-1]
        return render_template(
            "ledger/agreement.html",
            now=at,
            single_operator=is_single_operator(reader.head_block()),
            names=names,
            history=history,
            title=_title(reader, newest["digest"]),
            ended=newest["ended"],
            pending=[_voted(reader, item, names) for item in history["pending"]],
            kept={text: reader.document(digest) is not None for text, digest in digests.items()},
            dry_runs={text: listing.dry_runs(reader, digest) for text, digest in digests.items()},
            state_key=_state_key,
            on_day=wording.on_day,
        )


def names_of(reader: Reader) -> dict[str, str]:
    """Return the name of every member and issuer in the page's language, by DID."""
    named = [*reader.values("issuer", length=2), *reader.values("member", length=2)]
    return {key[1]: pick(value["names"]) for key, value in named}


def voted(reader: Reader, *, now: int) -> list[dict[str, Any]]:
    """Return the proposals that may be voted on, each with the question in one sentence, newest first."""
    names = names_of(reader)
    return [_voted(reader, item, names) for item in reversed(listing.open_proposals(reader, now=now))]


def _agreement(reader: Reader, item: dict[str, Any], *, at: int) -> dict[str, Any]:
    """Return an agreement with its title, if its document is kept here."""
    in_force = item["started"] <= at and item["ended"] is None
    return {**item, "title": _title(reader, item["digest"]), "in_force": in_force}


def _title(reader: Reader, digest: str) -> str:
    """Return the title in the document with a digest, or nothing where it is not kept here."""
    document = reader.document(bytes.fromhex(digest))
    found = strict_json.parse(document) if document is not None else None
    title = found.get("title") if isinstance(found, dict) else None
    if not isinstance(title, dict) or not all(isinstance(text, str) for text in title.values()):
        return ""
    return pick(title)


def _state_key(agreement_id: str, version: int) -> str:
    """Return how the proof of a version's record is asked for."""
    return base64url_encode(cbor.encode(agreement_key(agreement_id, version)))


def _voted(reader: Reader, item: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a proposal with the question in one sentence, the place of its line, and which line it takes."""
    count = len(item["yes"])
    signers = reader.value("signers")
    return {
        **item,
        "question": wording.question(item["action"], item["about"], names),
        "state": wording.states().get(item["status"], item["status"]),
        "percent": 100 * count // item["members"],
        "two_thirds": asks_two_thirds(item["action"], item["about"], signers=signers),
    }
