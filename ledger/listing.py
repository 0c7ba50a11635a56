"""What the ledger holds, as plain JSON values to read: registry, proposals, agreements, statements.

A listing is unproved: it is for pages and for finding one's way. Who decides something by it asks for the
state with proof. Keys and digests are hexadecimal, times integer seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.core import blocks, governance
from ledger.core.reading import Reader
from ledger.registry import proposal_key
from ledger.statements import parse_statement

EXPIRED = "expired"


def registry(reader: Reader) -> dict[str, Any]:
    """Return members, issuers with their grants, and wallets."""
    return {
        "members": [_member(key[1], value) for key, value in reader.values("member", length=2)],
        "issuers": issuers(reader),
        "wallets": [{"tag": key[1], "url": value["url"]} for key, value in reader.values("wallet", length=2)],
        "endpoints": [{"did": key[1], **value} for key, value in reader.values("endpoint", length=2)],
    }


def issuers(reader: Reader) -> list[dict[str, Any]]:
    """Return the issuers in the order of their numbers, each with every grant that it ever had."""
    grants: dict[str, list[dict[str, Any]]] = {}
    for (_, accreditor, issuer, credential_type), value in reader.values("grant", length=4):
        grant = {
            "type": credential_type,
            "accreditor": accreditor,
            "byVote": accreditor == reader.chain_id,
            "from": value["from"],
            "until": value["until"],
        }
        grants.setdefault(issuer, []).append(grant)
    listed = [_issuer(key[1], value, grants) for key, value in reader.values("issuer", length=2)]
    return sorted(listed, key=lambda issuer: issuer["number"])


def proposals(reader: Reader, *, now: int) -> list[dict[str, Any]]:
    """Return every proposal, newest first, with its votes and how many more it needs.

    Args:
        reader: One committed state of the ledger.
        now: The current time in integer seconds: a proposal that is open beyond its end reads ``expired``.
    """
    listed = [_proposal(reader, key[1], value, now) for key, value in reader.values("proposal", length=2)]
    return sorted(listed, key=lambda proposal: proposal["index"], reverse=True)


def proposal(reader: Reader, proposal_id: bytes, *, now: int) -> dict[str, Any] | None:
    """Return one proposal, or None."""
    value = reader.value(*proposal_key(proposal_id))
    return None if value is None else _proposal(reader, proposal_id, value, now)


def agreements(reader: Reader) -> list[dict[str, Any]]:
    """Return the version of each agreement that started last."""
    return [
        {
            "id": key[1],
            "version": value["version"],
            "digest": value["digest"].hex(),
            "parties": value["parties"],
            "started": value["started"],
            "ended": value["ended"],
        }
        for key, value in reader.values("agreement", length=2)
    ]


def named_digests(reader: Reader) -> set[bytes]:
    """Return the digests of documents that an agreement, or a proposal to start one, names."""
    started = {value["digest"] for _, value in reader.values("agreement", length=3)}
    proposed = {
        value["action"][1]["digest"]
        for _, value in reader.values("proposal", length=2)
        if value["action"][0] == "agreement.start"
    }
    return started | proposed


def last_statements(reader: Reader, *, count: int) -> list[dict[str, Any]]:
    """Return the last statements, newest first: index, kind, who, and the time of the block they came in."""
    size = reader.head().size
    start = max(1, size - 3 * count)
    rows: list[dict[str, Any]] = []
    undated: list[dict[str, Any]] = []
    for index, entry in enumerate(reader.entries(start, size), start):
        if blocks.is_block(entry):
            time = blocks.parse_block(entry).time
            rows += [{**row, "time": time} for row in undated]
            undated = []
        else:
            statement = parse_statement(entry)
            undated.append({"index": index, "kind": statement.kind, "by": statement.issuer})
    return rows[::-1][:count]


def votes_needed(members: int, *, two_thirds: bool = False) -> int:
    """Return the smallest number of yes votes that decides among ``members``.

    Spec: LEDGER.md, section 4.3.
    """
    return next(
        yes
        for yes in range(1, members + 2)
        if governance.enough(yes, members=members, two_thirds=two_thirds) or yes > members
    )


def _member(did: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "did": did,
        "names": value["names"],
        "creditCode": value["code"],
        "roles": value["roles"],
        "types": value["types"],
        "since": value["since"],
        "signer": value["receipt"] is not None,
    }


def _issuer(did: str, value: Mapping[str, Any], grants: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "did": did,
        "number": value["number"],
        "names": value["names"],
        "urls": value["urls"],
        "documentDigest": value["document"].hex(),
        "since": value["since"],
        "closed": value["closed"],
        "grants": grants.get(did, []),
    }


def _proposal(reader: Reader, proposal_id: bytes, value: Mapping[str, Any], now: int) -> dict[str, Any]:
    name, body = value["action"]
    members = len(reader.value("members"))
    removes_signer = name == "remove" and body["member"] in reader.value("signers")
    status = value["status"]
    if status == governance.OPEN and now >= value["expires"]:
        status = EXPIRED
    needed = votes_needed(members, two_thirds=removes_signer)
    return {
        "id": proposal_id.hex(),
        "index": value["index"],
        "proposer": value["proposer"],
        "action": name,
        "about": _about(name, body),
        "opened": value["opened"],
        "expires": value["expires"],
        "status": status,
        "decided": value["decided"],
        "due": value["due"],
        "yes": value["yes"],
        "no": value["no"],
        "members": members,
        "needed": needed,
        "missing": max(0, needed - len(value["yes"])),
    }


def _about(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a proposal is about, without keys and signatures."""
    if name == "admit":
        member = body["member"]
        return {key: member[key] for key in ("did", "names", "roles", "types")}
    hidden = {"governance", "submission", "possession", "signatures", "key"}
    return {
        key: value.hex() if isinstance(value, bytes) else value
        for key, value in body.items()
        if key not in hidden
    }
