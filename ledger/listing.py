"""What the ledger holds, as plain JSON values to read: registry, proposals, agreements, statements.

A listing is unproved: it is for pages and for finding one's way. Who decides something by it asks for the
state with proof. Keys and digests are hexadecimal, times integer seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crypto.keys import PublicKey
from crypto.multibase import base64url_encode
from ledger.core import agreements as agreement_actions
from ledger.core import blocks, governance, mentions
from ledger.core.actions import asks_two_thirds
from ledger.core.reading import Reader
from ledger.dry_runs import read_dry_run
from ledger.proposals import EXPIRED, votes_needed
from ledger.registry import proposal_key
from ledger.statements import parse_statement

MAX_LISTED = 200


def registry(reader: Reader) -> dict[str, Any]:
    """Return members, issuers with their grants, and wallets."""
    signers = reader.value("signers")
    return {
        "members": [
            _member(key[1], value, signs=key[1] in signers)
            for key, value in reader.values("member", length=2)
        ],
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


def proposals(
    reader: Reader, *, now: int, limit: int = MAX_LISTED, before: int | None = None
) -> list[dict[str, Any]]:
    """Return the newest proposals, newest first, with their votes and how many more each needs.

    Args:
        reader: One committed state of the ledger.
        now: The current time in integer seconds: a proposal that is open beyond its end reads ``expired``.
        limit: How many at most.
        before: Only those whose log entry has a smaller index: where the page before ended.
    """
    start = reader.head().size if before is None else before
    positions = reader.store.newest_mentions(mentions.PROPOSALS, before=start, limit=limit)
    return [_proposal(reader, each, value, now) for each, value in _made_at(reader, positions)]


def open_proposals(reader: Reader, *, now: int) -> list[dict[str, Any]]:
    """Return the proposals that may be voted on, in the order of the log."""
    ids = reader.value("open") or []
    listed = [_proposal(reader, each, reader.value(*proposal_key(each)), now) for each in ids]
    return [proposal for proposal in listed if proposal["status"] == governance.OPEN]


def proposal(reader: Reader, proposal_id: bytes, *, now: int) -> dict[str, Any] | None:
    """Return one proposal with its votes entry by entry, or None."""
    value = reader.value(*proposal_key(proposal_id))
    if value is None:
        return None
    return {**_proposal(reader, proposal_id, value, now), **_ballots(reader, proposal_id, value)}


def agreements(reader: Reader) -> list[dict[str, Any]]:
    """Return the version of each agreement that started last, with the number of the first one."""
    return [
        {"id": key[1], **_version(value), "first": _versions(reader, key[1], value)[0]["version"]}
        for key, value in reader.values("agreement", length=2)
    ]


def agreement_history(reader: Reader, agreement_id: str, *, now: int) -> dict[str, Any] | None:
    """Return every version of an agreement with the proposals and votes behind it, or None.

    ``proposal`` of a version, and ``ending``, name who proposed it, when it was decided, and each vote with
    its log entry; ``pending`` are the proposals about it that are open or wait for their effect.
    """
    record = reader.value("agreement", agreement_id)
    if record is None:
        return None
    positions = reader.store.mentions(mentions.about_agreement(agreement_id))
    about = [
        {**_proposal(reader, each, value, now), **_ballots(reader, each, value)}
        for each, value in _made_at(reader, positions)
    ]
    done = [item for item in about if item["status"] == governance.DONE]
    by_version = {item["about"].get("version"): item for item in done}
    versions = [
        {**version, "signers": version["parties"], "proposal": by_version.get(version["version"])}
        for version in _versions(reader, agreement_id, record)
    ]
    return {
        "id": agreement_id,
        "versions": versions,
        "ending": next((item for item in done if item["action"] == "agreement.end"), None),
        "pending": [item for item in about if item["status"] in {governance.OPEN, governance.ENACTED}],
    }


def named_digests(reader: Reader) -> set[bytes]:
    """Return the digests of documents that an agreement, or a proposal to start or amend one, names."""
    started = {value["digest"] for _, value in reader.values("agreement", length=3)}
    proposed = {
        value["action"][1]["digest"]
        for _, value in reader.values("proposal", length=2)
        if value["action"][0] in agreement_actions.SIGNED
    }
    return started | proposed


def dry_runs(reader: Reader, digest: bytes) -> list[dict[str, Any]]:
    """Return what issuers counted for an agreement: the signed bytes, and the same to read."""
    return [
        {"did": did, "signed": base64url_encode(body), **_counts(body)}
        for did, body in reader.store.dry_runs(digest)
    ]


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


def _member(did: str, value: Mapping[str, Any], *, signs: bool) -> dict[str, Any]:
    return {
        "did": did,
        "names": value["names"],
        "creditCode": value["code"],
        "roles": value["roles"],
        "types": value["types"],
        "since": value["since"],
        "signer": signs,
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
    two_thirds = asks_two_thirds(name, body, signers=reader.value("signers"))
    status = value["status"]
    if status == governance.OPEN and now >= value["expires"]:
        status = EXPIRED
    needed = votes_needed(members, two_thirds=two_thirds)
    return {
        "id": proposal_id.hex(),
        "index": value["index"],
        "proposer": value["proposer"],
        "action": name,
        "about": about(name, body),
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


def _made_at(reader: Reader, positions: Iterable[int]) -> Iterator[tuple[bytes, Any]]:
    """Return id and state of the proposals that the statements at some positions made."""
    for position in positions:
        proposal_id = parse_statement(reader.entry(position)).proposal_id
        yield proposal_id, reader.value(*proposal_key(proposal_id))


def _ballots(reader: Reader, proposal_id: bytes, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the votes that count with their entries, and how many members there were at the last of them.

    A vote of a member that left was dropped, and one that came back votes anew: its last entry counts.
    """
    counted = {**dict.fromkeys(value["yes"], True), **dict.fromkeys(value["no"], False)}
    found: dict[str, dict[str, Any]] = {}
    size = None
    for position in reader.store.mentions(mentions.about_proposal(proposal_id)):
        voter = parse_statement(reader.entry(position)).issuer
        if voter in counted:
            block = reader.own_block(position)
            found[voter] = {"did": voter, "yes": counted[voter], "index": position, "time": block.time}
            size = block.size
    then = None if size is None else reader.past_value("members", size=size)
    ballots = sorted(found.values(), key=lambda ballot: ballot["index"])
    return {"ballots": ballots, "membersThen": None if then is None else len(then)}


def _versions(reader: Reader, agreement_id: str, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the versions of an agreement, oldest first: they follow one another without a gap."""
    found = []
    version = record["version"]
    while (value := reader.value("agreement", agreement_id, version)) is not None:
        found.append(_version(value))
        version -= 1
    return found[::-1]


def _version(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": value["version"],
        "digest": value["digest"].hex(),
        "parties": value["parties"],
        "started": value["started"],
        "ended": value["ended"],
    }


def _counts(body: bytes) -> dict[str, Any]:
    run = read_dry_run(body)
    return {
        "from": run.start,
        "until": run.end,
        "certificates": run.certificates,
        "accepted": run.accepted,
        "rules": dict(run.rules),
    }


def about(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a proposal is about, without keys and signatures."""
    if name == "admit":
        member = body["member"]
        return {key: member[key] for key in ("did", "names", "roles", "types")}
    hidden = {"governance", "submission", "possession", "signatures", "key"}
    return {key: _plain(key, value) for key, value in body.items() if key not in hidden}


def _plain(name: str, value: Any) -> Any:
    """Return a value as JSON has it: bytes as hexadecimal, a new key as its thumbprint."""
    if isinstance(value, Mapping) and name in {"receipt", "validator", "value"}:
        return PublicKey.from_cose_key(value).thumbprint.hex()
    return value.hex() if isinstance(value, bytes) else value
