"""How the client reads proposals, histories and dry runs: found by listings, taken from proofs.

Functions of ``ledger.client.LedgerClient``, which says what each returns.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from crypto.errors import CryptoError
from crypto.multibase import base64url_decode
from ledger.dry_runs import MAX_BYTES, DryRun, DryRunError, verify_dry_run
from ledger.proof.verify import Snapshot
from ledger.proposals import DONE, ENACTED, AgreementHistory, Ballot, Proposal, VersionHistory
from ledger.registry import (
    AgreementRecord,
    StateKey,
    agreement_key,
    due_key,
    issuer_key,
    members_key,
    open_key,
    proposal_key,
    signers_key,
)
from ledger.transport import StatementRefusedError

if TYPE_CHECKING:
    from ledger.client import LedgerClient

logger = logging.getLogger(__name__)

_KEYS_AT_ONCE = 400
_MOST_VERSIONS = 1000

T = TypeVar("T")


def proposals(client: LedgerClient, *, now: int, limit: int, before: int | None) -> list[Proposal]:
    """Return what is open or due as the state has it, and the newest others as the node finds them."""
    # Whoever has just proposed or voted looks at what came of it: nothing remembered is used here.
    snapshot, _ = client.snapshot([open_key(), due_key()], now=now, max_age=0)
    wanted = [*(snapshot.value(open_key()) or []), *(row[2] for row in snapshot.value(due_key()) or [])]
    query = [("limit", str(limit)), *([] if before is None else [("before", str(before))])]
    wanted += _ids(_items(client.listed("/v1/proposals", query), "proposals"))
    found = [
        each for each in _read(client, wanted, now=now).values() if before is None or each.index < before
    ]
    return sorted(found, key=lambda proposal: proposal.index, reverse=True)


def proposal(client: LedgerClient, proposal_id: bytes, *, now: int) -> Proposal | None:
    """Return one proposal, or None where it is proved absent."""
    return _read(client, [proposal_id], now=now).get(proposal_id)


def ballots(client: LedgerClient, proposal_id: bytes) -> tuple[tuple[Ballot, ...], int | None]:
    """Return the votes on a proposal as listed, and how many members there were."""
    return _ballots(client.listed(f"/v1/proposals/{proposal_id.hex()}"))


def agreements(
    client: LedgerClient, *, now: int, max_age: int
) -> list[tuple[AgreementRecord, dict[str, Any]]]:
    """Return the versions that may be in force with their documents, by agreement and version."""
    found: list[tuple[AgreementRecord, dict[str, Any]]] = []
    for records in _records(client, now=now, max_age=max_age).values():
        described: list[tuple[AgreementRecord, dict[str, Any]]] = []
        for record in reversed(records):
            if record.started > now:
                continue
            document = _document(client, record) if record.in_force(now) else None
            if document is None:
                # It may have taken the older versions' place: nobody can tell, so none of them counts.
                break
            described.append((record, document))
        found.extend(reversed(described))
    return found


def agreement_keys(client: LedgerClient, *, now: int) -> list[StateKey]:
    """Return the keys of every agreement's newest version and of its older ones."""
    keys: list[StateKey] = []
    for agreement_id, (first, newest) in _newest(client, now=now, max_age=None).items():
        keys.append(agreement_key(agreement_id))
        keys.extend(agreement_key(agreement_id, version) for version in range(first, newest.version))
    return keys


def versions(client: LedgerClient, agreement_id: str, *, now: int) -> list[AgreementRecord]:
    """Return the records of an agreement's versions, from the newest down to where they begin."""
    snapshot, _ = client.snapshot([agreement_key(agreement_id)], now=now)
    newest = snapshot.agreement(agreement_id)
    if newest is None:
        return []
    # Versions follow one another without a gap, so the first that is proved absent ends them.
    lowest = max(1, newest.version - _MOST_VERSIONS)
    found: list[AgreementRecord] = []
    for chunk in _chunks([agreement_key(agreement_id, v) for v in range(newest.version, lowest - 1, -1)]):
        snapshot, _ = client.snapshot(chunk, now=now)
        for key in chunk:
            version = key[2]
            assert isinstance(version, int)
            record = snapshot.agreement(agreement_id, version)
            if record is None:
                return found[::-1]
            found.append(record)
    return found[::-1]


def agreement_history(client: LedgerClient, agreement_id: str, *, now: int) -> AgreementHistory:
    """Return an agreement's versions with the proposals and votes behind them."""
    listing = client.listed(f"/v1/agreements/{quote(agreement_id, safe=':')}/history")
    listed = {item.get("version"): item for item in _items(listing, "versions")}
    ending, pending = _item(listing.get("ending")), _items(listing, "pending")
    named = [*(_item(item.get("proposal")) for item in listed.values()), ending, *pending]
    proved = _read(client, _ids(named), now=now)
    about = {key: each for key, each in proved.items() if each.body.get("id") == agreement_id}
    snapshot, _ = client.snapshot([agreement_key(agreement_id)], now=now)

    def named_by(item: Mapping[str, Any], *actions: str, version: int | None = None) -> Proposal | None:
        found = about.get(next(iter(_ids([item])), b""))
        fits = found is not None and found.action in actions and found.status == DONE
        return found if fits and found is not None and found.body.get("version") == version else None

    def version_of(record: AgreementRecord) -> VersionHistory:
        item = _item(_item(listed.get(record.version)).get("proposal"))
        by = named_by(item, "agreement.start", "agreement.amend", version=record.version)
        votes, members = _ballots(item) if by is not None else ((), None)
        return VersionHistory(record, by, votes, members)

    return AgreementHistory(
        agreement_id=agreement_id,
        versions=tuple(version_of(record) for record in versions(client, agreement_id, now=now)),
        ending=named_by(ending, "agreement.end"),
        ending_ballots=_ballots(ending)[0],
        pending=tuple(each for each in about.values() if each.is_open or each.status == ENACTED),
        single_operator=snapshot.single_operator,
    )


def dry_runs(client: LedgerClient, digest: bytes, *, now: int) -> list[DryRun]:
    """Return the counts whose signature is of the issuer's present submission key, by DID."""
    listing = client.listed(f"/v1/agreements/{digest.hex()}/dry-runs")
    signed = {
        item["did"]: item["signed"]
        for item in _items(listing, "dryRuns")
        if isinstance(item.get("did"), str) and isinstance(item.get("signed"), str)
    }
    found: list[DryRun] = []
    for chunk in _chunks(sorted(signed)):
        snapshot, _ = client.snapshot([issuer_key(did) for did in chunk], now=now)
        runs = (_checked(client, snapshot, did, signed[did], digest=digest) for did in chunk)
        found.extend(run for run in runs if run is not None)
    return found


def _records(client: LedgerClient, *, now: int, max_age: int) -> dict[str, list[AgreementRecord]]:
    """Return the records of every agreement's versions, oldest first; a gap hides what lies before it."""
    newest = _newest(client, now=now, max_age=max_age)
    older = [
        (agreement_id, version)
        for agreement_id, (first, record) in newest.items()
        for version in range(first, record.version)
    ]
    found: dict[tuple[str, int], AgreementRecord | None] = {}
    for chunk in _chunks(older):
        snapshot, _ = client.snapshot([agreement_key(*each) for each in chunk], now=now, max_age=max_age)
        found |= {each: snapshot.agreement(*each) for each in chunk}
    records: dict[str, list[AgreementRecord]] = {}
    for agreement_id, (first, record) in newest.items():
        listed = [record]
        for version in range(record.version - 1, first - 1, -1):
            before = found[agreement_id, version]
            if before is None:
                break
            listed.append(before)
        records[agreement_id] = listed[::-1]
    return records


def _newest(client: LedgerClient, *, now: int, max_age: int | None) -> dict[str, tuple[int, AgreementRecord]]:
    """Return, by agreement, the oldest version that the node lists and the newest one, which is proved."""
    first: dict[str, int] = {}
    for item in _items(client.listed("/v1/agreements"), "agreements"):
        agreement_id, version = item.get("id"), item.get("first", item.get("version"))
        if isinstance(agreement_id, str) and type(version) is int and version > 0:
            first[agreement_id] = version
    found: dict[str, tuple[int, AgreementRecord]] = {}
    age = {} if max_age is None else {"max_age": max_age}
    for chunk in _chunks(sorted(first)):
        snapshot, _ = client.snapshot([agreement_key(each) for each in chunk], now=now, **age)
        for agreement_id in chunk:
            record = snapshot.agreement(agreement_id)
            if record is not None and first[agreement_id] <= record.version:
                lowest = max(first[agreement_id], record.version - _MOST_VERSIONS)
                found[agreement_id] = (lowest, record)
    return found


def _document(client: LedgerClient, record: AgreementRecord) -> dict[str, Any] | None:
    """Return the document of a version, or None where the node has none that calls itself so."""
    try:
        document = client.document(record.digest)
    except StatementRefusedError:
        document = {}
    if record.describes(document):
        return document
    logger.warning("agreement without document id=%s version=%d", record.agreement_id, record.version)
    return None


def _checked(
    client: LedgerClient, snapshot: Snapshot, did: str, text: str, *, digest: bytes
) -> DryRun | None:
    issuer = snapshot.issuer(did)
    if issuer is None:
        return None
    try:
        data = base64url_decode(text, max_chars=2 * MAX_BYTES)
        return verify_dry_run(
            data, chain_id=client.chain_id, digest=digest, did=did, key=issuer.submission_key
        )
    except (CryptoError, DryRunError):
        # Counts beside the ledger: whoever changed its key since simply counts anew.
        return None


def _read(client: LedgerClient, ids: Iterable[bytes], *, now: int) -> dict[bytes, Proposal]:
    """Return proposals by id from the proved state; an id that is proved absent is left out."""
    found: dict[bytes, Proposal] = {}
    for chunk in _chunks(sorted(set(ids))):
        keys: list[StateKey] = [members_key(), signers_key(), *map(proposal_key, chunk)]
        snapshot, _ = client.snapshot(keys, now=now, max_age=0)
        members, signers = snapshot.value(members_key()) or [], snapshot.value(signers_key()) or []
        for proposal_id in chunk:
            value = snapshot.value(proposal_key(proposal_id))
            if value is not None:
                found[proposal_id] = Proposal.from_value(
                    proposal_id, value, members=members, signers=signers, now=now
                )
    return found


def _ballots(item: Mapping[str, Any]) -> tuple[tuple[Ballot, ...], int | None]:
    """Read the votes of a listed proposal; what is not of the form is left out."""
    found = tuple(
        Ballot(ballot["did"], ballot["yes"], ballot["index"], ballot["time"])
        for ballot in _items(item, "ballots")
        if isinstance(ballot.get("did"), str)
        and type(ballot.get("yes")) is bool
        and type(ballot.get("index")) is int
        and type(ballot.get("time")) is int
    )
    members = item.get("membersThen")
    return found, members if type(members) is int else None


def _ids(items: Iterable[Any]) -> list[bytes]:
    """Return the ids of listed proposals; what is no id is left out."""
    found = []
    for item in items:
        text = item.get("id") if isinstance(item, Mapping) else None
        if isinstance(text, str) and len(text) == 64:
            try:
                found.append(bytes.fromhex(text))
            except ValueError:
                continue
    return found


def _items(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    given = value.get(name)
    return [item for item in given if isinstance(item, Mapping)] if isinstance(given, list) else []


def _item(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _chunks(items: list[T]) -> Iterable[list[T]]:
    for start in range(0, len(items), _KEYS_AT_ONCE):
        yield items[start : start + _KEYS_AT_ONCE]
