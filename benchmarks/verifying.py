"""Certificates verified: the proof alone, and all eleven checks against a real ledger and issuer.

One thread, everything in one process. The certificates were imported, signed and anchored by an issuer of
this product; the verifier has a pin of its own and asks ledger, status list, receipts and DID document
through the product's own gatherer, which remembers whole lists and heads for a few seconds.
"""

from datetime import UTC, datetime

from benchmarks import registers
from benchmarks.college import College
from benchmarks.measuring import folder, rate, say
from crypto.keys import PublicKey
from issuer import institution
from vc import data_integrity
from verifier import opening, verification

COUNT = 100


def run() -> None:
    """Measure both."""
    with folder() as home:
        college = College(home)
        batch_id = college.issue(registers.graduates(COUNT))
        shared = college.verifier()
        now = datetime.fromtimestamp(college.now, UTC)
        opened = [
            opening.open_code(code, gatherer=shared.gatherer(now=now), now=now).document
            for code in college.codes(batch_id, count=COUNT)
        ]
        key = institution.signing_key(college.db, college.parts.secret).private.public

        def resolve(_method: str, _purpose: str) -> PublicKey:
            return key

        def proofs() -> None:
            for document in opened:
                data_integrity.verify(document, resolve=resolve, purpose="assertionMethod", now=now)

        def everything() -> list[verification.Verification]:
            gatherer = shared.gatherer(now=now)
            return [verification.verify(document, evidence=gatherer, now=now) for document in opened]

        verdicts = {found.verdict.value for found in everything()}
        say("verdicts of the certificates", ", ".join(sorted(verdicts)))
        rate("strict check and proof, key at hand", proofs, count=len(opened))
        rate("all checks: receipt, accreditation, status, …", everything, count=len(opened))
        college.close()
