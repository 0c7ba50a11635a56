"""The report to download: it carries the signatures under which it can be checked, years later and offline.

    {"report": "vocred/supervision/1", "chainId", "madeAt", "since", "until", "singleOperator",
     "checkpoint": a checkpoint bundle, base64url, with the links from the first epoch and proofs of each
                   issuer's record and last number, of the members and of the open proposals,
     "issuers": [{"did", "names", "number", "issued", "revoked", "anchoredLate", "anchors", "listVersions",
                  "counts": [{"month", "at", "rows", "signed"}…]}…],
     "months": [{"month", "issued", "revoked", "anchoredLate", "anchors", "listVersions", "votes"}…],
     "votes": [{"id", "action", "yes", "no", "needed", "expires"}…],
     "alarms": […]}

What is proved: the issuers and their keys, the open proposals, and how many statements an issuer ever
submitted, by the quorum that signed the checkpoint; the counts, by the issuers' signatures. Counters of
anchors by month are a count of log entries: whoever has the log counts the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crypto import cbor
from crypto.errors import CryptoError
from crypto.multibase import base64url_decode, base64url_encode
from ledger.core.blocks import FIRST_EPOCH
from ledger.core.reading import Reader
from ledger.counts import Counts, CountsError, Row, verify_counts
from ledger.explorer.kept import Kept
from ledger.explorer.supervising import Supervision
from ledger.proof import assembly
from ledger.proof.assembly import Sign
from ledger.proof.bundle import Bundle
from ledger.proof.errors import ProofMalformedError
from ledger.proof.pins import Pin
from ledger.proof.verify import Snapshot, verify_snapshot
from ledger.registry import SUBMISSION, StateKey, issuer_key, members_key, open_key, seq_key

NAME = "vocred/supervision/1"
MAX_ISSUERS = 400
_MAX_BUNDLE_CHARS = 1024 * 1024


def make_report(
    reader: Reader,
    view: Supervision,
    *,
    sign: Sign,
    size: int,
    kept: Sequence[Kept],
    votes: Sequence[Mapping[str, Any]],
    alarms: Sequence[Mapping[str, Any]],
    now: int,
    single_operator: bool,
) -> dict[str, Any]:
    """Write the report.

    Args:
        reader: One committed state of the ledger.
        view: What the page shows.
        sign: Gives the signatures over a root.
        size: Size of the newest checkpoint that enough members signed.
        kept: The signed counts behind the view.
        votes: The open proposals as listed.
        alarms: What the node warns of.
        now: The current time in integer seconds.
        single_operator: Whether one operator stands behind the newest block.
    """
    issuers = view.issuers[:MAX_ISSUERS]
    keys = [members_key(), open_key()]
    for line in issuers:
        keys += [issuer_key(line.did), seq_key(line.did, SUBMISSION)]
    bundle = assembly.checkpoint(reader, sign=sign, keys=_encoded(keys), size=size, epoch=FIRST_EPOCH)
    return {
        "report": NAME,
        "chainId": reader.chain_id,
        "madeAt": now,
        "since": view.since,
        "until": view.until,
        "singleOperator": single_operator,
        "checkpoint": base64url_encode(bundle.encode()),
        "issuers": [
            {
                "did": line.did,
                "names": dict(line.names),
                **_row(line.total),
                "anchors": line.anchors,
                "listVersions": line.lists,
                "counts": [_counts(each) for each in kept if each.counts.did == line.did],
            }
            for line in issuers
        ],
        "months": [_month(view, month) for month in view.months],
        "votes": [_vote(each) for each in votes],
        "alarms": [dict(alarm) for alarm in alarms],
    }


def check_report(report: Any, *, pin: Pin, now: int) -> tuple[Snapshot, list[Counts]]:
    """Check a report by what it carries.

    Args:
        report: The parsed JSON.
        pin: What the reader knows of the ledger.
        now: The current time in integer seconds.

    Returns:
        The proved registry, and the counts whose signatures verify: all of them.

    Raises:
        ReceiptError: The checkpoint does not check, or the report has not its form.
        CountsError: Counts are not signed by the issuer that the checkpoint proves, or the report adds up
            otherwise than they do.
    """
    try:
        bundle = base64url_decode(report["checkpoint"], max_chars=_MAX_BUNDLE_CHARS)
        snapshot = verify_snapshot(_from_epoch(bundle, pin.epoch), pin=pin, now=now)
        listed = [(issuer["did"], _row_of(issuer), issuer["counts"]) for issuer in report["issuers"]]
        return snapshot, [
            counts for did, total, signed in listed for counts in _checked(snapshot, did, total, signed)
        ]
    except (CryptoError, KeyError, TypeError) as error:
        raise ProofMalformedError("not the form of a supervision report") from error


def _from_epoch(data: bytes, epoch: int) -> bytes:
    """Leave out the links that lead up to an epoch: a report has all of them, its reader needs the rest."""
    bundle = Bundle.decode(data)
    return replace(bundle, links=bundle.links[epoch - FIRST_EPOCH :]).encode()


def _checked(snapshot: Snapshot, did: str, total: Row, signed: Sequence[Any]) -> list[Counts]:
    issuer = snapshot.issuer(did)
    if issuer is None:
        raise CountsError("the registry names no issuer of that DID")
    found = [
        verify_counts(
            base64url_decode(each["signed"], max_chars=_MAX_BUNDLE_CHARS),
            chain_id=snapshot.checkpoint.next_pin.chain_id,
            did=did,
            month=each["month"],
            key=issuer.submission_key,
        )
        for each in signed
    ]
    sums = [_row(counts.total) for counts in found]
    if {name: sum(each[name] for each in sums) for name in _row(total)} != _row(total):
        raise CountsError("the report adds up to something else than the signed counts")
    return found


def _encoded(keys: Sequence[StateKey]) -> list[bytes]:
    return [cbor.encode(key) for key in keys]


def _counts(each: Kept) -> dict[str, Any]:
    return {
        "month": each.counts.month,
        "at": each.counts.at,
        "rows": {name: _row(row) for name, row in each.counts.rows.items()},
        "signed": base64url_encode(each.signed),
    }


def _month(view: Supervision, month: str) -> dict[str, Any]:
    kinds = view.ledger[month]
    return {
        "month": month,
        **_row(view.by_month[month]),
        "anchors": kinds.get("anchor", 0),
        "listVersions": kinds.get("status", 0),
        "votes": kinds.get("vote", 0),
    }


def _vote(item: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("id", "action", "proposer", "opened", "expires", "yes", "no", "needed", "missing")
    return {name: item[name] for name in kept}


def _row(row: Row) -> dict[str, int]:
    return row.to_cbor()


def _row_of(value: Mapping[str, Any]) -> Row:
    return Row(int(value["issued"]), int(value["revoked"]), int(value["anchoredLate"]))
