"""Who recognises a certificate, over all agreements that are in force."""

from collections.abc import Collection, Iterable
from datetime import datetime

from vc.recognition.evaluating import evaluate
from vc.recognition.model import Account, Agreement, Names, Source
from vc.recognition.preparing import Prepared, prepare
from vc.recognition.results import NOBODY, Evaluation


def recognise(
    source: Source,
    agreements: Iterable[Agreement] | Prepared,
    *,
    members: Collection[str],
    at: datetime,
    account: Account | None = None,
    names: Names = NOBODY,
) -> tuple[Evaluation, ...]:
    """Return what each agreement that is in force and accepts a certificate makes of it.

    Args:
        source: The certificate and what was verified about it.
        agreements: Every version that may be in force, in any order; ``prepare``d where it is asked often.
        members: DIDs of the consortium's members at that moment.
        at: The moment; only whole seconds count.
        account: The learner's account; None: nobody's.
        names: Names for the sentences.

    Returns:
        The evaluations that accept it, in the order of the agreements' ids; a rule in them may still say no.

    Spec: CREDENTIALS.md, section 10.
    """
    prepared = agreements if isinstance(agreements, Prepared) else prepare(agreements)
    moment = at.replace(microsecond=0)
    known = frozenset(members)
    found = (
        evaluate(source, terms, members=known, at=moment, account=account, names=names)
        for terms in prepared.candidates(source.facts, at=moment)
    )
    return tuple(evaluation for evaluation in found if evaluation.accepted)
