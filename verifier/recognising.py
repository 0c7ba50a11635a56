"""Step 11: who recognises a certificate, as what, by which agreement in force, and since when.

The evaluation is ``vc.recognition``'s, the same that wallets and credit banks make. Here its results become
lines for the report: what a body already accepts, and what a student might apply for. Whether anything may
be recognised at all (verdict, period, countersignatures) is looked at before anybody is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crypto import jcs
from ledger.proof.checkpoints import Checkpoint
from vc import recognition
from vc.credentials import CredentialFacts
from vc.recognition import Evaluation, Result
from verifier.evidence import Recognitions
from verifier.verdicts import Verdict

Kind = Literal["noSecondTest", "partOfTest", "equivalence", "credit"]

_ORDER: Mapping[Kind, int] = {"noSecondTest": 0, "equivalence": 1, "partOfTest": 2, "credit": 3}
_EQUIVALENCE, _NO_SECOND_TEST, _WHOLE_TEST = "等级等效", "免于重复认证", "全部"


@dataclass(frozen=True)
class RecognitionLine:
    """What one body says of a certificate by one rule of one agreement.

    Attributes:
        evaluation: What the agreement says as a whole: its name, title, begin and end.
        result: What the rule says in the body's name.
        names: The body's names from the registry, ``zh`` and ``en``.
        digest: SHA-256 of the agreement's JCS form, as the ledger holds it.
        checkpoint: The ledger's head under which the agreement was read, or None.
    """

    evaluation: Evaluation
    result: Result
    names: Mapping[str, str]
    digest: bytes
    checkpoint: Checkpoint | None = None

    @property
    def kind(self) -> Kind:
        """Whether it spares a second test (or a part of one), declares a level equal, or gives credit."""
        if self.result.kind == _EQUIVALENCE:
            return "equivalence"
        if self.result.kind != _NO_SECOND_TEST:
            return "credit"
        # Whoever waives theory or practice alone still tests: that is another promise.
        return "noSecondTest" if self.result.scope in (None, _WHOLE_TEST) else "partOfTest"

    @property
    def party(self) -> str:
        """DID of the body that recognises."""
        return self.result.by or ""


def lines(
    facts: CredentialFacts, known: Recognitions, *, verdict: Verdict, anchored: bool, at: datetime
) -> tuple[RecognitionLine, ...]:
    """Return who recognises a certificate that is valid, complete and within its period.

    Args:
        facts: What it states.
        known: The agreements with their state, and who is a member.
        verdict: What the other steps came to.
        anchored: Whether its own receipt checked.
        at: The moment.

    Returns:
        What spares a test first, what may be applied for last.
    """
    # Who reads this page holds nothing: credit is said to be open to application, and the credit bank asks
    # for the proof of possession when the holder applies.
    source = recognition.source_from(
        facts,
        verdict="valid" if verdict is Verdict.VALID else "note",
        anchored=anchored,
        possession=True,
        complete=True,
    )
    agreements = known.agreements if known.prepared is None else known.prepared
    evaluations = recognition.recognise(source, agreements, members=known.members, at=at, names=known.names)
    found = [line for evaluation in evaluations for line in _of(evaluation, known)]
    return tuple(sorted(found, key=lambda line: _ORDER[line.kind]))


def waiving(found: Sequence[RecognitionLine]) -> tuple[RecognitionLine, ...]:
    """Return the lines of bodies that ask for no second test at all."""
    return tuple(line for line in found if line.kind == "noSecondTest")


def _of(evaluation: Evaluation, known: Recognitions) -> list[RecognitionLine]:
    if evaluation.agreement is None or not evaluation.recognising:
        return []
    digest = known.digests.get((evaluation.agreement_id, evaluation.version))
    if digest is None:
        digest = jcs.digest(dict(evaluation.agreement.document))
    return [
        RecognitionLine(
            evaluation=evaluation,
            result=result,
            names=known.names.get(result.by or "", {}),
            digest=digest,
            checkpoint=known.checkpoint,
        )
        for result in evaluation.recognising
    ]
