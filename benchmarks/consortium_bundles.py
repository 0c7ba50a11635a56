"""What a holder keeps from seven signers and a log of a million entries: how long it is, what checking costs.

The log is written on paper: trees, formats and signatures are the real ones, the statements are not. No node
runs.
"""

import hashlib
from dataclasses import replace

from benchmarks.measuring import duration, say, stopwatch
from ledger.proof.batch import make_batch
from ledger.proof.bundle import Bundle
from ledger.proof.verify import verify_receipt
from ledger.registry import grant_key, issuer_key
from ledger.statements import sign_statement
from tests.ledger.paper_log import (
    ACCREDITOR,
    ISSUER,
    T0,
    TYPE,
    Anchored,
    Fixed,
    PaperLog,
    issuer_value,
    make_key,
    make_nodes,
)

SIGNERS = 7
ENTRIES = 1_000_000
KEYS = 100_000
FORMS = 4096


def run() -> None:
    """Write the log, take receipts from it, and check them."""
    with stopwatch() as taken:
        anchored = _write()
    log = anchored.log
    say(f"write {len(log.entries):,} entries and {len(log.state):,} keys", f"{taken[0]:.0f} s elapsed")
    later = anchored.receipt()
    at_once = anchored.receipt(size=anchored.own_size)
    quorum = SIGNERS * 2 // 3 + 1
    for name, bundle in (("taken at once", at_once), ("taken later", later)):
        for count in (SIGNERS, quorum):
            signed = replace(bundle, signatures=bundle.signatures[:count])
            _measure(f"receipt {name}, {count} signatures of {SIGNERS}", signed, anchored)


def _measure(what: str, bundle: Bundle, anchored: Anchored) -> None:
    data = bundle.encode()

    def check() -> None:
        for _ in range(20):
            verify_receipt(
                data,
                digest=anchored.digest,
                issuer_id=ISSUER,
                credential_type=TYPE,
                pin=anchored.log.pin,
                now=anchored.now,
            )

    say(f"{what}, batch of {FORMS:,}", f"{len(data):,} bytes")
    duration("checked from scratch, offline", check, per=20)


def _write() -> Anchored:
    """Write the log so that the anchor is among its last entries."""
    log = PaperLog(make_nodes(SIGNERS))
    for number in range(KEYS):
        log.put(("grant", ACCREDITOR, f"did:web:college{number}.example", TYPE), {"from": T0, "until": None})
    log.put(issuer_key(ISSUER), issuer_value())
    log.put(grant_key(ACCREDITOR, ISSUER, TYPE), {"from": T0, "until": None})
    log.block(*(b"statement %d" % number for number in range(ENTRIES)), time=T0 + 10)
    digests = [hashlib.sha256(b"form %d" % number).digest() for number in range(FORMS)]
    batch = make_batch(digests, random=Fixed(1))
    anchor = sign_statement(
        "anchor", {"root": batch.root}, seq=1, issuer=ISSUER, chain_id=log.chain_id, key=make_key(1)
    )
    index = len(log.entries)
    own = log.block(anchor, time=T0 + 100)
    log.block(b"something else", time=T0 + 200)
    return Anchored(log, batch, digests[0], index, own.size, own.time, T0 + 260)
