"""The ledger: blocks of one statement, a batch of 100,000 leaves, and a receipt checked offline.

The ledger is the embedded engine on disk, with SQLite at ``synchronous=FULL``: a statement is answered once
it is in a block that is committed. Blocks are counted in elapsed time, since the disk's syncs count.
"""

import os
import time

from benchmarks.college import DID, GRADUATION, College
from benchmarks.measuring import duration, folder, show
from crypto import jcs
from issuer import institution
from ledger.engines.embedded import EmbeddedEngine
from ledger.proof.batch import Batch, make_batch
from ledger.proof.bundle import with_batch_path
from ledger.proof.pins import Pin
from ledger.proof.verify import verify_receipt
from ledger.running import ENGINE
from ledger.statements import sign_statement

LEAVES = 100_000
BLOCKS = 100
_ROUNDS = 5


def run() -> None:
    """Measure the three."""
    _batch()
    with folder() as home:
        college = College(home)
        _blocks(college)
        _receipt(college)
        college.close()


def _batch() -> None:
    digests = [os.urandom(32) for _ in range(LEAVES)]
    made: list[Batch] = []

    def build() -> None:
        made[:] = [make_batch(digests, random=os.urandom)]

    duration(f"salt, shuffle, pad and hash a batch of {LEAVES:,}", build, rounds=_ROUNDS)
    places = range(0, LEAVES, 10)
    duration(
        "the path of one of its leaves",
        lambda: [made[0].path(place) for place in places],
        per=len(places),
        rounds=_ROUNDS,
    )


def _anchor(college: College, *, root: bytes, seq: int) -> bytes:
    key = institution.submission_key(college.db, college.parts.secret)
    chain_id = college.node.consortium.chain_id
    return sign_statement("anchor", {"root": root}, seq=seq, issuer=DID, chain_id=chain_id, key=key)


def _blocks(college: College) -> None:
    engine: EmbeddedEngine = college.node.app.extensions[ENGINE]
    rates, seq = [], 0
    for _ in range(_ROUNDS):
        statements = [
            _anchor(college, root=os.urandom(32), seq=seq + place) for place in range(1, BLOCKS + 1)
        ]
        seq += BLOCKS
        start = time.monotonic()
        for statement in statements:
            engine.submit(statement)
        rates.append(BLOCKS / (time.monotonic() - start))
    show(f"anchor statements, each in a block of its own ({BLOCKS} a round)", rates, unit=" /s")


def _receipt(college: College) -> None:
    """Anchor a batch with a digest that is known, and check its receipt as a verifier does."""
    digest = jcs.digest({"form": "of nobody"})
    batch = make_batch([digest], random=os.urandom)
    engine: EmbeddedEngine = college.node.app.extensions[ENGINE]
    index = engine.submit(_anchor(college, root=batch.root, seq=_ROUNDS * BLOCKS + 1))
    bundle = with_batch_path(
        college.node.client("receipt-pins").receipt(index, credential_type=GRADUATION, now=college.node.now),
        salt=batch.salts[0],
        size=batch.size,
        index=batch.order[0],
        path=batch.path(0),
    ).encode()
    pin = Pin.from_genesis(college.node.consortium.genesis)

    def check() -> None:
        for _ in range(20):
            verify_receipt(
                bundle,
                digest=digest,
                issuer_id=DID,
                credential_type=GRADUATION,
                pin=pin,
                now=college.node.now,
            )

    duration(f"check a receipt of {len(bundle):,} bytes from scratch, offline", check, per=20)
